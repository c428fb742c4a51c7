"""Gaussian filtering of values at any points of a space of some dimensions, on the permutohedral lattice.

Source: Adams, Baek & Davis 2010, "Fast High-Dimensional Filtering Using the Permutohedral Lattice", sections 3 and 4.
"""

import numpy as np

from zoo.errors import InputError


def gaussian_mean(features, weight=1.0):
    """Returns the filter that gives each point the mean of all points' values, near ones counting as a Gaussian says.

    Values are splat onto the corners of the simplex around their point, blurred along each axis of the lattice, and
    sliced at the points. As in the authors' code only lattice points that were splat on take part. What is sliced is
    divided by the filter of ones.

    Args:
        features: `(d, N)` float, the coordinates of the points in standard deviations of the Gaussian.
        weight: factor on the mean.
    Returns:
        List of `scipy.sparse` float32 matrices, to `apply` to `(N, C)` float32 values.
    Raises:
        InputError: if the points lie too far apart for a lattice of that width.
    """
    from scipy.sparse import csr_matrix

    keys, weights, steps = corners(features)
    num_corners, num_points = keys.shape
    # Sorting keys and places as one number takes a fifth of the time of `numpy.unique`.
    bits = keys.size.bit_length()
    places = np.sort(keys.ravel() << bits | np.arange(keys.size))
    keys = places >> bits
    places &= (1 << bits) - 1
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    lattice = keys[starts]
    splat = csr_matrix(
        (weights.ravel()[places], places % num_points, np.append(starts, keys.size)),
        shape=(len(lattice), num_points),
    )
    matrices = [splat, *(blur(lattice, step) for step in steps), splat.T.tocsr()]
    ones = apply(matrices, np.ones((num_points, 1), np.float32))
    matrices[-1].data *= np.repeat(np.float32(weight) / ones, num_corners)
    return matrices


def apply(matrices, values):
    """Multiplies `(N, C)` values by some matrices in turn."""
    for matrix in matrices:
        values = matrix @ values
    return values


def corners(features):
    """Finds the simplex of the lattice around each of some points, `(d, N)`.

    A lattice point is d + 1 whole numbers, of which only the differences count (section 3.1). The corners around a
    point are its coordinates rounded down, and what comes of raising them by 1 in turn, the largest remainder first.

    Returns:
        keys: `(d + 1, N)` int64, numbers of the corners, from 0.
        weights: `(d + 1, N)` float32, barycentric, sum 1.
        steps: `(d + 1,)` int64, what a key grows by along each axis of the lattice.
    """
    d, num_points = features.shape
    lifted = basis(d) @ np.asarray(features, np.float32)
    cells = np.floor(lifted)
    order = np.argsort(cells - lifted, axis=0)
    remainders = np.take_along_axis(lifted - cells, order, axis=0)
    weights = -np.diff(remainders, axis=0, prepend=remainders[-1:])
    weights[0] += 1

    differences = cells[:-1] - cells[-1]
    # Corners lie up to one step beyond the cells, their neighbours two.
    lowest, spans = differences.min(axis=1) - 2, np.ptp(differences, axis=1).astype(np.float64) + 5
    if not np.prod(spans) * 2.0 ** weights.size.bit_length() < 2.0**63:
        raise InputError(
            f"{num_points} points on a lattice of {' x '.join(f'{span:.0f}' for span in spans)} are too many: "
            "take wider kernels"
        )
    radix = np.append(1, np.cumprod(spans[:-1])).astype(np.int64)
    steps = np.append(radix, -radix.sum())
    first = radix @ (differences - lowest[:, None]).astype(np.int64)
    return np.cumsum(np.vstack([first, steps[order[:-1]]]), axis=0), weights, steps


def basis(d):
    """Returns `(d + 1, d)` float32, one orthogonal column a feature, each of sum 0.

    Their length is that by which splatting, blurring and slicing together are a Gaussian of deviation 1 (section 4).
    """
    columns = np.triu(np.ones((d + 1, d))) - np.diag(np.arange(1.0, d + 1), -1)[:, :d]
    return (np.sqrt(2 / 3) * columns / np.linalg.norm(columns, axis=0)).astype(np.float32)


def blur(lattice, step):
    """Returns the matrix that adds to each of `(M,)` sorted lattice points half of its neighbours along an axis."""
    from scipy.sparse import csr_matrix

    all_points = np.arange(len(lattice))
    found = np.searchsorted(lattice, lattice + step) % len(lattice)
    here = np.flatnonzero(lattice[found] == lattice + step)
    there = found[here]
    rows, columns = np.concatenate([all_points, here, there]), np.concatenate([all_points, there, here])
    shares = np.repeat(np.float32([1, 0.5]), [len(lattice), 2 * len(here)])
    return csr_matrix((shares, (rows, columns)), shape=(len(lattice), len(lattice)))
