"""Comparing two models' predictions, by hand."""

import numpy as np
import pytest

from export.comparisons import Comparison
from export.comparisons.objects import (
    DetectionComparison,
    InstanceComparison,
    InstanceKeypointsComparison,
    KeypointsComparison,
)
from export.comparisons.pictures import LocalizationComparison, PointsComparison, SegmentationComparison
from export.matching import pairs
from export.tolerances import exceeded, tolerances

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


def test_no_detections_say_nothing():
    comparison = DetectionComparison(None, SIZE)
    targets = {"boxes": np.zeros((2, 4), np.float32), "labels": np.full(2, -1)}
    comparison.update(detections(), detections(), targets)
    assert comparison.agreement is None and comparison.metrics() is None and comparison.figures() == {}
    assert [side["boxes"].shape for side in comparison.align(detections(), detections())] == [(0, 4), (0, 4)]


def test_ap_of_both_models():
    targets = {"boxes": np.array([LEFT, RIGHT, (0, 0, 0, 0)], np.float32), "labels": np.array([0, 1, -1])}
    comparison = DetectionComparison(None, SIZE)
    right = detections((LEFT, 0.9, 0), (RIGHT, 0.8, 1))
    half = detections((LEFT, 0.9, 0), (LEFT, 0.8, 1), (RIGHT, 0.7, 1))
    comparison.update(right, half, targets)
    assert comparison.metrics() == (1.0, 0.75)  # class 1: its object comes second


def instances(*rows):
    """Packs `(box, score, label, rows of the mask that are the object)` as a prediction with masks of 4 x 4."""
    found = detections(*(row[:3] for row in rows))
    masks = np.zeros((4, 4, 4), np.float32)
    for mask, (*_, filled) in zip(masks, rows, strict=False):
        mask[:filled] = 0.9
    return {**found, "masks": masks}


def test_masks_of_the_same_detections():
    comparison = InstanceComparison(None, SIZE)
    assert comparison.figures() == {} and comparison.agreement is None
    reference = instances((LEFT, 0.9, 0, 2), (RIGHT, 0.8, 1, 0))
    candidate = instances((RIGHT, 0.8, 1, 0), (LEFT, 0.7, 0, 3))
    comparison.update(reference, candidate, None)
    # 8 of 12 cells, and two empty masks.
    assert comparison.agreement == 1.0
    assert comparison.figures() == {
        "agreement_of_all": 1.0,
        "least_mask_iou": 2 / 3,
        "mean_mask_iou": pytest.approx(5 / 6),
    }
    ours, theirs = comparison.align(reference, candidate)
    assert ours["masks"].shape == (2, 4, 4) and np.abs(ours["masks"] - theirs["masks"]).sum() == pytest.approx(3.6)
    targets = {"boxes": np.array([LEFT], np.float32), "labels": np.array([0]), "masks": np.ones((1, 112, 112))}
    comparison.update(reference, instances(), targets)
    assert comparison.metrics() == (1.0, 0.0)


def people(*rows):
    """Packs `(box, score, keypoints (2, 3))` rows as a prediction of one class."""
    keypoints = np.zeros((4, 2, 3), np.float32)
    for i, (*_, points) in enumerate(rows):
        keypoints[i] = points
    return {**detections(*((box, score, 0) for box, score, _ in rows)), "keypoints": keypoints}


def test_points_of_the_same_detections():
    reference = people((LEFT, 0.9, [[5, 5, 3.0], [15, 15, 1.0]]))
    candidate = people((RIGHT, 0.1, [[0, 0, 0], [0, 0, 0]]), (LEFT, 0.9, [[5, 5.5, 1.9], [15, 19, 1.5]]))
    ours, theirs = KeypointsComparison(None, SIZE).align(reference, candidate)
    assert (theirs["keypoints"] - ours["keypoints"]).tolist() == [[0, 0.5]]  # the other neither of them sees
    np.testing.assert_allclose(theirs["keypoint_scores"] - ours["keypoint_scores"], [[-1.1, 0.5]], atol=1e-6)


