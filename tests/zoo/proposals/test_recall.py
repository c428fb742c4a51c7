import numpy as np
import pytest

from zoo.errors import InputError
from zoo.proposals.recall import average_recall, best_overlaps, recall

OBJECTS = [[0, 0, 10, 10], [20, 0, 30, 10]]
PROPOSALS = [[50, 50, 60, 60], [0, 0, 10, 5], [0, 0, 30, 10], [0, 0, 10, 10]]


def test_best_overlaps_by_hand():
    # The second proposal covers half of the first object; the third a third of both; the fourth the first wholly.
    found = best_overlaps(OBJECTS, PROPOSALS, [1, 2, 3, 4, 100])
    np.testing.assert_allclose(found, [[0, 0], [0.5, 0], [0.5, 1 / 3], [1, 1 / 3], [1, 1 / 3]])


def test_recall_by_hand():
    overlaps = [0.4, 0.5, 0.7, 1.0]
    np.testing.assert_allclose(recall(overlaps, [0.4, 0.5, 0.6, 0.7, 1.0]), [1, 0.75, 0.5, 0.5, 0.25])
    np.testing.assert_allclose(recall([[0.4, 0.6], [1, 1]], [0.5, 0.7]), [[0.5, 0], [1, 1]])


def test_average_recall_by_hand():
    # Above 0.5: nothing, 0, 0.2, 0.5; twice their mean.
    assert average_recall([0.4, 0.5, 0.7, 1.0]) == pytest.approx(2 * 0.7 / 4)
    assert average_recall([1.0, 1.0]) == 1.0


def test_average_recall_is_the_area_under_recall():
    overlaps = np.random.default_rng(0).random(200)
    thresholds = np.linspace(0.5, 1.0, 20_001)
    assert average_recall(overlaps) == pytest.approx(recall(overlaps, thresholds).mean(), abs=1e-4)


def test_no_proposals_and_no_objects():
    np.testing.assert_array_equal(best_overlaps(OBJECTS, np.zeros((0, 4)), [1, 10]), np.zeros((2, 2)))
    assert best_overlaps(np.zeros((0, 4)), PROPOSALS, [1, 2, 3]).shape == (3, 0)
    with pytest.raises(InputError, match="share of objects, of which there are none"):
        recall(np.zeros((2, 0)), [0.5])
    with pytest.raises(InputError, match="share of objects"):
        average_recall([])
