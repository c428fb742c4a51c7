import numpy as np
import pytest
import tensorflow as tf

from recipes.data import Augment, Source, pipeline
from recipes.data.targets import crop_masks, padded_objects
from tests.recipes.data.batches import assert_batches_equal, first
from zoo.ops.masks import iou, paste


@pytest.mark.parametrize(
    "task",
    [
        "detection",
        pytest.param("instance_segmentation", marks=pytest.mark.full),
        pytest.param("keypoints", marks=pytest.mark.full),
        "masks_and_keypoints",
    ],
)
def test_objects_are_padded(scenes, task):
    source = scenes("train")
    dataset = pipeline(source, task=task, picture_size=(64, 96), batch_size=3, training=True, max_objects=8)
    images, targets = first(dataset, 1)[0]
    assert images.shape == (3, 64, 96, 3)
    shapes = {"boxes": (3, 8, 4), "labels": (3, 8)}
    more = {"instance_segmentation": {"masks": (3, 8, 112, 112)}, "keypoints": {"keypoints": (3, 8, 5, 3)}}
    more["masks_and_keypoints"] = more["instance_segmentation"] | more["keypoints"]
    shapes |= more.get(task, {})
    assert {key: value.shape for key, value in targets.items()} == shapes
    assert {key: spec.shape for key, spec in dataset.element_spec[1].items()} == shapes
    empty = targets["labels"] == -1
    assert np.any(empty) and np.any(~empty)
    assert not np.any(targets["boxes"][empty])
    assert np.all(targets["boxes"][~empty][:, 2:] > targets["boxes"][~empty][:, :2])


@pytest.mark.full
def test_object_streams_resume(scenes):
    arguments = {"task": "keypoints", "picture_size": (48, 48), "batch_size": 3, "training": True}
    arguments |= {"augment": Augment(scale=(0.5, 2.0)), "max_objects": 8}
    whole = first(pipeline(scenes("train"), **arguments), 6)
    assert_batches_equal(whole[2:], first(pipeline(scenes("train"), skip=6, **arguments), 4))


class Marked(Source):
    """One 8x10 picture: a small object, a large ignored one, a middle one; nothing on the second picture."""

    spec, classes, keys = "marked", ("a", "b", "c"), ("boxes", "labels", "keypoints", "ignored")
    count = 2

    def all_records(self):
        return tf.data.Dataset.from_tensor_slices([3, 0])

    def decode(self, record):
        return {
            "image": tf.zeros((8, 10, 3), tf.uint8),
            "name": tf.constant("x"),
            "boxes": tf.constant([[0.0, 0, 2, 2], [0, 0, 10, 8], [4, 2, 8, 6]])[:record],
            "labels": tf.constant([0, 1, 2])[:record],
            "keypoints": tf.constant([[[1.0, 1, 2]], [[2, 2, 2]], [[5, 3, 1]]])[:record],
            "ignored": tf.constant([False, True, False])[:record],
        }


def test_ignored_objects_are_in_no_target():
    _, targets = first(pipeline(Marked(), task="detection", picture_size=(8, 10), batch_size=2, max_objects=3), 1)[0]
    np.testing.assert_array_equal(targets["labels"], [[0, 2, -1], [-1, -1, -1]])
    np.testing.assert_array_equal(targets["boxes"][0, 1], [4, 2, 8, 6])


def test_localization_learns_the_largest_object():
    dataset = pipeline(Marked(), task="localization", picture_size=(16, 20), batch_size=2)
    _, targets = first(dataset, 1)[0]
    assert targets.keys() == {"boxes", "labels"}
    np.testing.assert_array_equal(targets["labels"], [2, -1])
    np.testing.assert_array_equal(targets["boxes"], [[8, 4, 16, 12], [0, 0, 0, 0]])
    assert dataset.element_spec[1]["boxes"].shape == (None, 4)


def test_points_of_the_largest_object():
    dataset = pipeline(Marked(), task="points", picture_size=(16, 20), batch_size=2)
    _, targets = first(dataset, 1)[0]
    assert targets.keys() == {"keypoints", "labels"}
    np.testing.assert_array_equal(targets["labels"], [2, -1])
    np.testing.assert_array_equal(targets["keypoints"], [[[10, 6, 1]], [[0, 0, 0]]])