def test_right_points_of_both_models():
    comparison = KeypointsComparison(None, SIZE)
    truth = np.array([[[5, 5, 2], [15, 15, 1]], [[45, 5, 2], [50, 5, 0]], [[9, 9, 0], [0, 0, 0]]], np.float32)
    boxes, labels = np.array([LEFT, RIGHT, (0, 0, 0, 0)], np.float32), np.array([0, 0, -1])
    targets = {"boxes": boxes, "labels": labels, "keypoints": truth}
    # Of three known points: two pixels are a tenth of the box; the right object is found by one model alone.
    reference = people((LEFT, 0.9, [[5, 7, 5], [15, 15, 5]]), (RIGHT, 0.8, [[45, 5, 5], [0, 0, 5]]))
    candidate = people((LEFT, 0.9, [[5, 7.5, 5], [15, 15, 5]]), (RIGHT, 0.2, [[45, 5, 5], [50, 5, 5]]))
    comparison.update(reference, candidate, targets)
    assert comparison.metrics() == (1.0, pytest.approx(1 / 3)) and comparison.metric == "PCK"
    comparison.update(people(), people(), {**targets, "labels": np.full(3, -1)})
    assert comparison.metrics() == (1.0, pytest.approx(1 / 3))
    assert KeypointsComparison(None, SIZE).metrics() is None


def test_masks_and_points_of_the_same_detections():
    def both(*rows):
        return {**instances(*(row[:4] for row in rows)), **people(*((*row[:2], row[4]) for row in rows))}

    comparison = InstanceKeypointsComparison(None, SIZE)
    reference = both((LEFT, 0.9, 0, 2, [[5, 5, 3.0], [15, 15, 1.0]]))
    candidate = both((LEFT, 0.7, 0, 3, [[5, 5.5, 1.9], [15, 19, 1.5]]))
    truth = {
        "boxes": np.float32([LEFT]),
        "labels": np.array([0]),
        "keypoints": np.float32([[[5, 5, 2], [15, 15, 2]]]),
    }
    comparison.update(reference, candidate, truth)
    assert comparison.agreement == 1.0 and comparison.figures()["least_mask_iou"] == 2 / 3
    assert comparison.metric == "PCK" and comparison.metrics() == (1.0, 0.5)  # four pixels are a fifth of the box
    ours, theirs = comparison.align(reference, candidate)
    assert set(ours) == {"boxes", "scores", "masks", "keypoints", "keypoint_scores"}
    assert (theirs["keypoints"] - ours["keypoints"]).tolist() == [[0, 0.5]]
    assert np.abs(ours["masks"] - theirs["masks"]).sum() == pytest.approx(3.6)
    limits = tolerances("masks_and_keypoints", None)
    assert limits == tolerances("instance_segmentation", None) | tolerances("keypoints", None)


def localization(score, box, label):
    return {"score": np.float32(score), "box": np.array(box, np.float32), "probs": np.eye(2, dtype=np.float32)[label]}


def test_localization():
    comparison = LocalizationComparison(None, SIZE)
    seen, unseen = localization(0.9, LEFT, 1), localization(0.1, RIGHT, 0)
    comparison.update(seen, localization(0.8, (0, 0, 20, 19), 1), {"boxes": np.array(LEFT), "labels": np.int32(1)})
    comparison.update(unseen, localization(0.2, LEFT, 1), {"boxes": np.zeros(4), "labels": np.int32(-1)})
    comparison.update(seen, unseen, {"boxes": np.array(LEFT), "labels": np.int32(1)})
    comparison.update(seen, localization(0.9, RIGHT, 1), None)
    # One of the three pictures on which a model sees an object.
    assert comparison.agreement == 1 / 3 and comparison.metrics() == (1.0, 0.5)
    assert comparison.places == {"agreement": "first in picture #2"}
    assert LocalizationComparison(None, SIZE).metrics() is None


