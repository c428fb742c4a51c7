"""All three average precisions of one detection, by hand, and none of nothing."""

import numpy as np
import pytest

from recipes.data.sources.outlines import encoded_masks
from recipes.evaluation.metrics import evaluator, instance_segmentation, keypoints

POINTS = np.float32([[[20, 20, 2], [80, 80, 2]]])
TRUTH = {"boxes": np.float32([[0, 0, 100, 100]]), "labels": np.array([0]), "keypoints": POINTS}
TRUTH["runs"] = encoded_masks(np.pad(np.ones((1, 100, 100), "uint8"), [(0, 0), (0, 20), (0, 33)]))
TRUTH["image"] = np.zeros((120, 133, 3), "uint8")


def found(columns, dx):
    """The box, a mask that fills some of its 40 columns, and the points so far to the right of where they are."""
    masks = np.zeros((1, 40, 40), "float32")
    masks[:, :, :columns] = 1
    seen = {"scores": np.float32([0.9]), "masks": masks, "keypoints": POINTS + [dx, 0, 0]}
    return {"boxes": TRUTH["boxes"], "labels": TRUTH["labels"], **seen}


def measured(task, *pictures):
    measure = evaluator(task, ["fly"], ("head", "tail"))
    for prediction, example in pictures:
        measure.update(prediction, example)
    return measure.scores()


def test_three_average_precisions_by_hand():
    # A mask of 57 or 58 of 100 columns is a hit at 0.50 and 0.55; points 7 pixels off have a similarity of
    # exp(-49 / (2 x 0.1^2 x 0.53 x 100^2)) = 0.630 at sigma 0.05, a hit at 0.50, 0.55 and 0.60.
    scores = measured("masks_and_keypoints", (found(23, 7), TRUTH))
    assert scores["ap"] == 1
    assert scores["mask_ap"] == pytest.approx(0.2) and scores["mask_ap50"] == 1
    assert scores["keypoint_ap"] == pytest.approx(0.3) and scores["keypoint_ap50"] == 1
    assert list(scores)[:3] == ["mask_ap", "keypoint_ap", "ap"]
    masks, points = (measured(task, (found(23, 7), TRUTH)) for task in ("instance_segmentation", "keypoints"))
    assert scores == masks | points


def test_nothing_found_and_nothing_to_find():
    none = {key: values[:0] for key, values in found(40, 0).items()}
    missed = measured("masks_and_keypoints", (none, TRUTH))
    assert missed["mask_ap"] == missed["keypoint_ap"] == missed["ap"] == 0
    empty = {key: values if key == "image" else values[:0] for key, values in TRUTH.items()}
    assert set(measured("masks_and_keypoints", (found(40, 0), empty)).values()) == {None}
    assert set(measured("masks_and_keypoints").values()) == {None}


def test_the_measure_is_that_of_both_tasks():
    measure = type(evaluator("masks_and_keypoints", ["fly"]))
    assert issubclass(measure, instance_segmentation.Evaluator) and issubclass(measure, keypoints.Evaluator)