@pytest.mark.full
@pytest.mark.parametrize("task", ["localization", "points"])
def test_a_crop_that_loses_the_object_has_the_label_none(task):
    # At 8 times the fitting scale a frame shows an eighth of the picture a side: often no object at all.
    arguments = {"picture_size": (8, 10), "batch_size": 50, "training": True, "augment": Augment(scale=(8.0, 8.0))}
    _, targets = first(pipeline(Marked(), task=task, **arguments), 1)[0]
    places = targets["boxes" if task == "localization" else "keypoints"]
    lost = targets["labels"] == -1
    assert np.any(lost) and np.any(~lost)
    assert not np.any(places[lost])
    assert np.all(np.isfinite(places))


def test_padded_objects_by_hand():
    example = {"boxes": tf.constant([[1.0, 2, 3, 4], [5, 6, 7, 8]]), "labels": tf.constant([4, 0])}
    padded = padded_objects(example, 3)
    np.testing.assert_array_equal(padded["boxes"], [[1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 0, 0]])
    np.testing.assert_array_equal(padded["labels"], [4, 0, -1])
    np.testing.assert_array_equal(padded_objects(example, 1)["labels"], [4])


def test_no_objects_are_all_padding():
    example = {
        "boxes": tf.zeros((0, 4)),
        "labels": tf.zeros((0,), tf.int32),
        "masks": tf.zeros((0, 9, 9), tf.uint8),
        "keypoints": tf.zeros((0, 5, 3)),
    }
    padded = padded_objects(example, 2)
    np.testing.assert_array_equal(padded["labels"], [-1, -1])
    assert padded["masks"].shape == (2, 112, 112) and padded["keypoints"].shape == (2, 5, 3)


def test_crop_masks_by_hand():
    mask = np.zeros((1, 4, 6), np.uint8)
    mask[0, 1, 2] = mask[0, 2, 3] = 1
    boxes = tf.constant([[2.0, 1.0, 4.0, 3.0]])
    np.testing.assert_array_equal(crop_masks(tf.constant(mask), boxes, 2), [[[1, 0], [0, 1]]])
    np.testing.assert_array_equal(
        crop_masks(tf.constant(mask), boxes, 4)[0],
        [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]],
    )


def test_more_objects_than_rows_leave_the_first():
    masks = np.zeros((3, 4, 6), np.uint8)
    masks[0, 0, :3] = masks[1, 2:, 3:] = 1
    example = {
        "boxes": tf.constant([[0.0, 0, 6, 4], [3, 2, 6, 4], [0, 0, 1, 1]]),
        "labels": tf.constant([4, 2, 1]),
        "masks": tf.constant(masks),
    }
    padded = padded_objects(example, 2)
    assert padded["labels"].numpy().tolist() == [4, 2]
    assert padded["masks"].numpy().mean((1, 2)).tolist() == [0.125, 1]


@pytest.mark.full
def test_cropped_masks_come_back_when_pasted(scenes):
    for example in scenes("train").records().map(scenes("train").decode).take(5).as_numpy_iterator():
        cropped = crop_masks(tf.constant(example["masks"]), tf.constant(example["boxes"]))
        pasted = paste(cropped, example["boxes"], example["masks"].shape[1:])
        for mask, again in zip(example["masks"], pasted, strict=True):
            assert iou(mask, again) > 0.96


@pytest.mark.parametrize("task", [pytest.param("instance_segmentation", marks=pytest.mark.full), "keypoints"])
def test_mirrored_objects(scenes, task):
    arguments = {"task": task, "picture_size": (128, 128), "batch_size": 6, "training": True, "max_objects": 6}
    arguments |= {"cache": True}
    ((images, plain),) = first(pipeline(scenes("train"), **arguments), 1)
    ((mirrored, found),) = first(pipeline(scenes("train"), augment=Augment(flip=1.0), **arguments), 1)
    np.testing.assert_array_equal(mirrored, images[:, :, ::-1])
    np.testing.assert_array_equal(found["labels"], plain["labels"])
    if task == "instance_segmentation":
        # A cell's centre on the border of two pixels reads the one on its right, before as after.
        assert np.mean(found["masks"] != plain["masks"][..., ::-1]) < 0.005
    else:
        points = plain["keypoints"][:, :, [0, 1, 4, 3, 2]]  # right and left change places
        mirror = np.where(points[..., 2:] > 0, [128, 0, 0] + points * [-1, 1, 1], 0)
        np.testing.assert_allclose(found["keypoints"], mirror, atol=1e-4)
