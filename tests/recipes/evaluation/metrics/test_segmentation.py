import keras
import numpy as np
import pytest

from recipes.evaluation.metrics.segmentation import Evaluator


def test_by_hand():
    """Labels 0 0 0 0 1 1 void, predicted 0 1 1 1 1 1 0: IoU 1/4 and 2/5, 3 of 6 right, recalls 1/4 and 1."""
    evaluator = Evaluator(["ground", "figure", "never"])
    evaluator.confusion.add([[0, 0, 0, 0], [1, 1, 255, 255]], [[0, 1, 1, 1], [1, 1, 0, 0]])
    assert evaluator.scores() == {
        "miou": pytest.approx((1 / 4 + 2 / 5) / 2),
        "pixel_accuracy": pytest.approx(3 / 6),
        "class_accuracy": pytest.approx((1 / 4 + 1) / 2),
        "iou/ground": pytest.approx(1 / 4),
        "iou/figure": pytest.approx(2 / 5),
        "iou/never": None,
    }


def test_lecture_example():
    """IoU = TP / (TP + FP + FN) with 4 hits, 5 false alarms and 8 misses is 4 / 17."""
    labels = np.array([[1] * 12 + [0] * 5])
    predicted = np.array([[1] * 4 + [0] * 8 + [1] * 5])
    evaluator = Evaluator(["ground", "figure"])
    evaluator.confusion.add(labels, predicted)
    assert evaluator.scores()["iou/figure"] == pytest.approx(4 / (4 + 5 + 8))


def test_nothing_labelled():
    evaluator = Evaluator(["ground", "figure"])
    evaluator.update({"logits": np.zeros((2, 2, 2))}, {"segmentation": np.full((2, 2), 255)})
    assert set(evaluator.scores().values()) == {None}
    evaluator.update({"logits": np.eye(2)[[[0, 1]]]}, {"segmentation": np.array([[0, 0]])})
    assert evaluator.scores()["miou"] == 0.25 and evaluator.scores()["iou/figure"] == 0


def test_agrees_with_the_metric_of_keras():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 8, 8, 4)).astype("float32")
    labels = rng.choice([0, 1, 2, 3, 255], (3, 8, 8))
    metric = keras.metrics.MeanIoU(4, ignore_class=255, sparse_y_pred=False)
    metric.update_state(labels, logits)
    evaluator = Evaluator("abcd")
    for one, truth in zip(logits, labels, strict=True):
        evaluator.update({"logits": one}, {"segmentation": truth})
    assert float(metric.result()) == pytest.approx(evaluator.scores()["miou"], rel=1e-5)
