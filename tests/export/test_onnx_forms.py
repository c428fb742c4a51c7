"""An ONNX file in other forms: versions of operators, pictures of any size, its names; nothing idle in its graph."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import export
import zoo
from export.form import Form, preprocessing
from export.onnx import write
from export.onnx_graph import in_order
from export.onnx_tidy import drop_idle, idle_nodes
from export.runtime import opened
from export.runtimes.keras import KerasPredictor
from export.source import attributes_of
from zoo.errors import InputError

ANY = Form((None, None), None)


def axes(value):
    return [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]


@pytest.mark.parametrize("opset", [13, 17, 20, onnx.defs.onnx_opset_version()])
def test_versions_of_operators(model, pictures, tmp_path, opset):
    path = tmp_path / "toy.onnx"
    artifact = export.export(model, path, opset=opset, pictures=pictures)
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    assert [(entry.domain, entry.version) for entry in proto.opset_import] == [("", opset)]
    assert artifact.parity["passed"]


def test_versions_that_there_are_not(model, tmp_path):
    for opset in (12, 99, "18"):
        with pytest.raises(InputError, match=rf"opset must be a number from 13 to \d+, received {opset!r}"):
            export.export(model, tmp_path / "toy.onnx", opset=opset)
    with pytest.raises(InputError, match="opset is a number of ONNX's, received 18: leave it out for tflite"):
        export.export(model, tmp_path / "toy.tflite", "tflite", opset=18)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("quantize", [None, "float16", "dynamic", "int8"])
def test_any_size_and_number_in_one_file(model, pictures, tmp_path, quantize):
    path = tmp_path / "toy.onnx"
    options = {"representative": pictures} if quantize == "int8" else {}
    artifact = export.export(
        model, path, image_size=(None, None), batch_size=None, quantize=quantize, pictures=pictures, **options
    )
    assert artifact.image_size == (None, None) and artifact.batch_size is None
    assert "of any size" in artifact.preprocessing and (quantize or artifact.parity["passed"])
    graph = onnx.load(path).graph
    assert axes(graph.input[0]) == ["batch", "height", "width", 3]
    assert {value.name: axes(value) for value in graph.output} == {
        "logits": ["batch", "height", "width", 3],
        "classes": ["batch", "height", "width"],
    }
    predictor, keras = export.load(path), KerasPredictor(model)
    assert predictor.image_size == (None, None) and predictor.frame_size is None
    for size in ((32, 48), (64, 20)):
        images = np.resize(pictures, (3, *size, 3))
        ours, theirs = predictor.predict(images), keras.predict(images)
        assert ours["logits"].shape == (3, *size, 3)
        assert (ours["classes"] == theirs["classes"]).mean() > 0.97
    large, small = predictor.predict_each([np.resize(pictures, (40, 60, 3)), pictures[0]])
    assert large["classes"].shape == (40, 60) and small["classes"].shape == (32, 48)


def test_odd_sides_are_padded_in_the_graph(tmp_path):
    network = zoo.unet(3, width=1 / 16, depth=2)
    path = tmp_path / "unet.onnx"
    write(network, path, form=Form((None, None), 1))
    proto = onnx.load(path)
    assert proto.graph.name == "unet" and "Ronneberger" in proto.doc_string and proto.producer_name == "regionzoo"
    assert axes(proto.graph.output[1]) == [1, "height", "width", 3]
    image = np.random.default_rng(0).integers(0, 256, (1, 37, 50, 3), dtype=np.uint8)
    ours, theirs = opened(path).predict(image), KerasPredictor(network).predict(image)
    np.testing.assert_allclose(ours["logits"], theirs["logits"], atol=1e-4)


def test_a_map_smaller_than_the_picture_has_axes_of_its_own(tmp_path):
    write(zoo.unet(2, width=1 / 32, depth=1, padding="valid"), tmp_path / "valid.onnx", form=ANY)
    (classes, logits) = onnx.load(tmp_path / "valid.onnx").graph.output
    assert axes(logits) == ["batch", "logits_1", "logits_2", 2] and axes(classes) == [
        "batch",
        "classes_1",
        "classes_2",
    ]


def test_a_detector_of_any_size_scales_sides(tmp_path):
    network = zoo.tiny_yolo_v2(2, width=1 / 16, input_shape=(None, None, 3), score_threshold=0.0)
    network.sides = 64, 96
    path = tmp_path / "yolo.onnx"
    write(network, path, form=Form((None, None)))
    predictor, keras = opened(path), KerasPredictor(network)
    predictor.take_attributes(attributes_of(network))  # as the card would have them
    assert predictor.sides == [64, 96] and "sides of 64, at most 96" in preprocessing(network, Form((None, None)))
    scenes = np.random.default_rng(0).integers(0, 256, (2, 70, 90, 3), dtype=np.uint8)
    scenes = [scenes[0], scenes[1, :33]]
    for ours, theirs in zip(predictor.predict_each(scenes), keras.predict_each(scenes), strict=True):
        assert ours["count"] == theirs["count"] > 0
        np.testing.assert_allclose(ours["boxes"], theirs["boxes"], atol=0.05)


def test_any_size_is_refused_where_it_cannot_be(model, tmp_path):
    with pytest.raises(InputError, match="tflite takes a fixed image_size, received anyxany"):
        export.export(model, tmp_path / "toy.tflite", "tflite", image_size=(None, None))
    fixed = zoo.unet(3, width=1 / 16, depth=2, input_shape=(32, 48, 3))
    with pytest.raises(InputError, match="the model takes pictures of 32x48, received image_size anyx48"):
        export.export(fixed, tmp_path / "toy.onnx", image_size=(None, 48))


IDLE = {
    "unet": lambda: (zoo.unet(3, width=1 / 16, depth=2), (48, 64)),
    "fcn8s": lambda: (zoo.fcn8s_vgg16(3, width=1 / 16), (48, 64)),
}


@pytest.mark.parametrize("name", IDLE)  # and `test_two_stage.py` has Mask R-CNN
def test_no_node_is_idle(name, tmp_path):
    network, size = IDLE[name]()
    write(network, tmp_path / "model.onnx", form=Form(size))
    proto = onnx.load(tmp_path / "model.onnx")
    assert [node.op_type for node in idle_nodes(proto)] == []
    if name == "unet":  # its crop is as large as the picture
        assert "Slice" not in {node.op_type for node in proto.graph.node}


def idle_graph():
    """Returns a model of idle nodes and others like them: `x` of 2 x 4 to four outputs."""
    tensors = {"zero": [0], "end": [4], "three": [3], "axis": [1], "back": [-1], "far": [-9], "same": [2, 4]}
    nodes = [
        helper.make_node("Cast", ["x"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["cast", "zero", "end", "axis"], ["all"]),
        helper.make_node("Relu", ["all"], ["relu"]),
        helper.make_node("Reshape", ["relu", "same"], ["whole"]),
        helper.make_node("Slice", ["relu", "zero", "three", "axis"], ["part"]),
        helper.make_node("Slice", ["relu", "back", "far", "axis", "back"], ["backwards"]),
        helper.make_node("Identity", ["x"], ["named"]),
        helper.make_node("Add", ["relu", "x"], ["sum"]),
    ]
    outputs = {"whole": [2, 4], "part": [2, 3], "backwards": [2, 4], "named": [2, 4], "sum": [2, 4]}
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.array(value), name) for name, value in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_idle_nodes_go_and_those_like_them_stay():
    proto = idle_graph()
    x = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    before = ReferenceEvaluator(proto).run(None, {"x": x})
    drop_idle(proto)
    onnx.checker.check_model(proto, full_check=True)
    # The identity stays: it gives an input a second name, as an output.
    assert [node.op_type for node in proto.graph.node] == ["Relu", "Slice", "Slice", "Identity", "Add"]
    for one, other in zip(ReferenceEvaluator(proto).run(None, {"x": x}), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_branch_stands_behind_what_it_alone_reads():
    """ONNX Runtime's quantizer puts a branch first whose condition is an input, as a letterbox's."""
    value = helper.make_tensor_value_info
    branches = {
        name: helper.make_graph([helper.make_node("Abs", [read], [name])], name, [], [value(name, 1, [2])])
        for name, read in (("then_branch", "x"), ("else_branch", "twice"))
    }
    nodes = [
        helper.make_node("If", ["condition"], ["y"], **branches),
        helper.make_node("Add", ["x", "x"], ["twice"]),
    ]
    inputs = [value("condition", TensorProto.BOOL, []), value("x", 1, [2])]
    graph = helper.make_graph(nodes, "branches", inputs, [value("y", 1, [2])])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    with pytest.raises(onnx.checker.ValidationError, match="topologically sorted"):
        onnx.checker.check_model(proto)
    in_order(proto.graph)
    onnx.checker.check_model(proto)
    (y,) = ReferenceEvaluator(proto).run(None, {"condition": np.array(False), "x": np.float32([1, -2])})
    np.testing.assert_array_equal(y, [2, 4])
