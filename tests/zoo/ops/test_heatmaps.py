"""Keypoints to cells of heat maps, and back."""

import numpy as np
import pytest
from keras import ops

from zoo.ops import heatmaps

pytestmark = pytest.mark.core


def cells(x, y, visibility, box, size=4):
    found = heatmaps.target_cells(
        ops.convert_to_tensor([[[x, y, visibility]]], "float32"), ops.convert_to_tensor([box], "float32"), size
    )
    return tuple(float(ops.convert_to_numpy(value)[0, 0]) for value in found)


def test_a_point_falls_into_the_cell_that_covers_it():
    box = [10, 20, 18, 28]  # cells of 2 pixels
    assert cells(13, 25, 2, box) == (2 * 4 + 1, 1)
    assert cells(10, 20, 1, box) == (0, 1)
    assert cells(18, 28, 2, box) == (15, 1)  # the far border belongs to the last cell


@pytest.mark.parametrize("x, y, visibility", [(9, 25, 2), (13, 28.5, 2), (13, 25, 0)])
def test_a_point_outside_or_unseen_has_no_cell(x, y, visibility):
    assert cells(x, y, visibility, [10, 20, 18, 28]) == (0, 0)


def cubic(away):
    away, a = abs(away), -0.75
    if away <= 1:
        return ((a + 2) * away - (a + 3)) * away**2 + 1
    return ((a * away - 5 * a) * away + 8 * a) * away - 4 * a if away < 2 else 0.0


def whole_map(heatmap, box):
    """Resizes the whole map to the region, as Detectron and torchvision do, and reads its maximum; in loops."""
    size = len(heatmap)
    width, height = (max(box[i + 2] - box[i], 1.0) for i in (0, 1))
    weights = []
    for pixels in (int(np.ceil(height)), int(np.ceil(width))):
        rows = np.zeros((pixels, size))
        for pixel in range(pixels):
            place = (pixel + 0.5) * size / pixels - 0.5
            for tap in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
                rows[pixel, np.clip(tap, 0, size - 1)] += cubic(place - tap)
        weights.append(rows)
    values = weights[0] @ heatmap @ weights[1].T
    y, x = np.unravel_index(values.argmax(), values.shape)
    return (
        box[0] + (x + 0.5) * width / np.ceil(width),
        box[1] + (y + 0.5) * height / np.ceil(height),
        values.max(),
    )


def test_points_are_those_of_the_whole_map_resized_bicubically():
    rng = np.random.default_rng(0)
    boxes = np.array(
        [[[3.2, 5.1, 100.7, 180.4], [0, 0, 7.3, 4.2], [10, 10, 200, 40.5], [5, 6, 5.2, 6.2]]] * 2, "float32"
    )
    maps = rng.normal(size=(2, 4, 16, 16, 3)).astype("float32")
    for place in np.ndindex(2, 4, 3):  # a peak stands out of the noise, as in heat maps that have learned something
        maps[(*place[:2], *rng.integers(0, 16, 2), place[2])] = 6.0
    maps[0, 0, 0, 0, 0] = maps[0, 0, 15, 15, 1] = 9.0  # at the border
    found = ops.convert_to_numpy(heatmaps.points(maps, boxes, largest_side=200))
    assert found.shape == (2, 4, 3, 3)
    for place in np.ndindex(2, 4, 3):
        picture, row, kind = place
        expected = whole_map(maps[picture, row, :, :, kind].astype("float64"), boxes[picture, row].astype("float64"))
        np.testing.assert_allclose(found[place], expected, atol=2e-3)


def test_no_region_gives_no_points():
    found = heatmaps.points(np.zeros((1, 0, 8, 8, 2), "float32"), np.zeros((1, 0, 4), "float32"), largest_side=32)
    assert tuple(found.shape) == (1, 0, 2, 3)
