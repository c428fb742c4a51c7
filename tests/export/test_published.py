"""A network that others trained, from its published weights to every artifact, on Darknet's own picture."""

import numpy as np
import pytest
from PIL import Image

import export
import zoo
from zoo.weights.darknet import VOC_NAMES

REPORTED = {"bicycle": 0.97, "dog": 0.79, "car": 0.65}


@pytest.fixture(scope="module")
def yolo_lite(zoo_data):
    network = zoo_data / "weights/yolo_lite_voc/tiny-yolov2-trial3-noBatch.cfg"
    return zoo.weights.darknet.build(network, network.with_suffix(".weights"), class_names=VOC_NAMES)


@pytest.mark.parametrize(
    "format, name",
    [
        ("onnx", "lite.onnx"),
        pytest.param("saved_model", "lite", marks=pytest.mark.full),
        pytest.param("tflite", "lite.tflite", marks=pytest.mark.full),
    ],
)
def test_yolo_lite_reports_what_its_authors_show(yolo_lite, zoo_data, tmp_path, format, name):
    export.export(yolo_lite, tmp_path / name, format)
    predictor = export.load(tmp_path / name)
    picture = np.asarray(Image.open(zoo_data / "samples/dog.jpg").convert("RGB"))
    found = predictor.predict(picture[None])
    names = [predictor.class_names[label] for label in found["labels"][0, :3]]
    assert names == list(REPORTED)
    np.testing.assert_allclose(found["scores"][0, :3], list(REPORTED.values()), atol=0.01)
    # Boxes come back in the picture's own 768 x 576 pixels: the dog stands left, the car at the upper right.
    assert found["boxes"][0, 1, 2] < 450 < found["boxes"][0, 2, 0] + 100 and found["boxes"][0, 2, 3] < 200
