from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from recipes.data import Augment, Source, open_source, pipeline
from recipes.data.pipeline import crop_masks, padded_objects, stream
from zoo.errors import InputError
from zoo.ops.masks import iou, paste

AUGMENT = Augment(scale=(0.5, 2.0), colour=0.4, elastic=1.0)


class Numbers(Source):
    """Ten grey pictures, each as bright as its index, labelled with its index; counts its decodings."""

    spec, classes, keys = "numbers", tuple("0123456789"), ("segmentation",)

    def __init__(self, count=10):
        self.length, self.decoded = count, []

    @property
    def count(self):
        return self.length

    def all_records(self):
        return tf.data.Dataset.range(self.length)

    def decode(self, record):
        index = tf.numpy_function(self._note, [record], tf.int32)
        index = tf.ensure_shape(index, ())
        image = tf.fill((4, 6, 3), tf.cast(index, tf.uint8))
        return {"image": image, "segmentation": tf.fill((4, 6), index), "name": tf.strings.as_string(index)}

    def _note(self, record):
        self.decoded.append(int(record))
        return np.int32(record)


def segmentation(source, **kwargs):
    defaults = {"task": "segmentation", "picture_size": (4, 6), "batch_size": 4}
    return pipeline(source, **(defaults | kwargs))


def first(dataset, count):
    return list(islice(dataset.as_numpy_iterator(), count))


def assert_batches_equal(a, b):
    assert len(a) == len(b)
    for (images, targets), (other_images, other_targets) in zip(a, b, strict=True):
        np.testing.assert_array_equal(images, other_images)
        tf.nest.map_structure(np.testing.assert_array_equal, targets, other_targets)


def seen(dataset, count):
    return [int(label) for _, targets in first(dataset, count) for label in targets[:, 0, 0]]


def test_evaluation_goes_once_in_order():
    batches = list(segmentation(Numbers()).as_numpy_iterator())
    assert [len(images) for images, _ in batches] == [4, 4, 2]
    assert seen(segmentation(Numbers()), 3) == list(range(10))
    images, targets = batches[0]
    assert (images.dtype, targets.dtype) == (np.uint8, np.int32)
    assert images.shape == (4, 4, 6, 3) and targets.shape == (4, 4, 6)


def test_evaluation_letterboxes():
    images, targets = first(segmentation(Numbers(), picture_size=(8, 6)), 1)[0]
    assert np.all(images[:, :2] == 114) and np.all(targets[:, 6:] == 255)
    assert np.all(targets[3, 2:6] == 3)


def test_grey_pictures():
    dataset = segmentation(Numbers(), channels=1)
    assert dataset.element_spec[0].shape == (None, 4, 6, 1)
    assert np.all(first(dataset, 1)[0][0][2] == 2)


def test_training_has_static_shapes():
    images, targets = segmentation(Numbers(), training=True).element_spec
    assert images.shape == (4, 4, 6, 3) and targets.shape == (4, 4, 6)


@pytest.mark.parametrize("cache", [True, False])
def test_each_epoch_shows_every_picture_in_a_new_order(cache):
    labels = seen(segmentation(Numbers(), training=True, cache=cache, batch_size=5), 6)
    epochs = [labels[0:10], labels[10:20], labels[20:30]]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_cached_pictures_are_decoded_once():
    source = Numbers()
    first(segmentation(source, training=True, cache=True, batch_size=5), 8)
    assert sorted(source.decoded) == list(range(10))


def test_auto_cache_keeps_small_sources():
    source = Numbers()
    first(segmentation(source, training=True, batch_size=5), 8)
    assert len(source.decoded) == 10 + 8  # 8 to judge the size by


def test_the_same_seed_gives_the_same_stream_cached_or_not(folder):
    source = open_source(f"masks:{folder}")
    arguments = {"training": True, "augment": AUGMENT, "picture_size": (12, 18), "seed": 3}
    a = first(segmentation(source, cache=True, **arguments), 6)
    tf.random.set_seed(5)
    assert_batches_equal(a, first(segmentation(source, cache=False, **arguments), 6))
    other = first(segmentation(source, **(arguments | {"seed": 4})), 6)
    assert any(np.any(images != others) for (images, _), (others, _) in zip(a, other, strict=True))


def test_iterating_twice_gives_the_same_stream():
    dataset = segmentation(Numbers(), training=True)
    assert seen(dataset, 6) == seen(dataset, 6)


@pytest.mark.parametrize("cache", [True, False])
def test_a_resumed_run_sees_what_an_uninterrupted_one_sees(folder, cache):
    source = open_source(f"masks:{folder}")
    arguments = {"training": True, "augment": AUGMENT, "picture_size": (12, 18), "cache": cache}
    whole = first(segmentation(source, **arguments), 10)
    for step in (2, 7):
        resumed = first(segmentation(source, start=step * 4, **arguments), 10 - step)
        assert_batches_equal(whole[step:], resumed)


