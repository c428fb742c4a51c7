import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full
from zoo.backbones.normalization import IMAGENET_MEAN
from zoo.errors import InputError
from zoo.ops.warp import warp_regions


def ramp(height=12, width=16):
    """A picture whose channels are ten times the column, ten times the row, and 7."""
    row, column = np.mgrid[:height, :width]
    return np.stack([10 * column, 10 * row, np.full_like(row, 7)], axis=-1).astype("uint8")


def warp(images, boxes, pictures=None, **kwargs):
    pictures = np.zeros(len(boxes), "int32") if pictures is None else np.array(pictures, "int32")
    boxes = np.array(boxes, "float32").reshape(-1, 4)
    return ops.convert_to_numpy(warp_regions(np.stack(images), boxes, pictures, **kwargs))


@core_in_full
def test_at_its_own_scale_a_region_comes_with_the_pixels_around_it():
    picture = ramp()
    (crop,) = warp([picture], [[5, 4, 9, 8]], size=8, context=2)
    np.testing.assert_allclose(crop, picture[2:10, 3:11], atol=1e-4)


@pytest.mark.core
def test_sides_are_warped_each_by_itself():
    (crop,) = warp([ramp()], [[4, 4, 12, 6]], size=8, context=2)
    # Inside, 4 pixels show 8 columns: centres at 5, 7, 9, 11, which lie between two pixels; and 2 rows: at 4.25 ...
    np.testing.assert_allclose(crop[4, :, 0], 10 * (np.array([1, 3, 5, 7, 9, 11, 13, 15]) - 0.5), atol=1e-3)
    np.testing.assert_allclose(crop[:, 4, 1], 10 * (np.arange(3.25, 7.25, 0.5) - 0.5), atol=1e-3)


@pytest.mark.core
def test_outside_of_the_picture_is_the_mean_colour():
    picture = ramp()
    (crop,) = warp([picture], [[0, 8, 4, 12]], size=8, context=2)
    np.testing.assert_allclose(crop[:6, 2:], picture[6:12, :6], atol=1e-4)
    np.testing.assert_allclose(crop[6:], np.broadcast_to(IMAGENET_MEAN, (2, 8, 3)))
    np.testing.assert_allclose(crop[:, :2], np.broadcast_to(IMAGENET_MEAN, (8, 2, 3)))


@core_in_full
def test_each_region_is_of_its_picture_whatever_the_type_of_pixels():
    pictures = [ramp(), 255 - ramp()]
    boxes = [[0, 0, 8, 8], [3, 3, 5, 9], [3, 3, 5, 9]]
    crops = warp(pictures, boxes, [1, 0, 1], size=6, context=1)
    np.testing.assert_allclose(crops[0], warp(pictures[1:], boxes[:1], size=6, context=1)[0])
    np.testing.assert_allclose(crops[1, 1:-1, 1:-1] + crops[2, 1:-1, 1:-1], 255, atol=1e-3)
    np.testing.assert_allclose(crops, warp(np.float32(pictures), boxes, [1, 0, 1], size=6, context=1))


@core_in_full
def test_no_region_and_no_room():
    assert warp([ramp()], [], size=6, context=1).shape == (0, 6, 6, 3)
    assert np.isfinite(warp([ramp()], [[0, 0, 0, 0]], size=6, context=1)).all()
    with pytest.raises(InputError, match=r"size > 2 \* context, received size=6 and context=3"):
        warp([ramp()], [[0, 0, 4, 4]], size=6, context=3)
