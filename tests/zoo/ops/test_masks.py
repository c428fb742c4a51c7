import numpy as np
import pytest

from zoo.ops.masks import class_iou, iou

pytestmark = pytest.mark.core


def test_the_lecture_by_hand():
    # 4 pixels found, 5 found wrongly, 8 missed: 4 / (4 + 5 + 8) = 23.5 %.
    truth = np.array([1] * 4 + [0] * 5 + [1] * 8 + [0] * 3)
    prediction = np.array([1] * 4 + [1] * 5 + [0] * 8 + [0] * 3)
    assert iou(truth, prediction) == pytest.approx(4 / 17)
    assert round(100 * iou(truth, prediction), 1) == 23.5


def test_void_pixels_do_not_count():
    truth = np.array([[1, 255], [255, 0]])
    assert iou(truth, np.array([[1, 1], [0, 0]])) == 1.0
    assert iou(truth, np.array([[0, 1], [1, 1]])) == 0.0
    assert iou(truth, np.array([[1, 1], [0, 0]]), void=0) == pytest.approx(2 / 3)  # 255 is then an object


def test_classes_by_hand():
    truth = np.array([0, 0, 1, 1, 255])
    prediction = np.array([0, 1, 1, 1, 2])
    assert class_iou(truth, prediction, 4) == [0.5, pytest.approx(2 / 3), None, None]


def test_a_mask_is_itself_and_an_empty_one_has_no_value():
    mask = np.random.default_rng(0).random((8, 8)) > 0.5
    assert iou(mask, mask) == 1.0
    assert iou(mask, ~mask) == 0.0
    assert iou(np.zeros((8, 8)), np.zeros((8, 8))) is None
    assert class_iou(np.zeros((0, 8)), np.zeros((0, 8)), 2) == [None, None]


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"received \(2, 3\) and \(3, 2\)"):
        iou(np.zeros((2, 3)), np.zeros((3, 2)))
