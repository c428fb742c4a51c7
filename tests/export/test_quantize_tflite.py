"""TFLite in integers: no float anywhere, or just where it has to be."""

import numpy as np
import pytest
from keras import layers, ops

import export
from export.runtimes.keras import KerasPredictor
from export.tflite_graph import operator_name, parse
from export.tflite_quantize import large_kernels
from tests.export import detector
from tests.export.test_tasks import PICTURES, SIDE, Says, says
from zoo.errors import InputError

FLOAT32, INT32, UINT8, INT8 = 0, 2, 3, 9
"""Numbers of the schema's `TensorType`."""


def graph_of(artifact):
    """Returns the unpacked model of an artifact and its graph."""
    with open(artifact.path, "rb") as file:
        model = parse(file.read())
    return model, model.subgraphs[0]


def full(model, folder, pictures):
    return export.export(
        model, folder / "full.tflite", "tflite", quantize="int8_full", representative=pictures, pictures=pictures
    )


def nothing_is_float(artifact):
    _, graph = graph_of(artifact)
    assert {int(tensor.type) for tensor in graph.tensors} <= {INT32, UINT8, INT8}
    (image,) = graph.inputs
    assert graph.tensors[image].type == UINT8
    assert list(graph.tensors[image].quantization.scale) == [1.0]  # raw pixels, all of 0 to 255
    assert list(graph.tensors[image].quantization.zeroPoint) == [0]


def test_a_segmentation_in_integers_alone(exported):
    artifact = exported("tflite", "int8_full")
    nothing_is_float(artifact)
    assert artifact.operators == {
        "QUANTIZE": 2,  # of the pixels, and of what is concatenated
        "MUL": 1,
        "ADD": 1,
        "CONV_2D": 4,
        "MAX_POOL_2D": 1,
        "TRANSPOSE_CONV": 1,
        "CONCATENATION": 1,
        "ARG_MAX": 1,
    }


@pytest.mark.parametrize("task", ["points", "localization"])
def test_a_vector_in_integers_alone(task, tmp_path):
    artifact = full(says(task), tmp_path, PICTURES)
    nothing_is_float(artifact)
    assert {entry["dtype"] for entry in artifact.outputs} == {"int8"} and not artifact.parity["failures"]
    predictor, reference = export.load(artifact.path), KerasPredictor(says(task))
    for pictures in (PICTURES, PICTURES.repeat(2, axis=1).repeat(3, axis=2)):
        found, known = predictor.predict(pictures), reference.predict(pictures)
        for name, values in known.items():
            assert found[name].dtype == np.float32
            np.testing.assert_allclose(found[name], values, atol=0.02 * np.abs(values).max())


def test_limits_from_above_hold_in_integers(tmp_path):
    """LiteRT's MINIMUM compares whole numbers, whatever their scales: 10 pixels are 10 in those of the box."""
    image = layers.Input((SIDE, SIDE, 3), name="image")
    colours = layers.Flatten()(layers.AveragePooling2D(8)(layers.Rescaling(1 / 255)(image)))
    box = layers.Dense(4, name="values", bias_initializer=lambda *_, **__: np.float32([-20, 3, 12, 14]))(colours)
    box = ops.minimum(ops.maximum(box, 0.0), np.float32([10, 16, 10, 16]))
    model = Says(image, {"box": box, "score": layers.Dense(1)(colours)[:, 0], "probs": layers.Softmax()(colours)})
    model.task, model.image_size = "localization", (SIDE, SIDE)
    artifact = full(model, tmp_path, PICTURES)
    nothing_is_float(artifact)
    assert artifact.operators["MINIMUM"] == 1
    found = export.load(artifact.path).predict(PICTURES)["box"]
    np.testing.assert_allclose(found, KerasPredictor(model).predict(PICTURES)["box"], atol=0.15)
    np.testing.assert_allclose(found[:, [0, 2]], [[0, 10]] * 2, atol=0.05)


def test_a_detectors_raw_grid_in_integers_alone(tmp_path):
    model, (pictures, targets) = detector.knowing_detector(), detector.scenes(20, seed=1)
    artifact = export.export(
        model,
        tmp_path / "raw.tflite",
        "tflite",
        quantize="int8_full",
        raw=True,
        representative=pictures,
        pictures=pictures,
        targets=[targets for _, targets in detector.examples(pictures, targets)],
    )
    nothing_is_float(artifact)
    assert {entry["dtype"] for entry in artifact.outputs} == {"int8"} and artifact.operators["LEAKY_RELU"] == 5
    assert artifact.parity["verdict"] == "passed" and artifact.parity["agreement"] > 0.9
    assert set(export.load(artifact.path).predict(pictures[:1])) == {"boxes", "scores", "labels", "count"}


def test_what_has_no_integers_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no float operator, .* in integers for .*NON_MAX_SUPPRESSION_V4.*TOPK_V2"):
        full(detector.toy_detector(), tmp_path, detector.scenes(2, seed=0)[0])


def test_leaky_units_between_convolutions_are_integers(tmp_path):
    """The quantizer leaves them in float: two conversions more for each, of every pixel."""
    pictures = detector.scenes(4, seed=1)[0]
    artifact = export.export(
        detector.toy_detector(), tmp_path / "leaky.tflite", "tflite", quantize="int8", representative=pictures
    )
    model, graph = graph_of(artifact)
    leaky = [operator for operator in graph.operators if operator_name(model, operator) == "LEAKY_RELU"]
    kinds = [tuple(int(graph.tensors[t].type) for t in (*o.inputs, *o.outputs)) for o in leaky]
    assert kinds == [(INT8, INT8)] * 4 + [(FLOAT32, FLOAT32)]  # before the last convolution


@pytest.mark.parametrize(
    "shape, channelwise", [((260, 3, 3, 3600), True), ((256, 4, 1, 8300), False), ((4, 3, 2, 5), True)]
)
def test_kernels_of_any_size_are_quantized(shape, channelwise):
    """Those of more than 32 MiB, as in YOLO v2 and in VGG16's fc6, are beyond the quantizer alone."""
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor

    kernel = np.random.default_rng(0).normal(size=shape).astype("float32")
    scale = (np.arange(1, shape[0] + 1) if channelwise else np.ones(1)).reshape(-1, 1, 1, 1) / 64
    params = qtyping.UniformQuantParams(
        num_bits=8,
        quantized_dimension=0 if channelwise else None,
        scale=scale.astype("float32"),
        zero_point=np.zeros_like(scale, "int64"),
        symmetric=True,
    )
    with large_kernels():
        integers = uniform_quantize_tensor.uniform_quantize(kernel, params)
    assert integers.dtype == np.int8 and integers.shape == shape
    np.testing.assert_array_equal(integers, np.clip(np.round(kernel / scale.astype("float32")), -127, 127))
