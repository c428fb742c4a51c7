import numpy as np
import pytest
from keras import ops

from zoo import InputError
from zoo.ops import boxes

pytestmark = pytest.mark.core

BOX = np.array([[10.0, 20.0, 30.0, 60.0]], "float32")
SIZE = 80, 40  # height, width
IN_FORMAT = {
    "xyxy": [10, 20, 30, 60],
    "yxyx": [20, 10, 60, 30],
    "xywh": [10, 20, 20, 40],
    "center_xywh": [20, 40, 20, 40],
    "center_yxhw": [40, 20, 40, 20],
    "rel_xyxy": [0.25, 0.25, 0.75, 0.75],
    "rel_yxyx": [0.25, 0.25, 0.75, 0.75],
    "rel_xywh": [0.25, 0.25, 0.5, 0.5],
    "rel_center_xywh": [0.5, 0.5, 0.5, 0.5],
}


@pytest.mark.parametrize("name", IN_FORMAT)
def test_formats_by_hand_and_back(name):
    there = ops.convert_to_numpy(boxes.convert(BOX, "xyxy", name, SIZE))
    np.testing.assert_allclose(there, [IN_FORMAT[name]], rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(boxes.convert(there, name, "xyxy", SIZE)), BOX, rtol=1e-6)


def test_from_one_relative_format_to_another_needs_no_size():
    there = boxes.convert([[0.25, 0.25, 0.75, 0.75]], "rel_xyxy", "rel_xywh")
    np.testing.assert_allclose(ops.convert_to_numpy(there), [[0.25, 0.25, 0.5, 0.5]])


def test_unknown_format_missing_size_and_wrong_shape():
    with pytest.raises(InputError, match="unknown box format 'xxyy'"):
        boxes.convert(BOX, "xxyy", "xyxy")
    with pytest.raises(InputError, match="need size="):
        boxes.convert(BOX, "xyxy", "rel_xyxy")
    with pytest.raises(InputError, match=r"\(\.\.\., 4\), received \(2, 3\)"):
        boxes.area(np.zeros((2, 3), "float32"))


def test_iou_by_hand():
    a = np.array([[0, 0, 10, 10], [0, 0, 0, 0]], "float32")
    b = np.array([[5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 10, 10]], "float32")
    expected = [[1 / 3, 0, 1], [0, 0, 0]]
    np.testing.assert_allclose(ops.convert_to_numpy(boxes.iou(a, b)), expected, rtol=1e-6)
    aligned = ops.convert_to_numpy(boxes.iou_aligned(np.repeat(a[:1], 3, 0), b))
    np.testing.assert_allclose(aligned, expected[0], rtol=1e-6)


def test_no_boxes():
    none = np.zeros((0, 4), "float32")
    assert boxes.iou(none, BOX).shape == (0, 1)
    assert boxes.convert(none, "xyxy", "rel_xywh", SIZE).shape == (0, 4)
    assert boxes.clip(none, SIZE).shape == (0, 4)


def test_clip():
    clipped = boxes.clip([[-5.0, 10.0, 50.0, 90.0]], SIZE)
    np.testing.assert_allclose(ops.convert_to_numpy(clipped), [[0, 10, 40, 80]])


def test_encode_by_hand_and_decode_back():
    anchors = np.array([[0, 0, 10, 20]], "float32")
    target = np.array([[5, 10, 25, 30]], "float32")  # centre (15, 20), 20 x 20
    deltas = ops.convert_to_numpy(boxes.encode(anchors, target))
    np.testing.assert_allclose(deltas, [[1.0, 0.5, np.log(2), 0.0]], rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(boxes.decode(anchors, deltas)), target, rtol=1e-5)


def test_a_wild_prediction_stays_finite():
    decoded = ops.convert_to_numpy(boxes.decode(np.array([[0, 0, 10, 10]]), np.array([[0, 0, 1e4, 1e4]])))
    assert np.isfinite(decoded).all()
