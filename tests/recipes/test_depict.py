import numpy as np
import pytest

from recipes import drawing
from recipes.depict import GREY, draw_targets, found_in, truth_of

IMAGE = np.full((40, 60, 3), 100, "uint8")
BOXES = np.array([[2, 20, 12, 30], [20, 15, 50, 38]], "float32")
EXAMPLE = {
    "segmentation": np.zeros((40, 60), int),
    "boxes": BOXES,
    "labels": np.array([0, 1]),
    "keypoints": np.array([[[5, 25, 2], [9, 25, 2]], [[25, 20, 2], [45, 20, 2]]], "float32"),
}
PREDICTIONS = {
    "segmentation": {"logits": np.eye(3)[np.full((40, 60), 2)]},
    "localization": {"score": np.float32(0.7), "box": BOXES[1], "probs": np.array([0.1, 0.9])},
    "points": {"score": np.float32(0.7), "points": np.array([[25, 20], [45, 20]], "float32")},
    "detection": {
        "boxes": np.vstack([BOXES, np.zeros((1, 4), "float32")]),
        "scores": np.array([0.7, 0.3, 0]),
        "labels": np.array([1, 0, -1]),
    },
}
NOTHING = {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, int), "keypoints": np.zeros((0, 2, 3))}


def test_truth_is_what_the_task_learns():
    assert set(truth_of(EXAMPLE, "segmentation")) == {"segmentation"}
    assert truth_of(EXAMPLE, "localization")["labels"].tolist() == [1]
    assert np.array_equal(truth_of(EXAMPLE, "points")["keypoints"], EXAMPLE["keypoints"][1:])
    assert truth_of(EXAMPLE, "detection")["ignored"].tolist() == [False, False]
    assert len(truth_of(NOTHING, "localization")["boxes"]) == len(truth_of(NOTHING, "points")["keypoints"]) == 0


def test_what_is_found_has_the_score_asked_for():
    assert (found_in(PREDICTIONS["segmentation"], "segmentation")["segmentation"] == 2).all()
    for score, labels in ((0.2, [1, 0]), (0.5, [1]), (0.7, [1]), (0.8, [])):
        assert found_in(PREDICTIONS["detection"], "detection", score)["labels"].tolist() == labels
    for score, count in ((0.5, 1), (0.8, 0)):
        found = found_in(PREDICTIONS["localization"], "localization", score)
        assert found["boxes"].shape == (count, 4) and found["labels"].tolist() == [1] * count
        assert found_in(PREDICTIONS["points"], "points", score)["keypoints"].shape == (count, 2, 2)


@pytest.mark.parametrize("task", PREDICTIONS)
def test_every_task_is_drawn(task):
    for targets in (truth_of(EXAMPLE, task), found_in(PREDICTIONS[task], task)):
        drawn = draw_targets(IMAGE, targets)
        assert drawn.shape == IMAGE.shape and (drawn != IMAGE).any()
    if task != "segmentation":
        assert np.array_equal(draw_targets(IMAGE, truth_of(NOTHING, task)), IMAGE)


def test_all_targets_of_an_example_are_drawn_together():
    drawn = draw_targets(IMAGE, EXAMPLE, ("cat", "dog"), skeleton=[(0, 1)])
    assert (drawn[20, 35] == drawing.palette(1)[0]).all(), "the limb"
    assert (drawn[37, 35] == drawing.palette(2)[1]).all(), "the box of a dog"
    assert drawn[2, 2].tolist() == [50, 107, 139], "class 0 tints the ground"


def test_ignored_objects_are_grey():
    example = {**EXAMPLE, "ignored": np.array([False, True])}
    assert draw_targets(IMAGE, truth_of(example, "detection"))[37, 35].tolist() == [*GREY]


def test_an_empty_row_is_not_drawn():
    empty = {"boxes": np.zeros((2, 4)), "labels": np.full(2, -1)}
    assert np.array_equal(draw_targets(IMAGE, empty), IMAGE)
