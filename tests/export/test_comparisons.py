"""Comparing two models' predictions, by hand."""

import numpy as np
import pytest

from export.comparisons import (
    Comparison,
    DetectionComparison,
    LocalizationComparison,
    PointsComparison,
    pairs,
)
from export.verify import exceeded, tolerances

SIZE = 60, 80  # a diagonal of 100 pixels


def detections(*rows, length=4):
    """Packs `(box, score, label)` rows as a prediction of `length` rows."""
    boxes, scores, labels = np.zeros((length, 4), np.float32), np.zeros(length, np.float32), np.full(length, -1)
    for i, (box, score, label) in enumerate(rows):
        boxes[i], scores[i], labels[i] = box, score, label
    return {"boxes": boxes, "scores": scores, "labels": labels, "count": np.int32(len(rows))}


LEFT, RIGHT = (0, 0, 20, 20), (40, 0, 60, 20)


def test_detections_are_matched_whatever_their_order():
    reference = detections((LEFT, 0.80, 0), (RIGHT, 0.79, 1))
    candidate = detections(((40, 0, 60.5, 20), 0.81, 1), (LEFT, 0.80, 0))
    assert pairs(reference, candidate).tolist() == [[0, 1], [1, 0]]
    comparison = DetectionComparison(None, SIZE)
    comparison.update(reference, candidate, None)
    assert comparison.agreement == 1.0 and comparison.metrics() is None
    ours, theirs = comparison.align(reference, candidate)
    assert np.abs(ours["boxes"] - theirs["boxes"]).max() == 0.5
    np.testing.assert_allclose(theirs["scores"] - ours["scores"], [0.0, 0.02], atol=1e-6)


@pytest.mark.parametrize(
    "candidate, agreement",
    [
        (detections((LEFT, 0.9, 0)), 1.0),
        (detections((LEFT, 0.29, 0)), 1.0),  # sure to one of the models
        (detections((LEFT, 0.9, 1)), 0.0),  # of another class
        (detections(((0, 0, 20, 17), 0.9, 0)), 0.0),  # IoU 0.85
        (detections((LEFT, 0.9, 0), (RIGHT, 0.8, 0)), 0.5),
        (detections((LEFT, 0.9, 0), (RIGHT, 0.2, 0)), 1.0),
        (detections((RIGHT, 0.2, 0)), 0.0),  # the best of its picture
        (detections(((0.4, 0, 20, 20), 0.9, 0)), 1.0),
        (detections(), 0.0),
    ],
)
def test_agreement_of_detections(candidate, agreement):
    reference = detections((LEFT, 0.9, 0))
    for pair in ((reference, candidate), (candidate, reference)):
        comparison = DetectionComparison(None, SIZE)
        comparison.update(*pair, None)
        assert comparison.agreement == agreement


def test_empty_boxes_may_be_the_same():
    empty = detections(((5, 5, 5, 9), 0.9, 0))
    assert pairs(empty, detections(((5.4, 5, 5, 9), 0.9, 0))).tolist() == [[0, 0]]
    assert pairs(empty, detections(((6, 5, 6, 9), 0.9, 0))).tolist() == []


def test_no_detections_agree():
    comparison = DetectionComparison(None, SIZE)
    targets = {"boxes": np.zeros((2, 4), np.float32), "labels": np.full(2, -1)}
    comparison.update(detections(), detections(), targets)
    assert comparison.agreement == 1.0 and comparison.metrics() is None
    assert [side["boxes"].shape for side in comparison.align(detections(), detections())] == [(0, 4), (0, 4)]


def test_ap_of_both_models():
    targets = {"boxes": np.array([LEFT, RIGHT, (0, 0, 0, 0)], np.float32), "labels": np.array([0, 1, -1])}
    comparison = DetectionComparison(None, SIZE)
    right = detections((LEFT, 0.9, 0), (RIGHT, 0.8, 1))
    half = detections((LEFT, 0.9, 0), (LEFT, 0.8, 1), (RIGHT, 0.7, 1))
    comparison.update(right, half, targets)
    assert comparison.metrics() == (1.0, 0.75)  # class 1: its object comes second


def localization(score, box, label):
    return {"score": np.float32(score), "box": np.array(box, np.float32), "probs": np.eye(2, dtype=np.float32)[label]}


def test_localization():
    comparison = LocalizationComparison(None, SIZE)
    seen, unseen = localization(0.9, LEFT, 1), localization(0.1, RIGHT, 0)
    comparison.update(seen, localization(0.8, (0, 0, 20, 19), 1), {"boxes": np.array(LEFT), "labels": np.int32(1)})
    comparison.update(unseen, localization(0.2, LEFT, 1), {"boxes": np.zeros(4), "labels": np.int32(-1)})
    comparison.update(seen, unseen, {"boxes": np.array(LEFT), "labels": np.int32(1)})
    comparison.update(seen, localization(0.9, RIGHT, 1), None)
    assert comparison.agreement == 0.5 and comparison.metrics() == (1.0, 0.5)
    assert LocalizationComparison(None, SIZE).metrics() is None


def test_points():
    comparison = PointsComparison(None, SIZE)
    reference = {"points": np.array([[10.0, 10], [20, 20], [30, 30]])}
    candidate = {"points": np.array([[10.0, 11], [20, 25], [30, 90]])}
    truth = np.array([[10.0, 10, 2], [20, 20, 1], [0, 0, 0]])
    comparison.update(reference, candidate, {"keypoints": truth})
    assert comparison.agreement == pytest.approx(1 / 3)
    assert comparison.metrics() == (0.0, pytest.approx(0.03))  # (1 + 5) / 2 pixels of 100
    assert PointsComparison(None, SIZE).agreement == 1.0


def test_an_unknown_task_is_judged_by_its_values():
    comparison = Comparison({"y": np.zeros((1, 2))}, SIZE)
    assert comparison.agreement is None and comparison.metrics() is None
    assert tolerances("unheard of", None) == {"relative": 1e-4, "agreement": 0.999}


def test_limits():
    found = {"boxes": 0.6, "scores": float("nan"), "agreement": 0.5, "metric_change": -0.001}
    assert exceeded(found, {"boxes": 0.5, "scores": 1e-3, "box": 1.0}) == (
        "boxes 0.6 is beyond 0.5",
        "scores nan is beyond 0.001",
    )
    assert exceeded(found, {"metric_change": 0.005, "agreement": 0.9}) == ()
    assert exceeded({**found, "metric_change": None}, {"metric_change": 0.005, "agreement": 0.9}) == (
        "agreement 0.5000 is below 0.9",
    )
