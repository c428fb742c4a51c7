"""Draws of anchors and regions."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.ops import sampling

pytestmark = pytest.mark.core


def draw(positive, negative, count, fraction, seed=0):
    found = sampling.balanced(
        ops.convert_to_tensor([positive]),
        ops.convert_to_tensor([negative]),
        count=count,
        positive_fraction=fraction,
        seed=seed,
    )
    return [ops.convert_to_numpy(x)[0] for x in found]


def test_few_positives_come_first_and_negatives_fill_up():
    positive = [False, True, False, False, True, False]
    rows, is_positive, drawn = draw(positive, [not p for p in positive], count=5, fraction=0.8)
    assert set(rows[:2]) == {1, 4} and set(rows[2:]) <= {0, 2, 3, 5} and len(set(rows)) == 5
    np.testing.assert_array_equal(is_positive, [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(drawn, [1, 1, 1, 1, 1])


def test_many_positives_are_cut_to_their_share():
    positive = [True] * 6 + [False] * 2
    rows, is_positive, drawn = draw(positive, [not p for p in positive], count=4, fraction=0.25)
    np.testing.assert_array_equal(is_positive, [1, 0, 0, 0])
    # one positive, both negatives, and one filler
    assert rows[0] < 6 and set(rows[1:3]) == {6, 7}
    np.testing.assert_array_equal(drawn, [1, 1, 1, 0])


def test_rows_of_neither_kind_are_never_drawn():
    rows, is_positive, drawn = draw([False] * 4, [False, False, True, False], count=3, fraction=0.5)
    np.testing.assert_array_equal(is_positive, 0)
    np.testing.assert_array_equal(drawn, [1, 0, 0])
    assert rows[0] == 2


def test_a_generator_draws_anew_and_a_seed_draws_the_same():
    half = np.arange(64) % 2 == 0
    generator = keras.random.SeedGenerator(3)
    first, second = (draw(half.tolist(), (~half).tolist(), 8, 0.5, generator)[0] for _ in range(2))
    assert first.tolist() != second.tolist()
    again, once_more = (draw(half.tolist(), (~half).tolist(), 8, 0.5, 7)[0] for _ in range(2))
    np.testing.assert_array_equal(again, once_more)


def regions(proposals, boxes, labels, count=4, negative_iou=(0.1, 0.5)):
    targets = {"boxes": np.array([boxes], "float32"), "labels": np.array([labels], "int32")}
    found = sampling.regions(
        ops.convert_to_tensor(np.array([proposals], "float32")),
        targets,
        count=count,
        positive_fraction=0.5,
        positive_iou=0.5,
        negative_iou=negative_iou,
        seed=0,
    )
    return {name: ops.convert_to_numpy(value)[0] for name, value in found.items()}


def test_regions_carry_the_label_and_row_of_their_object():
    # IoU with the object in row 1: 0.8 positive, 0.3 background, 0 nothing; the empty row 0 is no object.
    proposals = [[0, 0, 10, 8], [0, 0, 10, 3], [50, 50, 60, 60], [0, 0, 0, 0]]
    found = regions(proposals, [[5, 5, 90, 90], [0, 0, 10, 10]], [-1, 2])
    positive = found["boxes"][:2]
    assert {tuple(box) for box in positive.tolist()} == {(0, 0, 10, 8), (0, 0, 10, 10)}
    np.testing.assert_array_equal(found["labels"], [3, 3, 0, 0])
    np.testing.assert_array_equal(found["matched"][:2], [1, 1])
    np.testing.assert_array_equal(found["boxes"][2], [0, 0, 10, 3])
    np.testing.assert_array_equal(found["drawn"], [1, 1, 1, 0])


def test_without_objects_all_regions_are_background():
    found = regions([[0, 0, 10, 10], [0, 0, 0, 0]], [[0, 0, 0, 0]], [-1], negative_iou=(0.0, 0.5))
    np.testing.assert_array_equal(found["labels"], 0)
    np.testing.assert_array_equal(found["drawn"], [1, 0, 0, 0])
    np.testing.assert_array_equal(found["boxes"][0], [0, 0, 10, 10])
