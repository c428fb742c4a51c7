import numpy as np
import pytest
from faster_coco_eval import mask as rle
from pycocotools import mask as original

from recipes.data.writers.yolo_polygons import edges, joined, polygon_of


def drawn(words, height, width):
    """The pixels of a polygon of shares, as COCO's own program draws it."""
    polygon = np.reshape([*map(float, words)], (-1, 2)) * (width, height)
    return original.decode(original.merge(original.frPyObjects([polygon.ravel().tolist()], height, width)))


def coded(mask):
    return rle.encode(np.asfortranarray(mask.astype(np.uint8)))


def test_edges_by_hand():
    mask = np.zeros((4, 5))
    mask[1:3, 1:4] = 1
    (polygon,) = edges(None, coded(mask))
    assert sorted(map(tuple, polygon.tolist())) == [(1, 1), (1, 3), (4, 1), (4, 3)]
    mask[1, 2] = 0
    assert [len(part) for part in edges(None, coded(mask))] == [8]
    assert edges(None, coded(np.zeros((3, 3)))) == []


def test_parts_are_joined_from_the_first_point_of_the_first():
    parts = [
        np.array([[0, 0], [1, 0], [1, 1]]),
        np.array([[5, 5], [6, 5], [6, 6]]),
        np.array([[8, 8], [9, 8], [9, 9]]),
    ]
    points = joined(parts).tolist()
    assert points[3:5] == [[0, 0], [5, 5]] and points[7:10] == [[5, 5], [0, 0], [8, 8]] and points[-1] == [8, 8]
    assert joined(parts[:1]).tolist() == parts[0].tolist()


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (33, 48), (101, 67)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1.0])
def test_any_mask_is_one_polygon_of_its_own_pixels(size, share):
    mask = np.random.default_rng(1).random(size) < share
    mask[0, 0] = True
    words, parts = polygon_of(coded(mask), *size)
    np.testing.assert_array_equal(drawn(words, *size), mask)
    assert parts >= 1 and all(len(word) == len("0.123456") for word in words)


def test_polygons_stay_where_they_draw_the_same():
    outline = [[1.1, 2, 6.3, 1.9, 5, 7.7]]
    words, parts = polygon_of(outline, 9, 10)
    assert parts == 1
    np.testing.assert_allclose([*map(float, words)], np.divide(outline[0], [10, 9] * 3), atol=5e-7)


def test_polygons_that_overlap_are_drawn_along_their_pixels():
    outline = [[1, 1, 6, 1, 6, 6, 1, 6], [3, 3, 9, 3, 9, 8, 3, 8]]
    words, parts = polygon_of(outline, 9, 10)
    wanted = np.zeros((9, 10))
    wanted[1:6, 1:6] = wanted[3:8, 3:9] = 1
    np.testing.assert_array_equal(drawn(words, 9, 10), wanted)
    assert parts == 1


def test_a_point_on_the_border_of_two_pixels_gets_the_digits_that_it_takes():
    rng = np.random.default_rng(0)
    for _ in range(50):
        height, width = rng.integers(20, 700, 2).tolist()
        outline = [np.round(rng.uniform((0, 0), (width, height), (6, 2)), 1).ravel().tolist()]
        words, _ = polygon_of(outline, height, width)
        wanted = original.decode(original.merge(original.frPyObjects(outline, height, width)))
        np.testing.assert_array_equal(drawn(words, height, width), wanted)


def test_nothing_is_no_polygon():
    assert polygon_of(coded(np.zeros((4, 4))), 4, 4) == (None, 0)


def test_polygons_end_at_the_picture():
    outline = [[-3, -2, 15, -1, 18, 8.5, 5, 16]]
    words, _ = polygon_of(outline, 9, 10)
    assert all(0 <= float(word) <= 1 for word in words)
    wanted = original.decode(original.merge(original.frPyObjects(outline, 9, 10)))
    np.testing.assert_array_equal(drawn(words, 9, 10), wanted)