def test_epochs_before_the_start_cost_nothing():
    source = Numbers()
    first(segmentation(source, training=True, cache=False, start=1_000_000), 1)
    assert len(source.decoded) < 100


def test_augmentation_differs_from_epoch_to_epoch(folder):
    source = open_source(f"masks:{folder}").without([])
    augment = Augment(flip=0.0, colour=0.5)
    batches = first(segmentation(source, training=True, augment=augment, batch_size=5, picture_size=(20, 30)), 2)
    a, b = ({images[i].tobytes() for i in range(5)} for images, _ in batches)
    assert not a & b


def test_shards_share_the_source():
    parts = [seen(segmentation(Numbers(), num_shards=2, shard_index=i), 2) for i in range(2)]
    assert parts == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
    trained = seen(segmentation(Numbers(), training=True, num_shards=2, shard_index=1), 5)
    assert set(trained) == {1, 3, 5, 7, 9}


def test_stream_counts_from_its_start():
    numbered = list(islice(stream(tf.data.Dataset.range(5), 5, 0, 7).as_numpy_iterator(), 10))
    assert [index for index, _ in numbered] == list(range(7, 17))


def test_records_left_out_are_not_shown(folder):
    (folder / "images" / "b.png").write_text("not a picture")
    source = open_source(f"masks:{folder}")
    rest = source.without(source.problems())
    batches = first(segmentation(rest, training=True, batch_size=2), 8)
    assert len(batches) == 8
    assert len(list(segmentation(rest, batch_size=3))) == 2


@pytest.mark.parametrize("task", ["detection", "instance_segmentation", "keypoints"])
def test_objects_are_padded(scenes, task):
    source = scenes("train")
    dataset = pipeline(source, task=task, picture_size=(64, 96), batch_size=3, training=True, max_objects=8)
    images, targets = first(dataset, 1)[0]
    assert images.shape == (3, 64, 96, 3)
    shapes = {"boxes": (3, 8, 4), "labels": (3, 8)}
    more = {"instance_segmentation": {"masks": (3, 8, 112, 112)}, "keypoints": {"keypoints": (3, 8, 5, 3)}}
    shapes |= more.get(task, {})
    assert {key: value.shape for key, value in targets.items()} == shapes
    assert {key: spec.shape for key, spec in dataset.element_spec[1].items()} == shapes
    empty = targets["labels"] == -1
    assert np.any(empty) and np.any(~empty)
    assert not np.any(targets["boxes"][empty])
    assert np.all(targets["boxes"][~empty][:, 2:] > targets["boxes"][~empty][:, :2])


def test_object_streams_resume(scenes):
    arguments = {"task": "keypoints", "picture_size": (48, 48), "batch_size": 3, "training": True}
    arguments |= {"augment": Augment(scale=(0.5, 2.0)), "max_objects": 8}
    whole = first(pipeline(scenes("train"), **arguments), 6)
    assert_batches_equal(whole[2:], first(pipeline(scenes("train"), start=6, **arguments), 4))


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


def test_cropped_masks_come_back_when_pasted(scenes):
    for example in scenes("train").records().map(scenes("train").decode).take(5).as_numpy_iterator():
        cropped = crop_masks(tf.constant(example["masks"]), tf.constant(example["boxes"]))
        pasted = paste(cropped, example["boxes"], example["masks"].shape[1:])
        for mask, again in zip(example["masks"], pasted, strict=True):
            assert iou(mask, again) > 0.96


@pytest.mark.parametrize("task", ["instance_segmentation", "keypoints"])
def test_mirrored_objects(scenes, task):
    arguments = {"task": task, "picture_size": (128, 128), "batch_size": 6, "training": True, "max_objects": 6}
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "poetry"}, "knows the tasks segmentation, localization, .* received 'poetry'"),
        ({"task": "instance_segmentation"}, "numbers has no boxes or labels or masks, which the task instance_seg"),
        ({"picture_size": (4,)}, "picture_size is"),
        ({"picture_size": (0, 4)}, "picture_size is"),
        ({"batch_size": 0}, "batch_size and max_objects are 1 or more, received 0, 100"),
        ({"max_objects": 0}, "batch_size and max_objects are 1 or more, received 4, 0"),
        ({"start": -1}, "start is 0 or more"),
        ({"num_shards": 2, "shard_index": 2}, "shard_index is one of 0 to num_shards - 1 = 1, received 2"),
        ({"num_shards": 20, "shard_index": 15}, "10 usable pictures, too few for 20 shards"),
        ({"cache": "maybe"}, "cache is 'auto', True or False"),
        ({"channels": 4}, "channels is 3"),
        ({"multi_scale": ((64, 64),)}, "multi_scale scales boxes and keypoints, no label maps"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        segmentation(Numbers(), **arguments)


def test_empty_sources_are_refused():
    with pytest.raises(InputError, match="has 0 usable pictures"):
        segmentation(Numbers(0))
