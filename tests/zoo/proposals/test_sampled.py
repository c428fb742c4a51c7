import numpy as np
import pytest

from zoo.proposals.sampled import BoxStatistics, box_statistics, gaussian, uniform

PICTURE = np.zeros((100, 200, 3), np.uint8)


def exactly(measures):
    """Statistics of boxes that are all the same."""
    return BoxStatistics(measures, measures, measures, ((1e-12, 0, 0, 0),) * 4)


def test_statistics_by_hand():
    # In 100 x 200 a box in the middle of half the sides, and one in the right half, twice as wide as high.
    boxes = [[50, 25, 150, 75], [100, 0, 200, 50]]
    found = box_statistics(boxes, [[100, 200]] * 2)
    np.testing.assert_allclose(found.mean, [0.625, 0.375, 0.5, np.log(2)], atol=1e-4)
    np.testing.assert_allclose(np.diag(found.covariance), [0.0313, 0.0313, 0, 0], atol=1e-4)
    assert found.covariance[0][1] == pytest.approx(-0.03125, abs=1e-4)
    np.testing.assert_allclose(found.low[:2], [0.5 + 0.005 * 0.25, 0.25 + 0.005 * 0.25], atol=1e-4)


@pytest.mark.parametrize("draw", [uniform, gaussian])
def test_a_box_by_hand(draw):
    # Centre (100, 25), area a quarter of 20,000, four times as wide as high.
    boxes, scores = draw(PICTURE, 3, 0, exactly((0.5, 0.25, 0.5, float(np.log(4)))))
    w, h = np.sqrt(20_000), np.sqrt(20_000) / 4
    np.testing.assert_allclose(boxes, [[100 - w / 2, 25 - h / 2, 100 + w / 2, 25 + h / 2]] * 3, rtol=1e-3)
    np.testing.assert_allclose(scores, [1, 2 / 3, 1 / 3])


def test_uniform_gives_back_its_range():
    boxes, _ = uniform(PICTURE, 4000, 0)
    again = box_statistics(boxes, [[100, 200]] * 4000)
    np.testing.assert_allclose(again.low, [0.0236, 0.0376, 0.0124, -2.1686], atol=0.05)
    np.testing.assert_allclose(again.high, [0.9752, 0.9556, 0.9565, 1.9585], atol=0.05)


def test_gaussian_gives_back_its_mean_and_covariance():
    statistics = BoxStatistics((), (), (0.5, 0.4, 0.3, 0.1), tuple(map(tuple, np.diag([0.01, 0.01, 0.002, 0.2]))))
    boxes, _ = gaussian(PICTURE, 4000, 0, statistics)
    again = box_statistics(boxes, [[100, 200]] * 4000)
    np.testing.assert_allclose(again.mean, statistics.mean, atol=0.03)
    np.testing.assert_allclose(again.covariance, statistics.covariance, atol=0.02)


def test_gaussian_draws_no_impossible_boxes():
    wide = BoxStatistics((), (), (0.5, 0.5, 0.2, 0.0), tuple(map(tuple, np.eye(4))))
    boxes, _ = gaussian(PICTURE, 500, 0, wide)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert len(boxes) == 500 and np.all(centres > 0) and np.all(centres < [200, 100])
