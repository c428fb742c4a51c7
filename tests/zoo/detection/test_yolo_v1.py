from functools import cache

import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full, learns, parameters, quick, saves_and_loads
from zoo import InputError, fast_yolo, yolo_v1


def toy(**arguments):
    """A YOLO with a 2x2 grid, two boxes a cell and two classes."""
    return yolo_v1(2, **{"width": 1 / 64, "input_shape": (128, 128, 3), **arguments})


@cache
def network():
    """The toy of the tests that leave it as it is."""
    return toy()


def images():
    return np.random.default_rng(0).integers(0, 255, (2, 128, 128, 3), "uint8")


def truth():
    return {"boxes": np.array([[[10, 10, 60, 90]]] * 2, "float32"), "labels": np.array([[1]] * 2, "int32")}


def terms(model, grid, *objects):
    boxes, labels = np.zeros((1, 3, 4), "float32"), -np.ones((1, 3), "int32")
    for i, (*box, label) in enumerate(objects):
        boxes[0, i], labels[0, i] = box, label
    found = model.loss_terms({"boxes": boxes, "labels": labels}, {"grid": ops.convert_to_tensor(grid, "float32")})
    return {name: float(value) for name, value in found.items()}


def test_the_papers_and_the_released_network(undrawn):
    paper = yolo_v1(20)
    assert parameters(paper) == 271_703_550
    assert paper.output["grid"].shape == (None, 7, 7, 30)
    assert parameters(yolo_v1(20, released=True)) == 197_301_875


def test_fast_yolo_has_nine_convolutions():
    model = fast_yolo(2, width=1 / 16)
    assert sum(layer.__class__.__name__ == "Conv2D" for layer in model.layers) == 9
    assert model.output["grid"].shape == (None, 7, 7, 12)


@pytest.mark.core
def test_decoding_by_hand():
    grid = np.zeros((1, 2, 2, 12), "float32")
    grid[0, 0, 1] = [0, 0, 0, 0, 0, 0.5, 0.25, 0.5, 0.25, 0.8, 0.5, 1]
    boxes, scores = network().decode({"grid": ops.convert_to_tensor(grid)})
    # Second box of the second cell: centre (64 + 32, 16), sides 128 / 4 and 128 / 16.
    np.testing.assert_allclose(ops.convert_to_numpy(boxes)[0, 3], [80, 12, 112, 20], rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(scores)[0, 3], [0.4, 0.8], rtol=1e-5)


@pytest.mark.core
def test_the_loss_by_hand():
    grid = np.zeros((1, 2, 2, 12))
    grid[0, 0, 0, :5] = [0.5, 0.5, 0.5, 0.5, 0.25]  # 32 x 32 about (32, 32)
    grid[0, 0, 0, 5:10] = [0.5, 0.5, 0.25, 0.25, 0.5]  # 8 x 8 there
    grid[0, 0, 0, 10:] = [0.5, 1.0]
    found = terms(network(), grid, (0, 0, 64, 64, 1))
    # The object's centre falls on (0.5, 0.5) of the first cell, its roots are sqrt(1 / 2). The larger box answers.
    # Halves, as the release's deltas are the gradients of half squared errors.
    assert found["box_loss"] == pytest.approx(0.5 * 5 * 2 * (0.5 - np.sqrt(0.5)) ** 2, rel=1e-5)
    assert found["object_loss"] == pytest.approx((0.25 - 0.25) ** 2, abs=1e-7)  # IoU 32² / 64²
    assert found["noobject_loss"] == pytest.approx(0.5 * 0.5 * 0.5**2)
    assert found["class_loss"] == pytest.approx(0.5 * 0.5**2)


@pytest.mark.core
def test_where_no_box_overlaps_the_nearest_answers():
    grid = np.zeros((1, 2, 2, 12))
    grid[0, 0, 0, 5:10] = [0.75, 0.75, 0, 0, 1.0]
    found = terms(network(), grid, (40, 40, 56, 56, 0))  # about (48, 48), where the second box's centre is
    assert found["object_loss"] == pytest.approx(0.5)  # the second box, whose IoU is 0
    assert found["noobject_loss"] == pytest.approx(0, abs=1e-7)


