import contextlib
import io

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
    assert list(scores)[:9] == [
        *("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar100", "voc_ap50", "voc_ap50_11")
    ]


@pytest.mark.parametrize("found", [[], [[0, 0, 40, 40]]])
def test_ignored_objects_are_neither_right_nor_wrong(found):
    truth = objects([[0, 0, 40, 40], [100, 0, 140, 40]], ignored=np.array([True, False]))
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([*found, [100, 0, 140, 40]], np.linspace(0.9, 0.8, len(found) + 1)), truth)
    scores = evaluator.scores()
    assert scores["ap"] == scores["voc_ap50"] == scores["ar100"] == 1


def test_given_areas_decide_which_size_an_object_has():
    evaluator = Evaluator(["cell"])
    truth = objects([[0, 0, 40, 40]], areas=np.array([900.0], "float32"))
    evaluator.update(detections([[0, 0, 40, 40]], [0.9]), truth)
    scores = evaluator.scores()
    assert scores["ap_small"] == 1 and scores["ap_medium"] is None


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


def noisy_pictures(count, num_classes, rng):
    """Yields pictures whose detections are noisy copies of the objects, some with another label, and some of air."""
    for _ in range(count):
        corners, sides = rng.uniform(0, 300, (8, 2)), rng.uniform(8, 150, (8, 2))
        truth = objects(np.hstack([corners, corners + sides]), rng.integers(0, num_classes, 8))
        truth["ignored"] = rng.random(8) < 0.2
        boxes = np.vstack([truth["boxes"] + rng.normal(0, 6, (8, 4)), truth["boxes"] + rng.normal(0, 25, (8, 4))])
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        labels = np.where(rng.random(16) < 0.8, np.tile(truth["labels"], 2), rng.integers(0, num_classes, 16))
        yield detections(boxes, rng.random(16), labels), truth


def test_coco_figures_equal_those_of_pycocotools():
    coco, cocoeval = pytest.importorskip("pycocotools.coco"), pytest.importorskip("pycocotools.cocoeval")
    evaluator = Evaluator("abc")
    pictures = list(noisy_pictures(12, 3, np.random.default_rng(0)))
    for prediction, example in pictures:
        evaluator.update(prediction, example)

    def rows(index):
        found = []
        for i, picture in enumerate(pictures):
            one = picture[index]
            for j, (x1, y1, x2, y2) in enumerate(one["boxes"].astype(float).tolist()):
                row = {"id": len(found) + 1, "image_id": i, "category_id": int(one["labels"][j])}
                row |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
                row |= {"iscrowd": int(one["ignored"][j])} if index else {"score": float(one["scores"][j])}
                found.append(row)
        return found

    dataset = {"images": [{"id": i} for i in range(12)], "categories": [{"id": i} for i in range(3)]}
    with contextlib.redirect_stdout(io.StringIO()):
        truth, found = coco.COCO(), coco.COCO()
        truth.dataset, found.dataset = ({**dataset, "annotations": rows(index)} for index in (1, 0))
        truth.createIndex()
        found.createIndex()
        reference = cocoeval.COCOeval(truth, found, "bbox")
        reference.evaluate()
        reference.accumulate()
        reference.summarize()
    scores = evaluator.scores()
    names = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large")
    assert [scores[name] for name in names] == pytest.approx(reference.stats[:6], abs=1e-12)
    assert scores["ar100"] == pytest.approx(reference.stats[8], abs=1e-12)
    per_class = reference.eval["precision"][:, :, :, 0, -1].mean((0, 1))
    assert [scores[f"ap/{name}"] for name in "abc"] == pytest.approx(per_class, abs=1e-12)


def test_evaluation_is_quiet(capfd):
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([[0, 0, 40, 40]], [0.9]), objects([[0, 0, 40, 40]]))
    evaluator.scores()
    assert capfd.readouterr() == ("", "")
