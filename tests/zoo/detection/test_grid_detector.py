from functools import cache

import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full, learns, saves_and_loads
from zoo import InputError, grid_detector


def toy(**arguments):
    return grid_detector(2, **{"grid": (2, 3), "width": 1 / 4, "input_shape": (32, 48, 3), **arguments})


def images():
    return np.random.default_rng(0).integers(0, 255, (2, 32, 48, 3), "uint8")


@cache
def network():
    """The toy of the tests that leave it as it is."""
    return toy()


@core_in_full
@pytest.mark.parametrize("grid, anchors", [((8, 8), [(1, 1)]), ((4, 6), [(1, 2), (2, 1)]), ((16, 16), [(1, 1)])])
def test_any_grid_and_one_or_two_anchors(grid, anchors):
    size = (grid[0] * 16, grid[1] * 16, 3)
    model = grid_detector(3, grid=grid, anchors=anchors, width=1 / 4, input_shape=size)
    assert model.output["grid"].shape == (None, *grid, len(anchors) * 8)
    assert model.decode(model(np.zeros((1, *size))))[0].shape == (1, grid[0] * grid[1] * len(anchors), 4)


@pytest.mark.core
def test_the_cell_of_the_centre_answers_by_hand():
    grid = ops.zeros((1, 2, 3, 7))
    targets = {"boxes": np.array([[[16, 16, 32, 32]]], "float32"), "labels": np.array([[1]])}
    found = {name: float(value) for name, value in network().loss_terms(targets, {"grid": grid}).items()}
    assert found == pytest.approx({"presence": 6 * np.log(2), "box": 0, "class": np.log(2)}, abs=1e-6)
    absent = {"boxes": np.zeros((1, 1, 4), "float32"), "labels": np.array([[-1]])}
    found = {name: float(value) for name, value in network().loss_terms(absent, {"grid": grid}).items()}
    assert found == pytest.approx({"presence": 6 * np.log(2), "box": 0, "class": 0}, abs=1e-6)


@pytest.mark.core
def test_the_anchor_of_the_objects_shape_answers():
    model = toy(anchors=[(1, 2), (2, 1)])
    targets = {"boxes": np.array([[[0, 8, 32, 24]]], "float32"), "labels": np.array([[0]])}
    assigned = model.assign(targets, {"grid": ops.zeros((1, 2, 3, 14))})
    # Centre (16, 16): second row, second column; the wide anchor.
    assert int(assigned["slots"][0, 0]) == (1 * 3 + 1) * 2 + 1


@pytest.mark.core
def test_learns(every_way):
    truth = {"boxes": np.array([[[1, 1, 20, 25]]] * 2, "float32"), "labels": np.array([[1]] * 2, "int32")}
    learns(toy(), images(), truth)


@core_in_full
def test_saves_and_loads(tmp_path):
    saves_and_loads(toy(), images(), tmp_path / "model.keras")


def test_a_picture_that_does_not_divide_into_the_grid():
    with pytest.raises(InputError, match="2x3 cells of 2, 4, 8, 16, 32 or 64 pixels, received"):
        toy(input_shape=(32, 32, 3))
    with pytest.raises(InputError, match="2x3 cells"):
        toy(input_shape=(None, None, 3))


@pytest.mark.core
def test_thresholds_of_the_builder():
    model = toy(score_threshold=0.3, iou_threshold=0.6, max_detections=7)
    assert (model.score_threshold, model.iou_threshold, model.max_detections) == (0.3, 0.6, 7)
    assert model.predictions({"grid": ops.zeros((1, 2, 3, 7))})["scores"].shape == (1, 7)


def test_a_single_class_is_certain():
    model = grid_detector(1, grid=(2, 3), width=1 / 4, input_shape=(32, 48, 3))
    _, scores = model.decode({"grid": ops.zeros((1, 2, 3, 6))})
    np.testing.assert_allclose(scores, np.full((1, 6, 1), 0.5))  # objectness alone, and no warning