@pytest.mark.core
@pytest.mark.parametrize("shape", [(128, 128, 3), (128, 256, 3)])
def test_the_nearest_is_so_in_shares_of_centre_and_sides(shape):
    """The object has sides of 0.25 about (0.125, 0.125), the boxes are a point at (0.395, 0.125), its like at 0.525.

    They differ from it by 0.27² + 2 * 0.25² = 0.198 and 0.4² = 0.16. Their corners, by 0.395² + 2 * 0.125² + 0.145² =
    0.208 and 2 * 0.4² = 0.32, say the opposite.
    """
    share = np.array([shape[1], shape[0]] * 2, "float32")
    near = np.array([[[[0.395, 0.125, 0.395, 0.125], [0.4, 0, 0.65, 0.25]]]], "float32") * share
    gt_boxes = np.array([[[0, 0, 0.25, 0.25]]], "float32") * share
    inputs = map(ops.convert_to_tensor, (near, gt_boxes, np.zeros((1, 1, 2), "float32")))
    assert ops.convert_to_numpy(toy(input_shape=shape).best_of_cell(*inputs)).tolist() == [[[0, 1]]]


@pytest.mark.core
def test_of_several_objects_in_a_cell_the_first_is_learned():
    once = terms(network(), np.ones((1, 2, 2, 12)), (0, 0, 32, 32, 1))
    assert terms(network(), np.ones((1, 2, 2, 12)), (0, 0, 32, 32, 1), (8, 8, 48, 40, 0)) == pytest.approx(once)


@pytest.mark.core
def test_objects_below_a_two_hundredth_of_the_picture_are_left_out():
    """128 pixels wide: 0.64."""
    nothing = terms(network(), np.ones((1, 2, 2, 12)))
    assert terms(network(), np.ones((1, 2, 2, 12)), (10, 10, 10.6, 90, 1)) == pytest.approx(nothing)
    small = terms(network(), np.ones((1, 2, 2, 12)), (10, 10, 10.7, 90, 1))
    assert small["class_loss"] == pytest.approx(0.5) and nothing["class_loss"] == 0


@pytest.mark.core
def test_the_releases_thresholds():
    assert (network().score_threshold, network().iou_threshold) == (0.001, 0.5)
    model = fast_yolo(2, width=1 / 16, score_threshold=0.2, iou_threshold=0.3, max_detections=5)
    assert (model.score_threshold, model.iou_threshold, model.max_detections) == (0.2, 0.3, 5)
    assert toy(max_detections=5).max_detections == 5


@pytest.mark.core
def test_another_size_than_its_own_is_refused():
    with pytest.raises(InputError, match="takes pictures of 128x128, received 128x192"):
        network()(np.zeros((2, 128, 192, 3), "uint8"))


@pytest.mark.core
def test_no_object_at_all():
    grid = np.ones((1, 2, 2, 12))
    assert terms(network(), grid) == pytest.approx(
        {"box_loss": 0, "object_loss": 0, "noobject_loss": 0.5 * 0.5 * 8, "class_loss": 0}
    )


@pytest.mark.core
@pytest.mark.parametrize("released", quick([False, True], False))
def test_learns(released, every_way):
    learns(toy(released=released), images(), truth(), steps=20 if released else 2)


@core_in_full
@pytest.mark.parametrize("released", quick([False, True], True))
def test_saves_and_loads(released, tmp_path):
    saves_and_loads(toy(released=released), images(), tmp_path / "model.keras")


def test_a_size_without_a_grid():
    with pytest.raises(InputError, match=r"fixed multiples of 64, received \(None, None, 3\)"):
        yolo_v1(2, input_shape=(None, None, 3))