def test_points():
    comparison = PointsComparison(None, SIZE)
    reference = {"points": np.array([[10.0, 10], [20, 20], [30, 30]])}
    candidate = {"points": np.array([[10.0, 11], [20, 25], [30, 90]])}
    truth = np.array([[10.0, 10, 2], [20, 20, 1], [0, 0, 0]])
    comparison.update(reference, candidate, {"keypoints": truth})
    assert comparison.agreement == pytest.approx(1 / 3)
    assert comparison.metrics() == (0.0, pytest.approx(0.03))  # (1 + 5) / 2 pixels of 100
    assert PointsComparison(None, SIZE).agreement is None


def test_an_unknown_task_is_judged_by_its_values():
    comparison = Comparison({"y": np.zeros((1, 2))}, SIZE)
    assert comparison.agreement is None and comparison.metrics() is None
    assert tolerances("unheard of", None) == {"relative": 1e-4, "agreement": 0.999}
    assert tolerances("segmentation", None, switches=True) == tolerances("segmentation", None) | {"switch_gap": 1e-5}
    assert tolerances("segmentation", "int8", switches=True) == tolerances("segmentation", "int8")


def test_limits():
    found = {"boxes": 0.6, "scores": float("nan"), "agreement": 0.5, "metric_change": -0.001}
    assert exceeded(found, {"boxes": 0.5, "scores": 1e-3, "box": 1.0}, {"boxes": "picture #3, at [1, 0]"}) == (
        "boxes 0.6 is beyond 0.5 (picture #3, at [1, 0])",
        "scores nan is beyond 0.001",
    )
    # A metric that stays does not excuse other predictions.
    assert exceeded(found, {"metric_change": 0.005, "agreement": 0.9}, {}) == ("agreement 0.5000 is below 0.9",)
    assert exceeded({"least_mask_iou": 0.98}, {"least_mask_iou": 0.99, "mean_mask_iou": 0.99}, {}) == (
        "least_mask_iou 0.9800 is below 0.99",
    )
    assert exceeded({"agreement": float("nan")}, {"agreement": 0.5}, {}) == ("agreement nan is below 0.5",)


TRUTH = {"boxes": np.array([LEFT], np.float32), "labels": np.array([0])}


@pytest.mark.parametrize(
    ("found", "targets", "doubt"),
    [
        (detections((LEFT, 0.9, 0)), TRUTH, ""),
        (detections(), TRUTH, "neither model finds anything"),
        (detections((LEFT, 0.9, 0)), None, "the AP50 is unknown"),
        (detections((LEFT, 0.9, 0)), {**TRUTH, "labels": np.array([-1])}, "the AP50 is unknown"),
        (detections((RIGHT, 0.9, 0)), TRUTH, "the AP50 of Keras itself is 0.000"),
    ],
)
def test_what_says_nothing(found, targets, doubt):
    comparison = DetectionComparison(None, SIZE)
    comparison.update(found, found, targets)
    doubts = comparison.doubts({"metric_change": 0.02, "agreement": 0.7})
    assert (doubts == ()) if not doubt else doubts[0].startswith(doubt)
    assert len(comparison.doubts({"agreement": 0.7})) == int("finds" in doubt)  # no metric is asked for


@pytest.mark.parametrize(("right", "blind"), [(40, True), (41, True), (42, False), (60, False)])
def test_a_segmenter_that_names_one_class_knows_nothing(right, blind):
    labels = np.repeat([0, 1], [40, 20]).reshape(1, 60)
    classes = np.where(np.arange(60) < right, labels, 0).astype(np.int32)
    outputs = {"logits": np.eye(2, dtype=np.float32)[classes], "classes": classes}
    comparison = SegmentationComparison({"logits": outputs["logits"][None]}, SIZE)
    comparison.update(outputs, outputs, labels)
    # One class everywhere gives 1/3, 41 pixels 0.364, 42 give 0.395.
    assert bool(comparison.doubts({"metric_change": 0.01})) == blind


def test_points_that_are_guessed():
    truth = {"keypoints": np.array([[10.0, 10, 2]])}
    for away, blind in ((19.0, False), (21.0, True)):  # of a diagonal of 100
        comparison = PointsComparison(None, SIZE)
        outputs = {"points": np.array([[10.0 + away, 10]])}
        comparison.update(outputs, outputs, truth)
        assert bool(comparison.doubts({"metric_change": 0.005})) == blind
