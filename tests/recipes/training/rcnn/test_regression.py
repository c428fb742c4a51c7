import numpy as np
import pytest

from recipes.training.rcnn.regression import ridge, train_regressors
from tests.recipes.training.rcnn.toys import regions


def test_ridge_solves_the_normal_equations():
    rng = np.random.default_rng(0)
    features, rows = rng.normal(1, 2, (900, 6)).astype(np.float16), np.arange(0, 900, 2)
    before = features.copy()
    targets = features[rows] @ rng.normal(0, 1, (6, 4)) + 3 + rng.normal(0, 0.1, (len(rows), 4))
    weights, bias = ridge(features, rows, targets, scale=0.3)
    # Of the features as they are, 0.3 of each being learned from: lambda counts 1 / 0.09 times.
    chosen = features[rows].astype("float64")
    with_ones, mean = np.column_stack([chosen, np.ones(len(rows))]), targets.mean(axis=0)
    penalty = 1000.0 * np.diag([1 / 0.09] * 6 + [1])
    expected = np.linalg.solve(with_ones.T @ with_ones + penalty, with_ones.T @ (targets - mean))
    np.testing.assert_allclose(weights, expected[:-1], rtol=1e-6)
    np.testing.assert_allclose(bias, expected[-1] + mean, rtol=1e-6)
    np.testing.assert_array_equal(features, before)


def test_ridge_by_hand():
    # One feature, 0 and 2, and the ones of the bias, which is penalised too: [[6, 2], [2, 4]] [w, b] = [4, 0] for
    # targets of -2 and 2 about their mean of 3.
    weights, bias = ridge(np.array([[0.0], [2.0]]), np.array([0, 1]), np.array([[1.0], [5.0]]), strength=2)
    assert weights == pytest.approx(np.array([[0.8]])) and bias == pytest.approx([3 - 0.4])


def test_decorrelated_targets_would_change_nothing():
    """As the release learns: about their mean, by the inverse root of their covariance, and back."""
    rng = np.random.default_rng(1)
    features = rng.normal(1, 1, (50, 3))
    targets = rng.normal(0, 1, (50, 4)) @ rng.normal(0, 1, (4, 4)) + [1, 2, 3, 4]
    mean = targets.mean(axis=0)
    values, vectors = np.linalg.eigh((targets - mean).T @ (targets - mean) / 50)
    root = vectors @ np.diag(np.sqrt(values + 0.001)) @ vectors.T
    weights, bias = ridge(features, np.arange(50), (targets - mean) @ np.linalg.inv(root), strength=30)
    plain_weights, plain_bias = ridge(features, np.arange(50), targets, strength=30)
    np.testing.assert_allclose(weights @ root, plain_weights, rtol=1e-9)
    np.testing.assert_allclose(bias @ root + mean, plain_bias, rtol=1e-9)


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
