import dataclasses
from collections import ChainMap

import numpy as np
import pytest
import tensorflow as tf

from recipes.data import Augment
from recipes.data.augmentation import colour
from zoo.errors import InputError

NOTHING = Augment(flip=0.0)


def noise(height=12, width=16):
    rng = np.random.default_rng(0)
    return {
        "image": tf.constant(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)),
        "segmentation": tf.constant(rng.integers(0, 4, (height, width), dtype=np.int32)),
    }


def assert_same(a, b):
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


def test_nothing_asked_for_changes_nothing():
    assert_same(NOTHING(noise(), (12, 16), (0, 1)), noise())


def test_certain_flips_mirror_every_picture():
    flipped = Augment(flip=1.0, vertical_flip=1.0)(noise(), (12, 16), (0, 1))
    assert_same(flipped, {key: value[::-1, ::-1] for key, value in noise().items()})


def test_flips_as_often_as_asked():
    augment, example = Augment(flip=0.25), noise()
    images = tf.data.Dataset.range(100).map(lambda i: augment(example, (12, 16), tf.stack([0, i]))["image"])
    flipped = sum(np.any(image != example["image"]) for image in images.as_numpy_iterator())
    assert 12 <= flipped <= 38


def test_keypoint_pairs_change_places():
    example = {**noise(), "keypoints": tf.constant([[[1.0, 2.0, 2.0], [5.0, 6.0, 1.0]]])}
    flipped = Augment(flip=1.0)(example, (12, 16), (0, 1), flip_pairs=((0, 1),))
    np.testing.assert_array_equal(flipped["keypoints"], [[[11, 6, 1], [15, 2, 2]]])


FIELDS = [{"scale": (0.5, 2.0)}, {"colour": 0.5}, {"elastic": 2.0}, {"flip": 0.5}, {"aspect": 0.5}]


@pytest.mark.parametrize(
    "field",
    [dict(ChainMap(*FIELDS)), *(pytest.param(field, marks=pytest.mark.full) for field in FIELDS)],
    ids=["all", *(next(iter(field)) for field in FIELDS)],
)
def test_the_same_seed_gives_the_same_result(field):
    augment = dataclasses.replace(NOTHING, **field)
    eager = [augment(noise(), (10, 10), (7, index)) for index in range(4)]
    in_graph = tf.data.Dataset.range(4).map(lambda i: augment(noise(), (10, 10), tf.stack([7, i])), 2)
    for a, b in zip(eager, in_graph, strict=True):
        np.testing.assert_array_equal(a["segmentation"], b["segmentation"])
        # Fused and single kernels may round differently.
        np.testing.assert_allclose(a["image"].numpy().astype(int), b["image"], atol=1)
    assert any(np.any(eager[0]["image"] != other["image"]) for other in eager[1:])


def test_colour_of_strength_0_changes_nothing():
    image = noise()["image"]
    np.testing.assert_allclose(colour(image, 0.0, (0, 1)), image, atol=1e-3)


def test_colour_keeps_grey_grey():
    grey = tf.fill((4, 5, 3), 90)
    changed = colour(grey, 0.8, (0, 1)).numpy()
    np.testing.assert_allclose(changed, changed[:1, :1, :1] * np.ones((4, 5, 3)), rtol=1e-3)


def test_colour_multiplies_the_mean_luma_by_the_brightness():
    # Contrast is about the mean, saturation and hue keep luma: only brightness is left.
    luma = np.array([0.299, 0.587, 0.114])
    image = noise()["image"]
    brightness = 1 + tf.random.stateless_uniform([4], (0, 5), -0.5, 0.5)[0]
    expected = brightness * np.mean(image.numpy() @ luma)
    np.testing.assert_allclose(np.mean(colour(image, 0.5, (0, 5)).numpy() @ luma), expected, rtol=1e-3)


def test_elastic_takes_no_objects():
    example = {**noise(), "boxes": tf.zeros((0, 4)), "labels": tf.zeros((0,), tf.int32)}
    with pytest.raises(InputError, match="set augment.elastic=0"):
        Augment(elastic=5.0)(example, (8, 8), (0, 1))


@pytest.mark.parametrize("key", ["segmentation", "masks"])
def test_rotation_takes_no_label_maps(key):
    example = {"image": tf.zeros((8, 8, 3), tf.uint8), key: tf.zeros((8, 8), tf.int32)}
    with pytest.raises(InputError, match="set augment.rotate=0"):
        Augment(rotate=5.0)(example, (8, 8), (0, 1))


def square(seed):
    """A white square on black with its box and centre, augmented."""
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:30, 20:40] = 255
    example = {
        "image": tf.constant(image),
        "boxes": tf.constant([[20.0, 10, 40, 30]]),
        "labels": tf.constant([0]),
        "keypoints": tf.constant([[[30.0, 20.0, 2.0]]]),
    }
    return Augment(rotate=30.0, aspect=0.3, scale=(0.6, 0.9))(example, (80, 80), seed)


@pytest.mark.parametrize("seed", range(6))
def test_boxes_and_points_follow_the_picture(seed):
    changed = square((seed, 1))
    rows, columns = np.nonzero(changed["image"][..., 0].numpy() > 180)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(changed["boxes"][0], seen, atol=2.0)
    np.testing.assert_allclose(changed["keypoints"][0, 0, :2], [columns.mean() + 0.5, rows.mean() + 0.5], atol=1.0)


@pytest.mark.full
def test_rotation_and_aspect_run_in_tf_data():
    in_graph = tf.data.Dataset.range(3).map(lambda i: square(tf.stack([i, 1])), 2)
    for index, example in enumerate(in_graph):
        np.testing.assert_allclose(example["boxes"], square((index, 1))["boxes"], atol=1e-3)
        np.testing.assert_allclose(example["keypoints"], square((index, 1))["keypoints"], atol=1e-3)


@pytest.mark.parametrize(("visible", "count"), [(0.0, 1), (0.24, 1), (0.26, 0)])
def test_what_a_crop_leaves_too_little_of_is_not_learned(visible, count):
    # At twice the scale the frame shows half of each side: a quarter of a box around the whole picture.
    example = {"image": noise()["image"], "boxes": tf.constant([[0.0, 0, 16, 12]]), "labels": tf.constant([0])}
    cropped = Augment(flip=0.0, scale=(2.0, 2.0), visible=visible)(example, (12, 16), (0, 1))
    assert cropped["boxes"].shape == (count, 4) and cropped["labels"].shape == (count,)


@pytest.mark.parametrize(
    "field",
    [
        {"flip": 1.5},
        {"vertical_flip": -0.1},
        {"colour": 2.0},
        {"scale": (2.0, 1.0)},
        {"scale": (0.0, 1.0)},
        {"scale": (1.0,)},
        {"elastic": -1.0},
        {"rotate": -1.0},
        {"rotate": 200.0},
        {"aspect": 1.0},
        {"aspect": -0.1},
        {"visible": 1.1},
        {"mosaic": 1.1},
        {"mixup": -0.1},
        {"copy_paste": 2.0},
    ],
)
def test_fields_outside_their_range(field):
    (name,) = field
    with pytest.raises(InputError, match=f"augment.{name} .*received"):
        Augment(**field)
