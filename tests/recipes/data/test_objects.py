import numpy as np
import pytest
import tensorflow as tf

from recipes.data.objects import box_warning, in_frame, largest_object, select, within_picture

BOXES = [[-2.0, 1, 6, 3], [4, 2, 4, 5], [11, 0, 14, 3], [0, 0, 10, 8], [5, 5, 3, 7]]


def example(count=5):
    return {
        "image": tf.zeros((8, 10, 3), tf.uint8),
        "boxes": tf.constant(BOXES)[:count],
        "labels": tf.range(count),
        "keypoints": tf.ones((count, 2, 3)) * tf.range(count, dtype=tf.float32)[:, None, None],
        "ignored": tf.range(count) == 0,
        "areas": tf.range(count, dtype=tf.float32),
    }


def test_within_picture_by_hand():
    clipped = within_picture(example())
    np.testing.assert_array_equal(clipped["boxes"], [[0, 1, 6, 3], [0, 0, 10, 8]])
    np.testing.assert_array_equal(clipped["labels"], [0, 3])
    np.testing.assert_array_equal(clipped["ignored"], [True, False])
    np.testing.assert_array_equal(clipped["areas"], [0, 3])
    assert clipped["keypoints"].shape == (2, 2, 3)


def test_within_picture_twice_is_once():
    once = within_picture(example())
    for key, value in within_picture(once).items():
        np.testing.assert_array_equal(value, once[key])


def test_within_picture_of_nothing():
    assert within_picture(example(0))["boxes"].shape == (0, 4)


@pytest.mark.parametrize(
    ("visible", "left"), [(0.0, [0, 1, 2]), (0.25, [0, 1, 2]), (0.26, [1, 2]), (0.5, [1, 2]), (0.75, [2])]
)
def test_of_what_is_cut_off_a_share_must_remain(visible, left):
    # A quarter, half and all of the boxes remains in 10x8 pixels; the last one lies outside.
    boxes = tf.constant([[8.0, 6, 12, 10], [-3, 0, 3, 4], [2, 2, 5, 5], [11, 0, 14, 3]])
    kept = in_frame({"boxes": boxes, "labels": tf.range(4)}, tf.constant([10.0, 8.0]), visible)
    np.testing.assert_array_equal(kept["labels"], left)
    clipped = np.array([[8, 6, 10, 8], [0, 0, 3, 4], [2, 2, 5, 5]])
    np.testing.assert_array_equal(kept["boxes"], clipped[left])


def test_of_no_object_no_share_remains():
    kept = in_frame({"boxes": tf.zeros((0, 4)), "labels": tf.zeros(0, tf.int32)}, tf.constant([10.0, 8.0]), 0.5)
    assert kept["boxes"].shape == (0, 4)


def test_warnings_say_what_becomes_of_each_box():
    message = box_warning(BOXES, (8, 10))
    assert message.split("; ") == [
        "box 0 (-2, 1, 6, 3) reaches out of the 10x8 picture: clipped",
        "box 1 (4, 2, 4, 5) has no area: left out",
        "box 2 (11, 0, 14, 3) lies outside the 10x8 picture: left out",
        "box 4 (5, 5, 3, 7) has no area: left out",
    ]


@pytest.mark.parametrize("boxes", [[], [[0, 0, 10, 8]], [[-1, -0.5, 11, 9]]])
def test_a_pixel_is_not_worth_a_warning(boxes):
    assert box_warning(np.reshape(boxes, (-1, 4)), (8, 10)) is None


def test_select_leaves_the_picture():
    chosen = select(example(), tf.constant([False, True, False, False, True]))
    assert chosen["image"].shape == (8, 10, 3)
    np.testing.assert_array_equal(chosen["labels"], [1, 4])


def test_largest_object_by_hand():
    picked = largest_object(example())
    np.testing.assert_array_equal(picked["boxes"], [0, 0, 10, 8])
    np.testing.assert_array_equal(picked["keypoints"], np.full((2, 3), 3.0))
    assert picked["labels"] == 3


def test_largest_object_of_none():
    picked = largest_object(example(0))
    assert picked["labels"] == -1 and not np.any(picked["boxes"]) and not np.any(picked["keypoints"])
