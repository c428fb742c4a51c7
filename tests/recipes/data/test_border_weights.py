import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from recipes.data import Augment, open_source, pipeline
from recipes.data.border_weights import border_weights
from tests.recipes.data.batches import first
from zoo import InputError


def gain(distance, w0=10.0, sigma=5.0):
    return w0 * math.exp(-(distance**2) / (2 * sigma**2))


def test_a_strip_of_two_cells_by_hand():
    """The three pixels between are 1 + 3, 2 + 2 and 3 + 1 from the borders, those of a cell 0 + 4 and 1 + 5."""
    strip = np.array([[1, 1, 0, 0, 0, 1, 1]])
    expected = 1 + np.array([[gain(6), gain(4), gain(4), gain(4), gain(4), gain(4), gain(6)]])
    weights = border_weights(strip)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert weights.dtype == np.float32
    for labels in (strip.T, np.where(strip == 1, [1, 1, 1, 1, 1, 2, 2], 0).T):  # a cell of another class counts alike
        np.testing.assert_allclose(border_weights(labels), expected.T, rtol=1e-6)
    other = border_weights(strip, w0=2.0, sigma=1.5, class_weights=[3.0, 0.5])
    np.testing.assert_allclose(other[0, :3], [0.5 + gain(6, 2, 1.5), 0.5 + gain(4, 2, 1.5), 3 + gain(4, 2, 1.5)])


@pytest.mark.parametrize("labels", [np.zeros((3, 4), int), np.ones((3, 4), int), np.eye(1, 5, 2, int)])
def test_one_cell_or_none_leaves_the_classes_weights(labels):
    np.testing.assert_array_equal(border_weights(labels), 1)
    np.testing.assert_array_equal(border_weights(labels, class_weights=[2, 3]), labels + 2)


def test_void_is_no_cell_and_weighs_nothing():
    np.testing.assert_array_equal(border_weights(np.array([[1, 0, 255, 255, 0]])), [[1, 1, 0, 0, 1]])
    weights = border_weights(np.array([[1, 0, 255, 1]]), class_weights=[1, 1])
    np.testing.assert_allclose(weights, [[1 + gain(3), 1 + gain(3), 0, 1 + gain(3)]], rtol=1e-6)


def test_cells_that_meet_at_corners_are_two():
    assert border_weights(np.eye(2, dtype=int))[0, 0] == pytest.approx(1 + gain(math.sqrt(2)))


@pytest.mark.parametrize("size", [(40, 61), (33, 17)])
def test_many_cells_as_by_one_distance_map_a_cell(size):
    labels = ndimage.zoom(np.random.default_rng(1).integers(0, 3, (size[0] // 4, size[1] // 4)), 4, order=0)
    maps = []
    for label in (1, 2):
        cells, count = ndimage.label(labels == label)
        for cell in range(1, count + 1):
            outermost = (cells == cell) & ~ndimage.binary_erosion(cells == cell, border_value=1)
            maps.append(ndimage.distance_transform_edt(~outermost))
    nearest, second = np.sort(maps, axis=0)[:2]
    expected = 1 + 10 * np.exp(-((nearest + second) ** 2) / (2 * 1.5**2))
    np.testing.assert_allclose(border_weights(labels, sigma=1.5), expected, atol=1e-4)


def test_the_pipeline_weighs_the_augmented_labels(folder):
    """Each map of weights is that of the crop beside it; measuring has none."""
    arguments = {"task": "segmentation", "picture_size": (12, 17), "batch_size": 2, "pixel_weights": border_weights}
    augment = Augment(scale=(0.7, 2.0), elastic=1.0)
    for changes in (None, augment):
        dataset = pipeline(open_source(f"masks:{folder}"), training=True, augment=changes, **arguments)
        assert dataset.element_spec[2] == tf.TensorSpec((2, 12, 17), tf.float32)
        for _, labels, weights in first(dataset, 2):
            np.testing.assert_array_equal(weights, [border_weights(one) for one in labels])
            assert weights.max() > 1 and (weights[labels == 255] == 0).all()
    assert len(pipeline(open_source(f"masks:{folder}"), **arguments).element_spec) == 2


def test_boxes_have_no_pixels_to_weigh(scenes):
    arguments = {"picture_size": (12, 17), "batch_size": 2, "pixel_weights": border_weights}
    with pytest.raises(InputError, match="are for segmentation, received the task 'detection': leave them out"):
        pipeline(scenes("train"), task="detection", training=True, **arguments)
