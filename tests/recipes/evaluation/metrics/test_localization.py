import numpy as np
import pytest

from recipes.evaluation import metrics
from recipes.evaluation.metrics.localization import Evaluator
from zoo.ops.objects_numpy import largest

NOTHING = {"boxes": np.zeros((0, 4), "float32"), "labels": np.zeros(0, "int32")}


def predicted(box, label, score=0.9):
    return {"score": np.float32(score), "box": np.array(box, "float32"), "probs": np.eye(2)[label]}


def example(boxes, labels, **others):
    return {"boxes": np.array(boxes, "float32"), "labels": np.array(labels), **others}


def test_by_hand():
    """A hit of IoU 0.5, a wrong class, a box too far (IoU 0.2); two pictures of nothing, one of them seen as such."""
    evaluator = Evaluator(["cat", "dog"])
    evaluator.update(predicted([0, 0, 10, 5], 0), example([[0, 0, 10, 10]], [0]))
    evaluator.update(predicted([0, 0, 10, 10], 0), example([[0, 0, 10, 10]], [1]))
    evaluator.update(predicted([0, 0, 10, 2], 1), example([[0, 0, 10, 10]], [1]))
    evaluator.update(predicted([0, 0, 10, 10], 0, score=0.4), NOTHING)
    evaluator.update(predicted([0, 0, 10, 10], 0, score=0.5), NOTHING)
    assert evaluator.scores() == {
        "accuracy": pytest.approx(2 / 5),
        "class_accuracy": pytest.approx(2 / 3),
        "mean_iou": pytest.approx((0.5 + 1 + 0.2) / 3),
        "accuracy/cat": 1.0,
        "accuracy/dog": 0.0,
    }


def test_the_largest_object_is_judged_and_ignored_ones_are_not():
    boxes = [[0, 0, 5, 5], [20, 20, 40, 40], [0, 0, 50, 50]]
    one = example(boxes, [0, 1, 0], ignored=np.array([False, False, True]))
    assert largest(one) == 1
    evaluator = Evaluator(["cat", "dog"])
    evaluator.update(predicted(boxes[1], 1), one)
    evaluator.update(predicted(boxes[2], 0), example(boxes[2:], [0], ignored=np.array([True])))
    scores = evaluator.scores()
    assert scores["accuracy"] == scores["mean_iou"] == 1 and scores["accuracy/cat"] is None


def test_no_pictures():
    assert set(Evaluator(["cat", "dog"]).scores().values()) == {None}


def test_an_evaluator_for_each_task():
    for task in ("segmentation", "localization", "points", "detection"):
        evaluator = metrics.evaluator(task, ["cat"], ["nose"])
        assert evaluator.class_names == ("cat",) and "/" not in next(iter(evaluator.scores()))
        assert all(set(curve) == {"title", "x", "y", "lines"} for curve in evaluator.curves())


def test_which_figures_fall():
    better = {name: metrics.higher_is_better(name) for name in ("miou", "ap", "pck", "auc", "accuracy", "ap50/cat")}
    assert all(better.values())
    assert not metrics.higher_is_better("nme") and not metrics.higher_is_better("failure_rate")
