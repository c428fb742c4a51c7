from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from recipes.data import multi_scale, pipeline
from recipes.data.multi_scale import in_sizes, resized
from zoo import tiny_yolo_v2
from zoo.errors import InputError

SIZES = ((32, 32), (64, 64), (32, 96))


def sizes_of(dataset, count):
    return [images.shape[1:3] for images, _ in islice(dataset, count)]


def test_resized_by_hand():
    images = tf.reshape(tf.constant([0, 0, 0, 100, 100, 100], tf.uint8), (1, 1, 2, 3))
    targets = {
        "boxes": tf.constant([[[0.0, 0, 1, 1]]]),
        "keypoints": tf.constant([[[[1.0, 0.5, 2.0]]]]),
        "labels": tf.constant([[3]]),
    }
    images, targets = resized(images, targets, (3, 4))
    np.testing.assert_array_equal(images[0, :, :, 0], [[0, 25, 75, 100]] * 3)
    np.testing.assert_array_equal(targets["boxes"], [[[0, 0, 2, 3]]])
    np.testing.assert_array_equal(targets["keypoints"], [[[[2, 1.5, 2]]]])
    np.testing.assert_array_equal(targets["labels"], [[3]])


def test_proposals_are_resized_with_their_pictures():
    inputs = {"image": tf.zeros((1, 4, 4, 3), tf.uint8), "proposals": tf.constant([[[0.0, 1, 2, 3], [0, 0, 0, 0]]])}
    inputs, targets = resized(inputs, {"labels": tf.constant([[3]])}, (8, 12))
    assert inputs["image"].shape == (1, 8, 12, 3) and targets.keys() == {"labels"}
    np.testing.assert_array_equal(inputs["proposals"], [[[0, 2, 6, 6], [0, 0, 0, 0]]])


def test_every_ten_batches_draw_a_size_from_seed_and_step():
    batches = tf.data.Dataset.from_tensors((tf.zeros((1, 32, 32, 3), tf.uint8), {"labels": tf.zeros((1,))})).repeat()
    sizes = sizes_of(in_sizes(batches, SIZES, seed=1), 100)
    assert all(len(set(sizes[i : i + 10])) == 1 for i in range(0, 100, 10))
    assert set(sizes) == set(SIZES)
    assert sizes_of(in_sizes(batches, SIZES, seed=1, step=37), 20) == sizes[37:57]
    assert sizes_of(in_sizes(batches, SIZES, seed=2), 100) != sizes


def test_the_stream_resumes(scenes):
    arguments = {
        "task": "keypoints",
        "picture_size": (64, 64),
        "batch_size": 2,
        "training": True,
        "cache": True,
        "multi_scale": SIZES,
    }
    whole = list(islice(pipeline(scenes("train"), **arguments).as_numpy_iterator(), 24))
    resumed = islice(pipeline(scenes("train"), skip=18, **arguments).as_numpy_iterator(), 15)
    for (images, targets), (others, other_targets) in zip(whole[9:], resumed, strict=True):
        np.testing.assert_array_equal(images, others)
        tf.nest.map_structure(np.testing.assert_array_equal, targets, other_targets)
    assert len({images.shape for images, _ in whole}) > 1
    for images, targets in whole:
        height, width = images.shape[1:3]
        assert np.all(targets["boxes"] <= [width, height, width, height])


def test_a_detector_learns_at_several_sizes(scenes, monkeypatch):
    """In one compiled step, which sees another size at every batch."""
    monkeypatch.setattr(multi_scale, "BATCHES_A_SIZE", 1)
    arguments = {"task": "detection", "picture_size": (64, 64), "batch_size": 2, "training": True}
    batches = pipeline(scenes("train"), **arguments, multi_scale=SIZES)
    assert len(set(sizes_of(batches, 6))) > 1
    model = tiny_yolo_v2(len(scenes("train").class_names("detection")), width=1 / 16)
    model.compile("sgd")
    history = model.fit(batches, steps_per_epoch=6, epochs=1, shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all() and history["box_loss"][0] > 0


def test_measuring_knows_one_size(scenes):
    dataset = pipeline(scenes("val"), task="detection", picture_size=(64, 64), batch_size=1, multi_scale=SIZES)
    assert set(sizes_of(dataset, 5)) == {(64, 64)}


@pytest.mark.parametrize("sizes", [((33, 32),), ((0, 32),), (320,), ((32, 32, 32),), (("a", "b"),)])
def test_wrong_sizes_are_named(scenes, sizes):
    with pytest.raises(InputError, match=r"multi_scale takes \(height, width\) in multiples of 32, received"):
        pipeline(scenes("val"), task="detection", picture_size=(64, 64), batch_size=1, multi_scale=sizes)


def test_resumes_at_whole_batches_only(scenes):
    with pytest.raises(InputError, match="whole batches of 2, received skip=3"):
        pipeline(scenes("val"), task="detection", picture_size=(64, 64), batch_size=2, skip=3, multi_scale=SIZES)
