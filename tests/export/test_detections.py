from types import SimpleNamespace

import numpy as np
import pytest

import export
import zoo
from zoo.errors import InputError

sv = pytest.importorskip("supervision", reason="it is an extra: pip install 'regionzoo[track]'")

FOUND = {
    "boxes": np.float32([[2, 1, 8, 5], [0, 0, 4, 4], [0, 0, 0, 0]]),
    "scores": np.float32([0.9, 0.6, 0]),
    "labels": np.int32([1, 0, -1]),
    "count": np.int32(2),
}


def test_objects_without_their_empty_rows():
    detections = export.to_supervision(FOUND, class_names=("cat", "dog"))
    assert len(detections) == 2 and detections.class_id.tolist() == [1, 0]
    np.testing.assert_array_equal(detections.xyxy, FOUND["boxes"][:2])
    np.testing.assert_array_equal(detections.confidence, FOUND["scores"][:2])
    assert list(detections.data["class_name"]) == ["dog", "cat"] and detections.mask is None
    none = {name: values[2:] if np.ndim(values) else values for name, values in FOUND.items()}
    assert len(export.to_supervision(none, class_names=("cat", "dog"))) == 0


def test_names_of_what_a_model_predicted():
    prediction = zoo.Prediction(FOUND, like=SimpleNamespace(task="detection", class_names=("cat",)))
    assert list(export.to_supervision(prediction).data["class_name"]) == ["class 1", "cat"]
    assert list(export.to_supervision(prediction, class_names="ab").data["class_name"]) == ["b", "a"]
    assert "class_name" not in export.to_supervision(FOUND).data


def test_masks_and_keypoints():
    prediction = {**FOUND, "masks": np.ones((3, 4, 4), np.float32), "keypoints": np.zeros((3, 5, 3), np.float32)}
    detections = export.to_supervision(prediction, (10, 12))
    assert detections.mask.shape == (2, 10, 12) and detections.mask[0].sum() == 24
    assert detections.data["keypoints"].shape == (2, 5, 3)
    assert export.to_supervision(prediction).mask is None


def test_the_object_of_a_localizer_and_the_classes_of_a_segmenter():
    one = {"box": np.float32([1, 2, 3, 4]), "probs": np.float32([0.1, 0.9]), "score": np.float32(0.8)}
    detections = export.to_supervision(one)
    assert detections.class_id.tolist() == [1] and detections.xyxy.tolist() == [[1, 2, 3, 4]]
    logits = np.zeros((4, 6, 3), np.float32)
    logits[1:3, 2:5, 2] = 1
    detections = export.to_supervision({"logits": logits})
    assert detections.class_id.tolist() == [0, 2] and detections.xyxy[1].tolist() == [2, 1, 5, 3]
    assert detections.mask.sum() == 24


def test_batches_and_points_are_refused():
    with pytest.raises(InputError, match=r"without batch dimension, received boxes \(1, 3, 4\)"):
        export.to_supervision({"boxes": FOUND["boxes"][None]})
    with pytest.raises(InputError, match="takes the objects of one picture"):
        export.to_supervision({"points": np.zeros((5, 2)), "score": np.float32(1)})
