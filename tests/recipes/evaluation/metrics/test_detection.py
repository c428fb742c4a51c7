import numpy as np
import pytest

from recipes.evaluation.metrics.detection import Evaluator

FAR = [500, 500, 540, 540]


def objects(boxes, labels=None, **others):
    boxes = np.array(boxes, "float32").reshape(-1, 4)
    return {"boxes": boxes, "labels": np.zeros(len(boxes), "int32") if labels is None else np.array(labels), **others}


def detections(boxes, scores, labels=None):
    return {**objects(boxes, labels), "scores": np.array(scores, "float32")}


def test_scores_order_across_pictures():
    """A wrong detection in another picture stands before the right one: precision 1/2 at recall 1."""
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([[0, 0, 40, 40]], [0.5]), objects([[0, 0, 40, 40]]))
    evaluator.update(detections([FAR], [0.9]), objects([]))
    scores = evaluator.scores()
    for name in ("ap", "ap50", "ap75", "ap_medium", "voc_ap50", "voc_ap50_11", "ap50/cell", "ap/cell"):
        assert scores[name] == pytest.approx(0.5), name
    assert scores["ar100"] == 1 and scores["ap_small"] is None and scores["ap_large"] is None


def test_ap_over_thresholds_by_hand():
    """An overlap of 0.72 is a hit at 0.50, 0.55, 0.60, 0.65 and 0.70: five of ten thresholds."""
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([[0, 0, 100, 72]], [0.9]), objects([[0, 0, 100, 100]]))
    scores = evaluator.scores()
    assert scores["ap"] == pytest.approx(0.5) and scores["ap50"] == 1 and scores["ap75"] == 0
    sizes = ("small", "medium", "large")
    recalls = ("ar1", "ar10", "ar100", *(f"ar_{size}" for size in sizes))
    overall = ["ap", "ap50", "ap75", *(f"ap_{size}" for size in sizes), *recalls, "voc_ap50", "voc_ap50_11"]
    assert list(scores)[: len(overall)] == overall


@pytest.mark.parametrize("found", [[], [[0, 0, 40, 40]]])
def test_ignored_objects_are_neither_right_nor_wrong(found):
    truth = objects([[0, 0, 40, 40], [100, 0, 140, 40]], ignored=np.array([True, False]))
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([*found, [100, 0, 140, 40]], np.linspace(0.9, 0.8, len(found) + 1)), truth)
    scores = evaluator.scores()
    assert scores["ap"] == scores["voc_ap50"] == scores["ar100"] == 1


def test_difficult_objects_overlap_as_others_do():
    """What finds one again and again is not counted; what is far smaller is wrong, though it lies within."""
    truth = objects([[0, 0, 40, 40], [100, 0, 140, 40]], ignored=np.array([True, False]))
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([[0, 0, 40, 40], [0, 0, 40, 39], [100, 0, 140, 40]], [0.9, 0.8, 0.7]), truth)
    scores = evaluator.scores()
    assert scores["ap"] == scores["voc_ap50"] == 1
    evaluator.update(detections([[0, 0, 10, 10]], [0.95]), {**truth, "ignored": np.array([True, True])})
    scores = evaluator.scores()
    assert scores["ap"] == scores["voc_ap50"] == 0.5


def test_what_lies_in_a_crowd_is_not_counted():
    """0.92 of a detection lie in the crowd: enough at nine of ten thresholds of COCO, and at VOC's."""
    both = {"ignored": np.array([True, False]), "crowds": np.array([True, False])}
    truth = objects([[0, 0, 100, 100], [200, 0, 240, 40]], **both)
    evaluator = Evaluator(["cell"])
    found = [[-0.8, 0, 9.2, 10], [50, 50, 60, 60], [200, 0, 240, 40], [200, 0, 240, 39]]
    evaluator.update(detections(found, [0.9, 0.8, 0.7, 0.6]), truth)
    scores = evaluator.scores()
    assert scores["ap"] == pytest.approx(0.95) and scores["voc_ap50"] == scores["ap50"] == scores["ar100"] == 1


def test_given_areas_decide_which_size_an_object_has():
    evaluator = Evaluator(["cell"])
    truth = objects([[0, 0, 40, 40]], areas=np.array([900.0], "float32"))
    evaluator.update(detections([[0, 0, 40, 40]], [0.9]), truth)
    scores = evaluator.scores()
    assert scores["ap_small"] == 1 and scores["ap_medium"] is None
    truth["areas"][0] = np.nan  # none is stated: its box's
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([[0, 0, 40, 40]], [0.9]), truth)
    assert evaluator.scores()["ap_small"] is None and evaluator.scores()["ap_medium"] == 1


def test_empty_rows_and_their_order_do_not_matter():
    one, other = Evaluator(["cell", "dot"]), Evaluator(["cell", "dot"])
    truth = objects([[0, 0, 40, 40], [50, 50, 90, 90]], [1, 0])
    one.update(detections([[50, 50, 90, 90], [0, 0, 40, 40], FAR], [0.9, 0.8, 0.7], [0, 1, 0]), truth)
    padded = detections([FAR, [0, 0, 0, 0], [0, 0, 40, 40], [50, 50, 90, 90]], [0.7, 0, 0.8, 0.9], [0, -1, 1, 0])
    other.update(padded, truth)
    assert one.scores() == other.scores()


def test_a_class_without_objects_has_no_value():
    evaluator = Evaluator(["cell", "dot"])
    evaluator.update(detections([[0, 0, 40, 40]], [0.9], [1]), objects([[0, 0, 40, 40]], [0]))
    scores = evaluator.scores()
    assert scores["ap50/dot"] is None and scores["ap50/cell"] == scores["voc_ap50"] == 0


@pytest.mark.parametrize("pictures", [0, 1])
def test_nothing_to_find(pictures):
    evaluator = Evaluator(["cell"])
    for _ in range(pictures):
        evaluator.update(detections([FAR], [0.9]), objects([]))
    assert set(evaluator.scores().values()) == {None}


def test_detections_that_are_missing_altogether():
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([], []), objects([[0, 0, 40, 40]]))
    scores = evaluator.scores()
    assert scores["ap"] == scores["voc_ap50"] == scores["ar100"] == 0


def test_evaluation_is_quiet(capfd):
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([[0, 0, 40, 40]], [0.9]), objects([[0, 0, 40, 40]]))
    evaluator.scores()
    assert capfd.readouterr() == ("", "")
