from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from recipes.data import Augment, open_source, pipeline
from recipes.data.order import Kept, places
from tests.recipes.data.batches import assert_batches_equal, first


def numbered(count, steps, **arguments):
    return np.array(list(islice(places(count, **arguments).as_numpy_iterator(), steps)))


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_every_epoch_shows_each_place_once_in_an_order_of_its_own(count):
    found = numbered(count, 3 * count, seed=5)
    np.testing.assert_array_equal(found[:, 0], np.arange(3 * count))
    epochs = found[:, 1].reshape(3, count)
    np.testing.assert_array_equal(np.sort(epochs), [np.arange(count)] * 3)
    if count > 2:
        assert (epochs[0] != epochs[1]).any() and (epochs[0] != numbered(count, count, seed=6)[:, 1]).any()
        assert (epochs[0] != np.arange(count)).any()


def test_a_stream_goes_on_anywhere_at_once():
    np.testing.assert_array_equal(numbered(7, 30, seed=1)[17:], numbered(7, 13, seed=1, skip=17))
    far = numbered(10**9, 2, seed=1, skip=10**12)
    assert far[0, 0] == 10**12 and far[:, 1].max() < 10**9


def test_shards_share_one_order():
    whole = numbered(7, 21, seed=2)
    for shard in range(3):
        np.testing.assert_array_equal(numbered(7, 7, seed=2, num_shards=3, shard_index=shard), whole[shard::3])


def test_what_is_kept_is_made_once():
    made = []

    def note(place):
        made.append(int(place))
        return np.arange(int(place), dtype=np.int32)

    kept = Kept({"a": tf.TensorSpec((None,), tf.int32), "b": tf.TensorSpec((), tf.float32)})

    def example(place):
        def make():
            return {"a": tf.numpy_function(note, [place], tf.int32), "b": tf.cast(place, tf.float32) / 2}

        return kept.example(place, make)

    for _ in range(2):
        found = list(tf.data.Dataset.range(4).map(example).as_numpy_iterator())
        assert [one["a"].tolist() for one in found] == [[], [0], [0, 1], [0, 1, 2]]
        assert [one["b"] for one in found] == [0, 0.5, 1, 1.5]
    assert made == [0, 1, 2, 3]


def test_shards_of_a_source_by_place_learn_the_global_stream(folder):
    source = open_source(f"masks:{folder}")
    arguments = {"task": "segmentation", "picture_size": (8, 8), "training": True, "augment": Augment(flip=0.5)}
    whole = first(pipeline(source, batch_size=2, cache=False, **arguments), 6)
    shards = [
        first(pipeline(source, batch_size=1, cache=True, num_shards=2, shard_index=shard, **arguments), 6)
        for shard in range(2)
    ]
    for (images, labels), (left, _), (right, other) in zip(whole, *shards, strict=True):
        np.testing.assert_array_equal(images, np.concatenate([left, right]))
        np.testing.assert_array_equal(labels[1:], other)
    assert_batches_equal(whole[2:], first(pipeline(source, batch_size=2, skip=4, **arguments), 4))
