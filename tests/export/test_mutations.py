"""Broken artifacts, each a real file with one thing wrong: verification refuses every one, and says where.

The honest ones, of every format, way to quantize and task, pass in the tests beside this one: `test_formats`,
`test_detector`, `test_tasks`, `test_models`, `test_two_stage`.
"""

import json
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import export
from export.embedded import embed
from tests.export import conftest, detector, says
from tests.export.writing import SUFFIXES

SUBJECTS = ("segmentation", "detection", "instance_segmentation", "keypoints", "localization", "points")


@pytest.fixture(scope="module")
def subject(model, tmp_path_factory):
    """Returns a function of a task to a model that knows its pictures, and these with their targets."""
    knowing = detector.knowing_detector()

    @cache
    def of(task):
        if task == "segmentation":
            return model, list(zip(*conftest.scenes(5, seed=1), strict=True))
        if task == "detection":
            return knowing, detector.examples(*detector.scenes(12, seed=5))
        return says.says(task), [(picture, says.targets(task)) for picture in says.PICTURES]

    return of


@pytest.fixture(scope="module")
def honest(subject, tmp_path_factory):
    """Returns a function of task, format and way to quantize to an artifact in which nothing is wrong."""

    @cache
    def artifact(task, format="onnx", quantize=None, **thresholds):
        made, examples = subject(task)
        path = tmp_path_factory.mktemp("honest") / f"{task}{SUFFIXES[format]}"
        pictures, targets = zip(*examples, strict=True)
        calibration = np.stack(pictures) if quantize == "int8" else None
        return export.export(
            made,
            path,
            format,
            quantize=quantize,
            representative=calibration,
            pictures=np.stack(pictures),
            targets=targets,
            **thresholds,
        )

    return artifact


def some_quick(cases, *names):
    """Returns the parameters of named cases, of which those with these names are run after every change."""
    return [
        pytest.param(*case, id=name, marks=() if name in names else pytest.mark.full) for name, case in cases.items()
    ]


def constant(value, name):
    """Returns the node of a constant."""
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value), name))


def after(output, *steps):
    """Returns a mutation of an ONNX graph: what made `output` now makes another tensor, which the steps change.

    Each step is an operator, a constant operand or `None`, and attributes.
    """

    def mutate(graph):
        right = f"{output}_right"
        for node in graph.node:
            for names in (node.input, node.output):
                names[:] = [right if name == output else name for name in names]
        tensors = [right, *(f"{output}_{i}" for i in range(1, len(steps))), output]
        graph.node.extend(chain(steps, tensors))

    return mutate


def before(*steps):
    """Returns a mutation by which the graph sees a picture that the steps changed, in float32."""

    def mutate(graph):
        for node in graph.node:
            node.input[:] = ["seen" if name == "image" else name for name in node.input]
        cast = [step("Cast", to=onnx.TensorProto.FLOAT), *steps, step("Cast", to=onnx.TensorProto.UINT8)]
        tensors = ["image", *(f"image_{i}" for i in range(1, len(cast))), "seen"]
        for node in reversed(list(chain(cast, tensors))):
            graph.node.insert(0, node)

    return mutate


def looked_up(output, values):
    """Returns a mutation by which the integer `i` of an output becomes `values[i + 1]`."""

    def mutate(graph):
        after(output, step("Add", np.int32(1)))(graph)
        last = graph.node[-1]
        last.output[0] = f"{output}_place"
        graph.node.append(constant(np.int32(values), f"{output}_values"))
        graph.node.append(helper.make_node("Gather", [f"{output}_values", f"{output}_place"], [output]))

    return mutate


def chain(steps, tensors):
    """Yields the nodes of steps from the first tensor to the last."""
    for i, (operator, operand, attributes) in enumerate(steps):
        inputs = [tensors[i]]
        if operand is not None:
            inputs.append(f"{tensors[i + 1]}_operand")
            yield constant(operand, inputs[1])
        yield helper.make_node(operator, inputs, [tensors[i + 1]], **attributes)


def step(operator, operand=None, **attributes):
    """Returns one step of `after` and `before`."""
    return operator, operand, attributes


def weights(change, which=0):
    """Returns a mutation of the 3x3 kernel of that place among the initializers."""

    def mutate(graph):
        kernel = [tensor for tensor in graph.initializer if list(tensor.dims[2:]) == [3, 3]][which]
        kernel.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(kernel).copy()), kernel.name))

    return mutate


