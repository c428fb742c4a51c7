import sys

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.ops.boxes_numpy import iou
from zoo.proposals import METHODS, propose
from zoo.proposals.edge_boxes import gradient_edges

OF_SEGMENTS = ("selective_search_fast", "selective_search_quality", "superpixels")
SQUARE = [30, 20, 70, 60]


def square():
    """An orange square on blue with a little noise, 80 x 100."""
    picture = np.random.default_rng(0).integers(0, 8, (80, 100, 3), dtype=np.uint8)
    picture[..., 2] += 100
    picture[20:60, 30:70] = [230, 120, 20]
    return picture


def larger(picture, times):
    return np.kron(picture, np.ones((times, times, 1), np.uint8))


@pytest.mark.parametrize("method", OF_SEGMENTS)
def test_methods_of_segments_find_a_square(method):
    boxes, _ = propose(square(), 200, method)
    assert iou([SQUARE], boxes).max() > 0.9


def test_edge_boxes_score_a_square_highest_and_a_mirrored_one_as_its_mirror_image():
    picture = larger(square(), 4)
    boxes, _ = propose(picture, 20, "edge_boxes")
    x1, y1, x2, y2 = boxes[0]
    assert iou([np.array(SQUARE) * 4], boxes[:1]).item() > 0.9
    np.testing.assert_array_equal(propose(picture[:, ::-1], 20, "edge_boxes")[0][0], [400 - x2, y1, 400 - x1, y2])


@pytest.mark.parametrize("method", METHODS)
def test_proposals_are_tidy_and_depend_on_the_seed_alone(method):
    boxes, scores = propose(square(), 50, method, seed=3)
    assert boxes.dtype == scores.dtype == np.float32
    assert 2 <= len(boxes) <= 50 and boxes.shape == (len(scores), 4)
    assert np.all(boxes >= 0) and np.all(boxes <= [100, 80, 100, 80])
    assert np.all(boxes[:, 2:] - boxes[:, :2] >= 1)
    assert np.all(np.diff(scores) <= 0) and np.all(np.isfinite(scores))
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    again = propose(square(), 50, method, seed=3)
    np.testing.assert_array_equal(boxes, again[0])
    np.testing.assert_array_equal(scores, again[1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 3), (2, 40), (9, 11)])
def test_tiny_pictures(method, size):
    rng = np.random.default_rng(0)
    for picture in (rng.integers(0, 256, (*size, 3), dtype=np.uint8), np.zeros((*size, 3), np.uint8)):
        boxes, scores = propose(picture, 30, method)
        assert boxes.shape == (len(scores), 4)
        assert np.all(boxes <= [size[1], size[0]] * 2) and np.all(np.isfinite(scores))


def test_large_pictures_are_searched_small_and_their_regions_scaled_back(monkeypatch):
    monkeypatch.setattr("zoo.proposals.selective_search.LONGER_SIDE", 100)
    small, (boxes, _) = (
        propose(picture, 200, "selective_search_fast") for picture in (square(), larger(square(), 3))
    )
    np.testing.assert_array_equal(boxes, small[0] * 3)


def test_selective_search_proposes_large_regions_first():
    boxes, _ = propose(square(), 200, "selective_search_quality")
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    half = len(areas) // 2
    assert areas[:half].mean() > areas[half:].mean()


def test_edges_by_hand():
    # Dark left of column 32, bright from there on: one vertical edge, across which x runs.
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 200
    strength, direction = gradient_edges(picture)
    assert set(np.flatnonzero(strength.any(axis=0))) <= {31, 32}
    assert np.all(strength.max(axis=1) > 0.9)
    assert np.allclose(direction[:, 31], 0)
    turned, direction = gradient_edges(picture.transpose(1, 0, 2))
    np.testing.assert_allclose(turned, strength.T, atol=1e-6)
    np.testing.assert_allclose(direction[31], np.pi / 2, atol=1e-6)


def test_no_edges_no_boxes():
    boxes, scores = propose(np.full((50, 60, 3), 7, np.uint8), 10, "edge_boxes")
    assert boxes.shape == (0, 4) and scores.shape == (0,)


def test_superpixels_by_hand():
    # Two flat halves are two segments.
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, 20:] = 255
    boxes, scores = propose(picture, 10, "superpixels")
    np.testing.assert_allclose(boxes, [[20, 0, 60, 40], [0, 0, 20, 40]], atol=2)
    np.testing.assert_allclose(scores, [2 / 3, 1 / 3], atol=0.03)


def test_windows_by_hand():
    # Into 40 x 20 fit, besides the whole picture, windows of 16 x 16 and 32 x 16: two each.
    boxes, _ = propose(np.zeros((20, 40, 3), np.uint8), 5, "sliding_window")
    expected = [[0, 0, 40, 20], [0, 2, 16, 18], [24, 2, 40, 18], [0, 2, 32, 18], [8, 2, 40, 18]]
    assert sorted(boxes.tolist()) == sorted(expected)


@pytest.mark.parametrize("n", [1, 2, 7, 100, 1000])
def test_windows_are_at_most_as_many_as_asked_for(n):
    boxes, _ = propose(np.zeros((375, 500, 3), np.uint8), n, "sliding_window")
    assert 0.6 * n <= len(boxes) <= n


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "bing"}, "unknown method of proposals 'bing': choose one of selective_search_fast"),
        ({"n": 0}, "n is 1 or more proposals, received 0"),
        ({"picture": np.zeros((4, 4), np.uint8)}, r"a picture is .* received \(4, 4\) uint8"),
        ({"picture": np.zeros((4, 4, 3))}, "received .* float64"),
        ({"picture": np.zeros((0, 4, 3), np.uint8)}, r"received \(0, 4, 3\)"),
    ],
)
def test_wrong_input_is_named(arguments, message):
    with pytest.raises(InputError, match=message):
        propose(**({"picture": square(), "n": 5, "method": "uniform"} | arguments))


def test_opencv_without_its_contributed_modules(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2.ximgproc", None)
    with pytest.raises(InputError, match="install opencv-contrib-python-headless"):
        propose(square(), 5, "superpixels")
