from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from recipes.data import Augment, Source, open_source, pipeline
from recipes.data.order import buffered
from tests.recipes.data.batches import assert_batches_equal, first
from zoo.errors import InputError

AUGMENT = Augment(scale=(0.5, 2.0), colour=0.4)


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


@pytest.mark.parametrize("augment", [AUGMENT, pytest.param(replace(AUGMENT, elastic=1.0), marks=pytest.mark.full)])
def test_the_same_seed_gives_the_same_stream_cached_or_not(folder, augment):
    source = open_source(f"masks:{folder}")
    arguments = {"training": True, "augment": augment, "picture_size": (12, 18), "seed": 3}
    a = first(segmentation(source, cache=True, **arguments), 6)
    tf.random.set_seed(5)
    assert_batches_equal(a, first(segmentation(source, cache=False, **arguments), 6))
    other = first(segmentation(source, cache=True, **(arguments | {"seed": 4})), 6)
    assert any(np.any(images != others) for (images, _), (others, _) in zip(a, other, strict=True))


def test_iterating_twice_gives_the_same_stream():
    dataset = segmentation(Numbers(), training=True, cache=True)
    assert seen(dataset, 6) == seen(dataset, 6)


@pytest.mark.parametrize(
    ("augment", "cache", "steps"),
    [
        (AUGMENT, False, [7]),
        *(
            pytest.param(replace(AUGMENT, elastic=1.0), cache, [2, 7], marks=pytest.mark.full)
            for cache in (True, False)
        ),
    ],
    ids=["read again", "cached and elastic", "read again and elastic"],
)
def test_a_resumed_run_sees_what_an_uninterrupted_one_sees(folder, augment, cache, steps):
    source = open_source(f"masks:{folder}")
    arguments = {"training": True, "augment": augment, "picture_size": (12, 18), "cache": cache}
    whole = first(segmentation(source, **arguments), 10)
    for step in steps:
        resumed = first(segmentation(source, skip=step * 4, **arguments), 10 - step)
        assert_batches_equal(whole[step:], resumed)


def test_epochs_before_the_start_cost_nothing():
    source = Numbers()
    first(segmentation(source, training=True, cache=False, skip=1_000_000), 1)
    assert len(source.decoded) < 100


def test_augmentation_differs_from_epoch_to_epoch(folder):
    source = open_source(f"masks:{folder}").without([])
    augment = Augment(flip=0.0, colour=0.5)
    arguments = {"training": True, "augment": augment, "cache": True}
    batches = first(segmentation(source, batch_size=5, picture_size=(20, 30), **arguments), 2)
    a, b = ({images[i].tobytes() for i in range(5)} for images, _ in batches)
    assert not a & b


def test_shards_share_the_source():
    parts = [seen(segmentation(Numbers(), num_shards=2, shard_index=i), 2) for i in range(2)]
    assert parts == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
    trained = seen(segmentation(Numbers(), training=True, num_shards=2, shard_index=1), 5)
    assert set(trained) == {1, 3, 5, 7, 9}


def test_stream_counts_from_its_start():
    numbered = list(islice(buffered(tf.data.Dataset.range(5), 5, 0, 7).as_numpy_iterator(), 10))
    assert [index for index, _ in numbered] == list(range(7, 17))


def test_records_left_out_are_not_shown(folder):
    (folder / "images" / "b.png").write_text("not a picture")
    source = open_source(f"masks:{folder}")
    rest = source.without(source.problems())
    batches = first(segmentation(rest, training=True, batch_size=2), 8)
    assert len(batches) == 8
    assert len(list(segmentation(rest, batch_size=3))) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "poetry"}, "knows the tasks segmentation, localization, .* received 'poetry'"),
        ({"task": "instance_segmentation"}, "numbers has no boxes or labels or masks, which the task instance_seg"),
        ({"picture_size": (4,)}, "picture_size is"),
        ({"picture_size": (0, 4)}, "picture_size is"),
        ({"batch_size": 0}, "batch_size and max_objects are 1 or more, received 0, 100"),
        ({"max_objects": 0}, "batch_size and max_objects are 1 or more, received 4, 0"),
        ({"skip": -1}, "skip is 0 or more"),
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


def test_pictures_are_stretched_on_request():
    """Grey 4 x 6 pictures fill a square: letterboxing leaves a third of it to padding."""
    arguments = {"task": "segmentation", "picture_size": (12, 12), "batch_size": 1}
    for resizing, void in (("stretch", 0), ("letterbox", 48)):
        for changes in ({}, {"training": True, "augment": Augment(flip=0.0)}):
            _, labels = first(pipeline(Numbers(), resizing=resizing, **arguments, **changes), 1)[0]
            assert np.sum(np.asarray(labels) == 255) == void
    with pytest.raises(InputError, match="resizing is one of letterbox, stretch, received 'crop'"):
        pipeline(Numbers(), resizing="crop", **arguments)