def half_channel(kernel):
    """Doubles the weights of one output channel."""
    kernel[0] *= 2
    return kernel


FLOAT, INT = np.float32, np.int32
GRAPHS = {
    # What happens to a map.
    "a bias in every logit": ("segmentation", after("logits", step("Add", FLOAT(0.146))), "relative"),
    "a bias in one class": ("segmentation", after("logits", step("Add", FLOAT([0, 0, 0.1]))), "relative"),
    "two classes swapped": ("segmentation", after("logits", step("Gather", [1, 0, 2], axis=3)), "relative"),
    "a map moved by a pixel": (
        "segmentation",
        after("logits", step("Gather", [0, *range(47)], axis=2)),
        "relative",
    ),
    "a map upside down": (
        "segmentation",
        after("classes", step("Gather", [*range(31, -1, -1)], axis=1)),
        "classes are not those of the highest logits",
    ),
    "classes counted from one": (
        "segmentation",
        after("classes", step("Add", INT(1)), step("Mod", INT(3))),
        "classes are not those of the highest logits",
    ),
    "a pixel without a number": (
        "segmentation",
        after("logits", step("Add", np.pad(FLOAT([[[np.nan]]]), ((3, 28), (5, 42), (0, 2))))),
        "relative nan",
    ),
    "every picture black": ("segmentation", before(step("Mul", FLOAT(0))), "relative"),
    # What happens to a picture.
    "blue for red": ("segmentation", before(step("Gather", [2, 1, 0], axis=3)), "relative"),
    "half the contrast": ("segmentation", before(step("Mul", FLOAT(0.5))), "relative"),
    "pictures mirrored": ("detection", before(step("Gather", [*range(63, -1, -1)], axis=2)), "agreement"),
    "a picture moved by a pixel": ("detection", before(step("Gather", [0, *range(63)], axis=2)), "agreement_of_all"),
    # What happens to boxes.
    "off by one": ("detection", after("boxes", step("Add", FLOAT(1.0))), "agreement"),
    "off by half a pixel": ("detection", after("boxes", step("Sub", FLOAT(0.5))), "boxes_shift"),
    "y before x": ("detection", after("boxes", step("Gather", [1, 0, 3, 2], axis=2)), "agreement"),
    "sizes for corners": (
        "detection",
        after("boxes", step("MatMul", np.eye(4, dtype=FLOAT) - FLOAT(np.eye(4, k=2)))),
        "a box ends before it begins",
    ),
    "shares for pixels": ("detection", after("boxes", step("Div", FLOAT([64, 48, 64, 48]))), "agreement"),
    "another frame": ("detection", after("boxes", step("Min", FLOAT(40))), "agreement"),
    "scores lost a factor": ("detection", after("scores", step("Mul", FLOAT(0.99))), "scores"),
    "scores rise": ("detection", after("scores", step("Neg")), "scores do not fall"),
    "classes of detections swapped": ("detection", looked_up("labels", [-1, 1, 0]), "agreement"),
    "a row too many": ("detection", after("count", step("Add", INT(1))), "count is"),
    "a class that there is not": ("detection", looked_up("labels", [-1, 0, 5]), "label 5 is none of 2 classes"),
    # What happens to masks, points and objects.
    "masks transposed": ("instance_segmentation", after("masks", step("Transpose", perm=[0, 1, 3, 2])), "least_mask"),
    "masks inverted": (
        "instance_segmentation",
        after("masks", step("Neg"), step("Add", FLOAT(1.0))),
        "least_mask_iou",
    ),
    "logits of masks": ("instance_segmentation", after("masks", step("Mul", FLOAT(4.0))), "masks are no probab"),
    "x for y": ("keypoints", after("keypoints", step("Gather", [1, 0, 2], axis=3)), "keypoints"),
    "left for right": ("keypoints", after("keypoints", step("Gather", [1, 0], axis=2)), "keypoints"),
    "points half a pixel off": ("points", after("points", step("Add", FLOAT(0.45))), "points_shift"),
    "points in another order": ("points", after("points", step("Gather", [1, 0], axis=1)), "points"),
    "no score": ("points", after("score", step("Mul", FLOAT(0.9))), "score"),
    "another class": ("localization", after("probs", step("Gather", [1, 0, 2], axis=1)), "probs"),
    "a box off by one": ("localization", after("box", step("Add", FLOAT(1.0))), "box"),
    # What happens to weights.
    "stale weights": ("segmentation", weights(lambda kernel: kernel * FLOAT(1.01)), "relative"),
    "stale weights of a detector": ("detection", weights(lambda kernel: kernel * FLOAT(1.02), -1), "scores"),
    "a channel doubled": ("segmentation", weights(half_channel), "relative"),
    "a kernel mirrored": ("detection", weights(lambda kernel: kernel[..., ::-1].copy()), "agreement"),
}


