import numpy as np
import pytest

from recipes.training.rcnn.regression import ridge, train_regressors
from tests.recipes.training.rcnn.toys import regions


def test_ridge_solves_the_normal_equations():
    rng = np.random.default_rng(0)
    features, rows = rng.normal(1, 2, (900, 6)).astype(np.float16), np.arange(0, 900, 2)
    before = features.copy()
    targets = features[rows] @ rng.normal(0, 1, (6, 4)) + 3 + rng.normal(0, 0.1, (len(rows), 4))
    weights, bias = ridge(features, rows, targets, scale=0.5)
    # Of the features as they are, half of each being learned from: lambda counts four times.
    chosen = features[rows].astype("float64")
    centred = chosen - chosen.mean(axis=0)
    expected = np.linalg.solve(centred.T @ centred + 4 * 1000.0 * np.eye(6), centred.T @ targets)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    np.testing.assert_allclose(bias, targets.mean(axis=0) - chosen.mean(axis=0) @ expected, rtol=1e-6)
    np.testing.assert_array_equal(features, before)


def test_ridge_by_hand():
    # One feature, -1 and 1: the slope is x'y / (x'x + lambda) = 4 / (2 + 2).
    weights, bias = ridge(np.array([[-1.0], [1.0]]), np.array([0, 1]), np.array([[1.0], [5.0]]), strength=2)
    assert weights == pytest.approx(np.array([[1.0]])) and bias == pytest.approx([3.0])


def test_each_class_learns_its_own_offsets():
    rng = np.random.default_rng(0)
    # Objects of the first class lie half a width to the right of their proposals, those of the second where they are.
    boxes = np.tile([0, 0, 10, 10], (40, 1))
    kinds = np.arange(40) % 2
    matches = boxes + np.where(kinds[:, None] == 0, [5, 0, 5, 0], 0)
    found = regions([-1] * 40, np.eye(3)[kinds], boxes, matches)
    features = rng.normal(0, 1, (40, 3)).astype(np.float16)
    weights, biases = train_regressors(features, found, np.arange(40), 3)
    assert weights.shape == (3, 12) and biases.shape == (12,)
    np.testing.assert_allclose(features @ weights + biases, np.tile([0.5] + [0] * 11, (40, 1)), atol=0.01)


def test_without_proposals_near_an_object_boxes_stay():
    found = regions([0, -1], [[1, 0], [0.2, 0]])
    weights, biases = train_regressors(np.zeros((0, 5), np.float16), found, np.array([], int), 2)
    assert weights.shape == (5, 8) and not weights.any() and not biases.any()
