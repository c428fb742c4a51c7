import json

import numpy as np
from faster_coco_eval import mask as coco

from recipes.evaluation import rle
from zoo.ops.masks import paste


def test_run_lengths_by_hand():
    mask = np.array([[0, 1, 1], [0, 1, 0]])
    encoded = rle.encode(mask)
    by_hand = coco.frPyObjects({"size": [2, 3], "counts": [2, 3, 1]}, 2, 3)  # down the columns: 00, 11, 1, 0
    assert encoded == {"size": [2, 3], "counts": by_hand["counts"].decode()}
    assert rle.area(encoded) == 3


def test_masks_with_holes_and_parts_come_back():
    mask = np.random.default_rng(0).random((17, 23)) < 0.5
    encoded = json.loads(json.dumps(rle.encode(mask)))
    assert np.array_equal(coco.decode(encoded), mask) and rle.area(encoded) == mask.sum()
    for value in (0, 1):
        assert rle.area(rle.encode(np.full((5, 4), value))) == 20 * value


def test_pasted_masks():
    (encoded,) = rle.encode_pasted(np.ones((1, 28, 28)), np.array([[2, 1, 5, 3]]), (6, 8))
    expected = np.zeros((6, 8))
    expected[1:3, 2:5] = 1
    assert np.array_equal(coco.decode(encoded), expected)
    assert rle.encode_pasted(np.zeros((0, 28, 28)), np.zeros((0, 4)), (6, 8)) == []


def test_pasted_masks_equal_those_of_whole_pictures():
    drawn = np.random.default_rng(3)
    corners = drawn.uniform(-10, 40, (60, 2))
    boxes = np.concatenate([corners, corners + drawn.uniform(-2, 30, (60, 2))], axis=1)
    masks = drawn.random((60, 7, 7))
    boxes[:3], masks[:2] = [(0, 0, 32, 24), (-5, -5, 40, 40), (30, 20, 32, 24)], 1.0
    expected = [rle.encode(mask) for mask in paste(masks, boxes, (24, 32))]
    assert rle.encode_pasted(masks, boxes, (24, 32)) == expected
    assert rle.area(expected[1]) == 24 * 32 and rle.area(expected[0]) > 0


def test_encoded_masks_are_drawn_again():
    masks = np.random.default_rng(1).random((3, 5, 7)) < 0.4
    runs = [rle.encode(mask)["counts"] for mask in masks]
    assert np.array_equal(rle.decode(runs, (5, 7)), masks) and rle.decode([], (5, 7)).shape == (0, 5, 7)
    assert np.array_equal(rle.decode([counts.encode() for counts in runs], np.array([5, 7])), masks)