@pytest.mark.parametrize(
    ("task", "mutate", "failure"), some_quick(GRAPHS, "a bias in every logit", "off by half a pixel")
)
def test_a_broken_graph_is_refused(subject, honest, tmp_path, task, mutate, failure):
    (model, examples), whole, path = subject(task), honest(task), tmp_path / "broken.onnx"
    proto = onnx.load(whole.path)
    mutate(proto.graph)
    onnx.save(proto, path)
    found = export.verify(path, model, examples)
    assert found.verdict == "failed" and any(one.startswith(failure) for one in found.failures), found.failures
    assert any("picture #" in one for one in found.failures), found.failures


def relabel(**changes):
    """Returns a mutation of the card alone."""
    return lambda card, path: replace(card, **changes).embed(path)


def without_card(path):
    """Returns the content of an artifact, of a TFLite file less the archive behind it."""
    content = Path(path).read_bytes()
    if not zipfile.is_zipfile(path):
        return content
    with zipfile.ZipFile(path) as archive:
        return content[: min(entry.header_offset for entry in archive.infolist())]


CARDS = {
    "a class renamed": (
        "segmentation",
        {"class_names": ("red", "green", "azure")},
        "class names: the file has 'azure' at 2",
    ),
    "classes in another order": (
        "detection",
        {"class_names": ("green", "red")},
        "class names: the file has 'green' at 0",
    ),
    "another task": ("detection", {"task": "keypoints"}, "task: the file has 'keypoints', Keras 'detection'"),
    "another way to resize": ("detection", {"resizing": "stretch"}, "resizing: the file has 'stretch'"),
}


@pytest.mark.parametrize("format", ["onnx", pytest.param("tflite", marks=pytest.mark.full)])
@pytest.mark.parametrize(("task", "changes", "failure"), some_quick(CARDS, "a class renamed"))
def test_a_card_of_another_model_is_refused(subject, honest, tmp_path, format, task, changes, failure):
    (model, examples), whole, path = subject(task), honest(task, format), tmp_path / f"broken.{format}"
    path.write_bytes(without_card(whole.path))
    attributes = {name: changes[name] for name in changes if name in whole.attributes}
    fields = {name: value for name, value in changes.items() if name not in attributes}
    replace(whole, attributes=whole.attributes | attributes, **fields).embed(path)
    found = export.verify(path, model, examples)
    assert found.verdict == "failed" and found.failures[0].startswith(failure), found.failures


@pytest.mark.full
@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_labels_of_another_model_are_refused(subject, honest, tmp_path, format):
    (model, examples), whole, path = subject("segmentation"), honest("segmentation", format), tmp_path / f"a.{format}"
    path.write_bytes(without_card(whole.path))
    embed(path, format, json.dumps(whole.to_dict()), "red\ngreen\nazure")
    found = export.verify(path, model, examples)
    assert found.failures == ("labels: the file has 'azure' at 2, Keras 'blue'",)


FORMS = {
    "suppression dropped": ("onnx", {"iou_threshold": 0.99}, "agreement"),
    "rows of low score dropped": ("onnx", {"score_threshold": 0.2}, "agreement_of_all"),
    "suppression dropped, TFLite": ("tflite", {"iou_threshold": 0.99}, "agreement"),
}


@pytest.mark.parametrize(("format", "thresholds", "failure"), some_quick(FORMS, "suppression dropped"))
def test_other_thresholds_are_refused(subject, honest, format, thresholds, failure):
    model, examples = subject("detection")
    whole, made = honest("detection", format), honest("detection", format, **thresholds)
    assert export.verify(made.path, model, examples).passed  # as long as the card says so
    Path(made.path).write_bytes(without_card(made.path))
    whole.embed(made.path)
    found = export.verify(made.path, model, examples)
    assert found.verdict == "failed" and found.failures[0].startswith(failure), found.failures


