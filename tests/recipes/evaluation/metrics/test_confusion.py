import numpy as np
import pytest

from recipes.evaluation.metrics.confusion import Judged, confusion
from recipes.evaluation.metrics.detection import Evaluator
from recipes.evaluation.metrics.segmentation import Evaluator as OfPixels

CAT, DOG = 0, 1
A, B, C = [0, 0, 40, 40], [100, 0, 140, 40], [200, 0, 208, 8]


def objects(boxes, labels, **others):
    return {"boxes": np.array(boxes, "float32").reshape(-1, 4), "labels": np.array(labels, int), **others}


def detections(boxes, labels, scores):
    return {**objects(boxes, labels), "scores": np.array(scores, "float32")}


def test_classes_are_confused_by_hand():
    """A is found, B taken for a cat, C missed; a second box on A and one on nothing are background."""
    truth = objects([A, B, C], [CAT, DOG, DOG])
    found = detections([A, B, A, [300, 0, 340, 40], C], [CAT, CAT, CAT, DOG, DOG], [0.9, 0.8, 0.7, 0.6, 0.1])
    judged = Judged.of(truth, found, np.array([0.5, 0.5]))
    assert confusion([judged], 2).tolist() == [[1, 0, 0], [1, 0, 1], [1, 1, 0]]
    assert judged.found.tolist() == [True, False, False] and judged.areas.tolist() == [1600, 1600, 64]
    assert confusion([judged, judged], 2).sum() == 10 and confusion([], 2).sum() == 0


def test_ones_own_class_comes_first_though_another_lies_closer():
    truth, found = objects([A], [CAT]), detections([A, [0, 0, 40, 30]], [DOG, CAT], [0.9, 0.8])
    assert confusion([Judged.of(truth, found, np.zeros(2))], 2).tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_ignored_objects_are_no_row():
    truth = objects([A, B], [CAT, CAT], ignored=np.array([True, False]), areas=np.array([9.0, 16.0]))
    judged = Judged.of(truth, detections([A], [CAT], [0.9]), np.zeros(1))
    assert confusion([judged], 1).tolist() == [[0, 1], [0, 0]] and judged.areas.tolist() == [16]


@pytest.mark.parametrize("truth", [objects([], []), objects([A], [CAT])])
def test_nothing_found(truth):
    judged = Judged.of(truth, detections([], [], []), np.zeros(2))
    assert confusion([judged], 2)[:, :2].sum() == 0 and confusion([judged], 2)[CAT, 2] == len(truth["labels"])


def test_the_best_score_of_a_class_is_where_its_f1_is_best():
    """Cats: right at 0.9 and 0.6, wrong at 0.3, of three: F1 of two of two, 4 / 5, from above 0.3 on."""
    evaluator = Evaluator(["cat", "dog", "cow"])
    evaluator.update(
        detections([A, B, [300, 0, 340, 40]], [CAT, CAT, CAT], [0.9, 0.6, 0.3]),
        objects([A, B, C, C], [CAT, CAT, CAT, DOG]),
    )
    scores = evaluator.scores()
    assert scores["f1/cat"] == pytest.approx(4 / 5) and scores["best_score/cat"] == pytest.approx(0.45)
    assert scores["f1/dog"] == 0 and scores["best_score/dog"] is None and scores["f1/cow"] is None
    curves = {curve["title"]: curve for curve in evaluator.curves()}
    xs, ys = curves["F1 at IoU 0.5"]["lines"]["cat"]
    assert ys[xs.index(0.5)] == pytest.approx(4 / 5) and ys[0] == pytest.approx(4 / 6) and ys[-1] == 0
    assert list(curves["F1 at IoU 0.5"]["lines"]) == ["cat", "dog", "mean"]
    confused, sizes = evaluator.charts()
    assert confused["matrix"] == [[2, 0, 1], [0, 0, 1], [0, 0, 0]] and confused["rows"] == [
        "cat",
        "dog",
        "background",
    ]
    assert sizes["bars"] == {"found": [0, 0, 2, 0, 0, 0, 0], "missed": [2, 0, 0, 0, 0, 0, 0]}


def test_equal_scores_are_not_parted():
    evaluator = Evaluator(["cat"])
    evaluator.update(detections([A, [300, 0, 340, 40]], [CAT, CAT], [0.5, 0.5]), objects([A], [CAT]))
    assert evaluator.scores()["f1/cat"] == pytest.approx(2 / 3)
    assert evaluator.scores()["best_score/cat"] == pytest.approx(0.25)


def test_without_a_picture_there_is_nothing_to_draw():
    assert [chart.get("matrix") for chart in Evaluator(["cat"]).charts()] == [[], None]
    assert OfPixels(["cat"]).charts() == []


def test_pixels_are_confused():
    evaluator = OfPixels(["sky", "road", "cow"])
    evaluator.update({"logits": np.eye(3)[[[0, 1], [1, 1]]]}, {"segmentation": np.array([[0, 0], [1, 255]])})
    (chart,) = evaluator.charts()
    assert chart["matrix"] == [[1, 1], [0, 1]] and chart["rows"] == ["sky", "road"]
