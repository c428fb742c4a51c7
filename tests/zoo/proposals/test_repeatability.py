import numpy as np
import pytest

from zoo.proposals import repeatability as module
from zoo.proposals.repeatability import CHANGES, area_under_recall, in_common, repeatability


def spots(height=90, width=120):
    """A black picture with four bright spots, and their centres `(4, 2)` x, y in pixels."""
    picture = np.zeros((height, width, 3), np.uint8)
    corners = np.array([[50, 40], [70, 40], [50, 50], [66, 54]])
    for x, y in corners:
        picture[y : y + 3, x : x + 3] = 255
    return picture, corners + 1.5


def centre_near(picture, point, reach=5):
    """Returns the brightness-weighted x, y about a point."""
    rows, columns = np.indices(picture.shape[:2]) + 0.5
    weights = picture[..., 0] * (np.hypot(columns - point[0], rows - point[1]) < reach)
    return np.array([np.sum(columns * weights), np.sum(rows * weights)]) / weights.sum()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_map_takes_what_is_seen_in_the_reference_to_where_the_copy_shows_it(change):
    picture, points = spots()
    reference, copy, affine = change(picture)
    assert copy.dtype == np.uint8 and copy.ndim == 3
    offset = (np.array(picture.shape[:2]) - reference.shape[:2])[::-1] / 2
    for point in points - offset:
        np.testing.assert_allclose(centre_near(reference, point), point, atol=1e-6)
        there = affine @ [*point, 1]
        np.testing.assert_allclose(centre_near(copy, there), there, atol=0.4)


@pytest.mark.parametrize("size", [(60, 90), (90, 60), (41, 41)])
def test_a_turned_picture_shows_nothing_from_outside(size):
    reference, copy, _ = module.rotated(np.full((*size, 3), 200, np.uint8))
    assert copy.shape == reference.shape and copy.min() > 190
    assert min(copy.shape[:2]) >= 0.7 * min(size)


def test_every_change_changes_the_picture():
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    for change in CHANGES.values():
        reference, copy, _ = change(picture)
        assert copy.shape != reference.shape or np.any(copy != reference)


def test_boxes_of_a_smaller_copy_by_hand():
    half = np.array([[0.5, 0, 0], [0, 0.5, 0]])
    reference = np.array([[10.0, 10, 30, 30], [90, 0, 120, 10]])
    copy = np.array([[5.0, 5, 15, 15], [46, 0, 70, 10]])
    # Centres outside the copy (105 / 2 > 50) and outside the reference (116 > 100) are left out.
    wanted, found = in_common(reference, copy, half, (80, 100, 3), (40, 50, 3))
    np.testing.assert_allclose(wanted, [[10, 10, 30, 30]])
    np.testing.assert_allclose(found, [[10, 10, 30, 30]])


def test_a_turned_box_takes_the_means_of_its_corners():
    # A square of side 2 about (5, 5), turned by 45 degrees: corners at 5 and 5 +- sqrt(2).
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    affine = np.column_stack([np.linalg.inv(turn), [5, 5] - np.linalg.inv(turn) @ [5, 5]])
    _, found = in_common(np.zeros((0, 4)), np.array([[4.0, 4, 6, 6]]), affine, (10, 10), (10, 10))
    r = np.sqrt(2) / 2
    np.testing.assert_allclose(found, [[5 - r, 5 - r, 5 + r, 5 + r]])


def test_greedy_matching_by_hand():
    # IoU: the first found box 1 with the first wanted and 0.5 with the second, which then takes what is left: 0.
    wanted = [[0, 0, 10, 10], [0, 0, 10, 5]]
    assert area_under_recall(wanted, [[0, 0, 10, 10]]) == pytest.approx(0.5)
    assert area_under_recall(wanted, [[0, 0, 10, 10], [0, 0, 10, 10]]) == pytest.approx((1 + 0.5) / 2)
    assert area_under_recall(wanted, wanted) == 1.0
    assert area_under_recall(wanted, np.zeros((0, 4))) == 0.0
    assert area_under_recall(np.zeros((0, 4)), wanted) == 1.0


def test_what_does_not_look_repeats_itself_unless_it_is_random():
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    grid, drawn = (repeatability(picture, 200, method) for method in ("sliding_window", "uniform"))
    assert list(grid) == list(CHANGES)
    assert grid["blur"] == grid["light"] == 1.0 and grid["rotation"] < 0.95
    assert 0.2 < drawn["blur"] < 0.95