@pytest.mark.full
@pytest.mark.parametrize("quantize", ["int8", "dynamic", "float16"])
@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_stale_weights_of_a_quantized_form_are_refused(subject, honest, tmp_path, task, quantize):
    (model, examples), whole = subject(task), honest(task, "onnx", quantize)
    weights = model.get_weights()
    model.set_weights([weight * (1 + 0.3 * np.random.default_rng(0).normal(size=weight.shape)) for weight in weights])
    try:
        found = export.verify(whole.path, model, examples)
    finally:
        model.set_weights(weights)
    assert not found.passed, found


@pytest.mark.parametrize("format", ["onnx", pytest.param("tflite", marks=pytest.mark.full)])
@pytest.mark.parametrize("task", ["segmentation", pytest.param("detection", marks=pytest.mark.full)])
def test_ranges_of_black_pictures_are_refused(subject, tmp_path, task, format):
    model, examples = subject(task)
    pictures, targets = zip(*examples, strict=True)
    pictures, path = np.stack(pictures), tmp_path / f"black.{format}"
    with pytest.raises(export.VerificationError, match="the artifact differs from Keras"):
        export.export(
            model,
            path,
            format,
            quantize="int8",
            representative=np.zeros_like(pictures),
            pictures=pictures,
            targets=targets,
        )
    assert not path.exists()


def test_what_shows_nothing_does_not_pass(subject, honest):
    """Nothing found on either side; labels of nothing; a metric of 0 on both sides."""
    model, examples = subject("detection")
    ground = [(np.full_like(picture, 60), targets) for picture, targets in examples]
    empty = [(picture, {**targets, "labels": np.full_like(targets["labels"], -1)}) for picture, targets in examples]
    elsewhere = [(picture, {**targets, "boxes": targets["boxes"] * 0.1}) for picture, targets in examples]
    plain, small = honest("detection", score_threshold=0.3), honest("detection", quantize="int8")
    for artifact, shown, doubt in (
        (plain, ground, "neither model finds anything"),
        (small, ground, "the AP50 of Keras itself is 0.0"),
        (small, empty, "the AP50 is unknown"),
        (small, elsewhere, "the AP50 of Keras itself is 0.0"),
    ):
        found = export.verify(artifact.path, model, shown)
        assert found.verdict == "cannot tell" and found.doubts[0].startswith(doubt), (found.failures, found.doubts)


@pytest.mark.parametrize("outputs", ["labels,count", "location,category"])
def test_what_a_file_returns_without_boxes_is_compared_too(subject, tmp_path, outputs):
    model, examples = subject("detection")
    pictures, targets = zip(*examples, strict=True)
    whole, path = tmp_path / "whole.onnx", tmp_path / "broken.onnx"
    form = {"outputs": outputs, "pictures": np.stack(pictures), "targets": targets}
    assert export.export(model, whole, **form).parity["verdict"] == "passed"
    proto = onnx.load(whole)
    weights(lambda kernel: kernel[..., ::-1].copy())(proto.graph)
    onnx.save(proto, path)
    found = export.verify(path, model, examples)
    assert [one.split()[0] for one in found.failures] == ["agreement_of_all"] and "picture #" in found.failures[0]
    assert found.agreement is None
    small = export.export(model, tmp_path / "small.onnx", quantize="float16", **form).parity
    assert small["verdict"] == "cannot tell" and "alone do not show what a quantized file loses" in small["doubts"][0]


def test_masks_that_are_returned_in_another_way_are_compared_too(subject, tmp_path):
    """Pasted ones, and those beside boxes without labels and scores."""
    model, examples = subject("instance_segmentation")
    pictures = np.stack([picture for picture, _ in examples])
    whole, path = tmp_path / "whole.onnx", tmp_path / "broken.onnx"
    export.export(model, whole, paste=True, pictures=pictures)
    assert export.verify(whole, model, examples).passed
    proto = onnx.load(whole)
    after("pasted", step("Mul", np.uint8(0)))(proto.graph)
    onnx.save(proto, path)
    assert export.verify(path, model, examples).failures == ("pasted masks are not those of the boxes (picture #0)",)
    parity = export.export(model, tmp_path / "few.onnx", outputs="boxes,masks", pictures=pictures).parity
    assert parity["verdict"] == "cannot tell" and parity["doubts"][0].startswith(
        "masks are compared beside all other"
    )
