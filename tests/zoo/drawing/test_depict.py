import numpy as np
import pytest

from zoo.drawing.colours import palette
from zoo.drawing.depict import GREY, draw_targets, found_in, truth_of

SIZE = (40, 60)
IMAGE = np.full((*SIZE, 3), 100, "uint8")
BOXES = np.array([[2, 20, 12, 30], [20, 15, 50, 38]], "float32")
EXAMPLE = {
    "segmentation": np.zeros((40, 60), int),
    "boxes": BOXES,
    "labels": np.array([0, 1]),
    "keypoints": np.array([[[5, 25, 2], [9, 25, 2]], [[25, 20, 2], [45, 20, 2]]], "float32"),
    "masks": np.zeros((2, *SIZE), "uint8"),
}
EXAMPLE["masks"][0, 22:28, 4:10] = EXAMPLE["masks"][1, 15:38, 20:35] = 1
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
HALF = np.zeros((28, 28), "float32")
HALF[:, :14] = 0.9
PREDICTIONS["instance_segmentation"] = {**PREDICTIONS["detection"], "masks": np.stack([HALF] * 3)}
LOGITS = np.array([[[25, 20, 2.0], [45, 20, 1.9]], [[3, 21, 9], [5, 22, 9]], [[0, 0, 0], [0, 0, 0]]], "float32")
PREDICTIONS["keypoints"] = {**PREDICTIONS["detection"], "keypoints": LOGITS}
PREDICTIONS["masks_and_keypoints"] = PREDICTIONS["instance_segmentation"] | PREDICTIONS["keypoints"]
NOTHING = {
    "boxes": np.zeros((0, 4)),
    "labels": np.zeros(0, int),
    "keypoints": np.zeros((0, 2, 3)),
    "masks": np.zeros((0, *SIZE), "uint8"),
}


def test_truth_is_what_the_task_learns():
    assert set(truth_of(EXAMPLE, "segmentation")) == {"segmentation"}
    assert truth_of(EXAMPLE, "localization")["labels"].tolist() == [1]
    assert np.array_equal(truth_of(EXAMPLE, "points")["keypoints"], EXAMPLE["keypoints"][1:])
    assert truth_of(EXAMPLE, "detection")["ignored"].tolist() == [False, False]
    assert np.array_equal(truth_of(EXAMPLE, "keypoints")["keypoints"], EXAMPLE["keypoints"])
    assert set(truth_of(EXAMPLE, "instance_segmentation")) == {"boxes", "labels", "masks", "ignored", "crowds"}
    both = {"boxes", "labels", "masks", "keypoints", "ignored", "crowds"}
    assert set(truth_of(EXAMPLE, "masks_and_keypoints")) == both
    assert len(truth_of(NOTHING, "localization")["boxes"]) == len(truth_of(NOTHING, "points")["keypoints"]) == 0


def test_what_is_found_has_the_score_asked_for():
    assert (found_in(PREDICTIONS["segmentation"], "segmentation", SIZE)["segmentation"] == 2).all()
    for score, labels in ((0.2, [1, 0]), (0.5, [1]), (0.7, [1]), (0.8, [])):
        assert found_in(PREDICTIONS["detection"], "detection", SIZE, score)["labels"].tolist() == labels
    for score, count in ((0.5, 1), (0.8, 0)):
        found = found_in(PREDICTIONS["localization"], "localization", SIZE, score)
        assert found["boxes"].shape == (count, 4) and found["labels"].tolist() == [1] * count
        assert found_in(PREDICTIONS["points"], "points", SIZE, score)["keypoints"].shape == (count, 2, 2)


def test_masks_are_found_in_the_picture():
    found = found_in(PREDICTIONS["instance_segmentation"], "instance_segmentation", SIZE, 0.3)
    left = np.zeros((2, *SIZE), bool)
    left[0, 20:30, 2:7] = left[1, 15:38, 20:35] = True
    assert found["labels"].tolist() == [1, 0] and np.array_equal(found["masks"], left)
    assert found_in(PREDICTIONS["instance_segmentation"], "instance_segmentation", SIZE, 0.8)["masks"].shape == (
        0,
        *SIZE,
    )


def test_keypoints_are_seen_from_a_score_of_2():
    (found,) = found_in(PREDICTIONS["keypoints"], "keypoints", SIZE)["keypoints"]
    assert found.tolist() == [[25, 20, 2], [45, 20, 0]]


def test_masks_are_tinted_but_over_a_label_map_outlined_alone():
    targets = {key: EXAMPLE[key] for key in ("boxes", "labels", "masks")}
    drawn = draw_targets(IMAGE, targets)
    orange = palette(2)[1].astype(float)
    assert drawn[25, 30].tolist() == np.rint(60 + 0.4 * orange).tolist(), "inside"
    assert (drawn[25, 34] == orange).all() and (drawn[25, 40] == 100).all(), "rim and beside"
    both = draw_targets(IMAGE, {**targets, "segmentation": EXAMPLE["segmentation"]})
    assert both[25, 30].tolist() == [50, 107, 139] and (both[25, 34] == orange).all()


def test_masks_and_keypoints_are_drawn_together():
    found = found_in(PREDICTIONS["masks_and_keypoints"], "masks_and_keypoints", SIZE)
    drawn = draw_targets(IMAGE, found)
    assert (drawn[20, 25] == palette(1)[0]).all(), "the point that is seen"
    assert drawn[25, 4].tolist() == np.rint(60 + 0.4 * palette(2)[1].astype(float)).tolist(), "the mask"
    assert (drawn[25, 10] == 100).all(), "beside the mask"


@pytest.mark.parametrize("task", PREDICTIONS)
def test_every_task_is_drawn(task):
    for targets in (truth_of(EXAMPLE, task), found_in(PREDICTIONS[task], task, SIZE)):
        drawn = draw_targets(IMAGE, targets)
        assert drawn.shape == IMAGE.shape and (drawn != IMAGE).any()
    if task != "segmentation":
        assert np.array_equal(draw_targets(IMAGE, truth_of(NOTHING, task)), IMAGE)


def test_all_targets_of_an_example_are_drawn_together():
    drawn = draw_targets(IMAGE, EXAMPLE, ("cat", "dog"), skeleton=[(0, 1)])
    assert (drawn[20, 35] == palette(1)[0]).all(), "the limb"
    assert (drawn[37, 35] == palette(2)[1]).all(), "the box of a dog"
    assert drawn[2, 2].tolist() == [50, 107, 139], "class 0 tints the ground"


def test_ignored_objects_are_grey():
    example = {**EXAMPLE, "ignored": np.array([False, True])}
    assert draw_targets(IMAGE, truth_of(example, "detection"))[37, 35].tolist() == [*GREY]


def test_an_empty_row_is_not_drawn():
    empty = {"boxes": np.zeros((2, 4)), "labels": np.full(2, -1)}
    assert np.array_equal(draw_targets(IMAGE, empty), IMAGE)
