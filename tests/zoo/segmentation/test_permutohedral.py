from collections import defaultdict

import numpy as np
import pytest

from zoo import InputError
from zoo.segmentation.permutohedral import apply, corners, gaussian_mean


def filtered_by_the_book(features, values):
    """The filter as the paper's section 4 and the authors' code take it, point by point: rank, splat, blur, slice."""
    num_points, d = features.shape
    splat, embedded = defaultdict(float), []
    for point, value in zip(features, values, strict=True):
        scaled = [f * (d + 1) * np.sqrt(2 / 3) / np.sqrt((i + 1) * (i + 2)) for i, f in enumerate(point)]
        elevated = np.array([sum(scaled[i:]) - (i * scaled[i - 1] if i else 0) for i in range(d + 1)])
        nearest = np.rint(elevated / (d + 1)) * (d + 1)
        rank = np.argsort(np.argsort(nearest - elevated, kind="stable")) + int(np.rint(nearest.sum() / (d + 1)))
        nearest += (rank < 0) * (d + 1.0) - (rank > d) * (d + 1.0)
        rank %= d + 1
        weights = np.zeros(d + 2)
        for remainder, place in zip((elevated - nearest) / (d + 1), rank, strict=True):
            weights[d - place] += remainder
            weights[d + 1 - place] -= remainder
        weights[0] += 1 + weights[d + 1]
        simplex = [tuple((nearest + k - (d + 1) * (rank > d - k)).astype(int)) for k in range(d + 1)]
        embedded.append((simplex, weights[: d + 1]))
        for vertex, weight in zip(simplex, weights, strict=False):
            splat[vertex] += weight * value
    for axis in range(d + 1):
        away = np.ones(d + 1, int) - (d + 1) * (np.arange(d + 1) == axis)
        ends = [(tuple(np.add(v, away)), tuple(np.subtract(v, away))) for v in splat]
        sides = [splat.get(a, 0) + splat.get(b, 0) for a, b in ends]
        splat = {v: splat[v] + side / 2 for v, side in zip(splat, sides, strict=True)}
    return np.array([sum(w * splat[v] for v, w in zip(*one, strict=True)) for one in embedded])


@pytest.mark.parametrize("d", [1, 2, 5])
def test_it_is_the_filter_of_the_paper(d):
    rng = np.random.default_rng(d)
    features = rng.normal(0, 1.5, (60, d))
    values = rng.random((60, 2))
    expected = filtered_by_the_book(features, values) / filtered_by_the_book(features, np.ones((60, 1)))
    got = apply(gaussian_mean(features.T), values.astype("float32"))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-5)
    np.testing.assert_allclose(apply(gaussian_mean(features.T, 3), values.astype("float32")), 3 * expected, atol=3e-5)


def test_corners_by_hand():
    """In one dimension there is a lattice point every sqrt(3) / 2 deviations."""
    step = np.sqrt(3) / 2
    keys, weights, steps = corners(np.array([[0.0, step / 4, step, 1.5 * step]]))
    assert steps.tolist() == [1, -1]
    np.testing.assert_allclose(weights.max(axis=0), [1, 0.75, 1, 0.5], atol=1e-5)
    heavy = np.take_along_axis(keys, weights.argmax(axis=0)[None], 0)[0]
    assert heavy[0] == heavy[1] and heavy[2] == heavy[0] + 1
    assert abs(np.diff(keys[:, 3])) == 1 and heavy[2] in keys[:, 3]


def test_it_spreads_as_a_gaussian_of_unit_deviation():
    """On a fine grid the mean square of what a point sees is 1 along each axis, wherever in a simplex it lies."""
    rows, columns = np.mgrid[:61, :61] * 0.2
    grid = np.stack([rows.ravel(), columns.ravel()]).astype("float32")
    seen = apply(gaussian_mean(grid), np.stack([*grid, *grid**2, grid[0] * grid[1]], axis=1))
    middle = (abs(grid - 6) < 1.5).all(axis=0)
    means, squares, product = seen[:, :2].T, seen[:, 2:4].T, seen[:, 4]
    np.testing.assert_allclose(means[:, middle], grid[:, middle], atol=0.05)
    np.testing.assert_allclose((squares - means**2)[:, middle].mean(axis=1), 1, atol=0.02)
    np.testing.assert_allclose((product - means[0] * means[1])[middle].mean(), 0, atol=0.02)


def test_far_points_keep_their_values_and_equal_ones_share_theirs():
    values = np.float32([[1], [2], [6]])
    np.testing.assert_allclose(apply(gaussian_mean(np.float32([[0, 90, 180]])), values), values, atol=1e-6)
    np.testing.assert_allclose(apply(gaussian_mean(np.zeros((2, 3))), values), [[3]] * 3, atol=1e-6)


def test_a_lattice_that_cannot_be_numbered_is_refused():
    with pytest.raises(InputError, match="2 points on a lattice of .* are too many: take wider kernels"):
        corners(np.float32([[0, 1e7], [0, 1e7], [0, 1e7]]))
