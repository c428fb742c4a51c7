import numpy as np
import pytest
import tensorflow as tf

from recipes.data.warp import elastic, rotate


def noise(height=12, width=16):
    rng = np.random.default_rng(0)
    return {
        "image": tf.constant(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)),
        "segmentation": tf.constant(rng.integers(0, 4, (height, width), dtype=np.int32)),
    }


def scene(size=(8, 8)):
    """One object of 4x2 pixels with three points: a seen, a hidden and an absent one."""
    return {
        "image": noise(*size)["image"],
        "boxes": tf.constant([[1.0, 2, 5, 4]]),
        "labels": tf.constant([3]),
        "keypoints": tf.constant([[[1.0, 2, 2], [5, 4, 1], [0, 0, 0]]]),
        "ignored": tf.constant([True]),
    }


def without_objects(example):
    return {key: value if key == "image" else value[:0] for key, value in example.items()}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


def test_elastic_moves_picture_and_labels_together():
    # Labels drawn as a picture: after the warp they must agree wherever the picture is not between two values.
    labels = np.zeros((32, 32), np.int32)
    labels[8:24, 8:24] = 1
    image = np.repeat(labels[..., None] * 200, 3, -1).astype(np.uint8)
    warped = elastic({"image": tf.constant(image), "segmentation": tf.constant(labels)}, 3.0, (0, 1))
    pixels = warped["image"][..., 0].numpy()
    assert np.any(warped["segmentation"] != labels)
    np.testing.assert_array_equal(warped["segmentation"].numpy()[pixels < 50], 0)
    np.testing.assert_array_equal(warped["segmentation"].numpy()[pixels > 150], 1)


def test_elastic_moves_by_about_sigma():
    ramp = np.tile(np.arange(64, dtype=np.float32), (64, 1))
    image = tf.constant(np.repeat(ramp[..., None], 3, -1))
    moved = [elastic({"image": image}, 4.0, (0, i))["image"][16:48, 16:48, 0] - ramp[16:48, 16:48] for i in range(40)]
    assert 2.0 < np.std(moved) < 5.0


def test_elastic_without_movement_changes_nothing():
    assert_same(elastic(noise(), 0.0, (0, 1)), noise())


def test_a_quarter_turn_by_hand():
    # Clockwise about (4, 4): (x, y) goes to (8 - y, x).
    turned = rotate(scene(), 90.0)
    np.testing.assert_allclose(turned["image"], np.rot90(scene()["image"], -1), atol=0.02)
    np.testing.assert_allclose(turned["boxes"], [[4, 1, 6, 5]], atol=1e-4)
    np.testing.assert_allclose(turned["keypoints"], [[[6, 1, 2], [4, 5, 1], [0, 0, 0]]], atol=1e-4)


def test_a_box_becomes_the_one_around_its_corners():
    # A square of side 2 in the middle, turned by 45 degrees, is sqrt(8) wide and high.
    example = {**scene(), "boxes": tf.constant([[3.0, 3, 5, 5]])}
    half = np.sqrt(2)
    np.testing.assert_allclose(rotate(example, 45.0)["boxes"], [[4 - half, 4 - half, 4 + half, 4 + half]], atol=1e-4)


def test_what_turns_out_of_the_picture_is_lost_and_what_turns_in_is_grey():
    turned = rotate({**scene((4, 20)), "boxes": tf.constant([[0.0, 0, 4, 4]])}, 90.0)
    assert turned["boxes"].shape == (0, 4) and turned["labels"].shape == turned["ignored"].shape == (0,)
    assert turned["keypoints"].shape == (0, 3, 3)
    np.testing.assert_allclose(turned["image"][:, :7], 114.0, atol=0.1)
    kept = rotate({**scene((4, 20)), "boxes": tf.constant([[8.0, 0, 12, 4]])}, 90.0)
    np.testing.assert_array_equal(kept["keypoints"], np.zeros((1, 3, 3)))


def test_proposals_turn_as_boxes_do_and_keep_their_rows():
    proposals = tf.constant([[1.0, 2, 5, 4], [0, 0, 0, 0], [3, 3, 5, 5]])
    turned = rotate({**scene(), "proposals": proposals}, 90.0)
    np.testing.assert_allclose(turned["proposals"], [[4, 1, 6, 5], [0, 0, 0, 0], [3, 3, 5, 5]], atol=1e-4)
    np.testing.assert_array_equal(turned["proposals"][0], turned["boxes"][0])
    lost = rotate({**scene((4, 20)), "proposals": tf.constant([[0.0, 0, 4, 4]])}, 90.0)
    np.testing.assert_array_equal(lost["proposals"], np.zeros((1, 4)))


def test_no_turn_changes_nothing():
    assert_same(rotate(scene(), 0.0), scene())


def test_there_and_back():
    back = rotate(rotate({**scene((64, 64)), "boxes": tf.constant([[20.0, 20, 40, 40]])}, 20.0), -20.0)
    np.testing.assert_allclose(back["keypoints"][0, :0], np.zeros((0, 3)))
    centre = (back["boxes"][0, :2] + back["boxes"][0, 2:]) / 2
    np.testing.assert_allclose(centre, [30, 30], atol=1e-3)


@pytest.mark.parametrize("degrees", [0.0, 33.0])
def test_no_objects(degrees):
    turned = rotate(without_objects(scene()), degrees)
    assert turned["boxes"].shape == (0, 4) and turned["keypoints"].shape == (0, 3, 3)


def test_rotate_runs_in_tf_data():
    (in_graph,) = tf.data.Dataset.from_tensors(scene()).map(lambda example: rotate(example, 25.0))
    eager = rotate(scene(), 25.0)
    for key in eager:
        np.testing.assert_allclose(in_graph[key].numpy().astype(float), eager[key].numpy().astype(float), atol=1e-3)
