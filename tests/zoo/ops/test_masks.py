import numpy as np
import pytest

from zoo.ops.masks import class_iou, iou, paste


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


def test_paste_by_hand():
    # Two cells over four pixels: the pixels' centres lie 0.25, 0.75, 1.25 and 1.75 cells into the box, the cells' 0.5
    # and 1.5; beyond them the mask fades into the zeros around it.
    mask, box = [[[0.0, 1.0], [0.0, 1.0]]], [[1, 0, 5, 4]]
    soft = paste(mask, box, (4, 7), threshold=None)
    across = np.array([0, 0, 0.25, 0.75, 0.75, 0.25, 0])
    np.testing.assert_allclose(soft[0], np.outer([0.75, 1, 1, 0.75], across), atol=1e-6)
    hard = np.zeros((4, 7), bool)
    hard[:, 3:5] = True
    np.testing.assert_array_equal(paste(mask, box, (4, 7))[0], hard)
    assert paste(mask, box, (4, 7), threshold=0.75).sum() == 4


def sampled(mask, box, size):
    """Reads a mask with zeros around it at every pixel's centre, as Detectron2's `paste_masks_in_image`."""
    cells, (x1, y1, x2, y2), read = len(mask), box, np.zeros(size)
    for row, column in np.ndindex(size):
        at = (row + 0.5 - y1) / (y2 - y1) * cells - 0.5, (column + 0.5 - x1) / (x2 - x1) * cells - 0.5
        for i, j in np.ndindex(mask.shape):
            read[row, column] += mask[i, j] * max(0, 1 - abs(at[0] - i)) * max(0, 1 - abs(at[1] - j))
    return read


@pytest.mark.parametrize("box", [(3.3, 2.1, 17.9, 11.2), (-5, -4, 9.5, 30), (10, 10, 11, 10.4), (4, 4, 40, 20)])
def test_every_pixel_reads_the_mask_where_it_is(box):
    mask = np.random.default_rng(0).random((5, 5)).astype("float32")
    soft = paste(mask[None], [box], (18, 20), threshold=None)
    np.testing.assert_allclose(soft[0], sampled(mask, box, (18, 20)), atol=1e-6)


def test_a_full_mask_fills_its_box_exactly():
    boxes = [[2, 3, 9, 8], [-4, -4, 3, 2], [8, 8, 30, 30]]
    filled = np.zeros((3, 10, 12), bool)
    filled[0, 3:8, 2:9] = filled[1, :2, :3] = filled[2, 8:, 8:] = True
    np.testing.assert_array_equal(paste(np.ones((3, 28, 28)), boxes, (10, 12)), filled)


def test_boxes_without_area_or_outside_are_empty():
    boxes = [[5, 5, 5, 9], [9, 5, 3, 9], [0, 0, 0, 0], [40, 40, 50, 50], [-9, -9, -5, -5], [np.nan] * 4]
    assert not paste(np.ones((6, 4, 4)), boxes, (10, 12)).any()
    assert paste(np.ones((1, 4, 4)), [[2.4, 2.4, 2.6, 2.6]], (10, 12)).sum() == 1  # under the centre of a pixel


def test_no_masks():
    assert paste(np.zeros((0, 28, 28)), np.zeros((0, 4)), (10, 12)).shape == (0, 10, 12)
    with pytest.raises(ValueError, match=r"received \(2, 4, 4\) and \(1, 4\)"):
        paste(np.zeros((2, 4, 4)), np.zeros((1, 4)), (10, 12))
