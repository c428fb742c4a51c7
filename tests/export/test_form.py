"""The form of a file: which outputs it has, in which order, and what it takes; in its own runtime and by ours."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

import export
from export.form import Form, form_of
from export.outputs import CHOICES, MEDIAPIPE, TASKS
from recipes.deploy.predict import predict
from recipes.deploy.ship import ship
from tests.checks import quick
from tests.export.detector import SIZE, examples, knowing_detector, scenes, toy_detector
from tests.export.test_tasks import PICTURES, says
from tests.export.writing import SUFFIXES
from zoo.errors import InputError

FORMATS = ["saved_model", "onnx", "tflite"]


@pytest.fixture(scope="module")
def detector():
    return knowing_detector()


@pytest.fixture(scope="module")
def exported(detector, tmp_path_factory):
    """Returns a function of format and arguments of `export` to the artifact, each made once."""
    made = {}

    def artifact(format, **form):
        key = (format, *form.items())
        if key not in made:
            path = tmp_path_factory.mktemp("form") / f"toy{SUFFIXES[format]}"
            made[key] = export.export(detector, path, format, pictures=scenes(2, seed=2)[0], **form)
        return made[key]

    return artifact


def graph_of(artifact):
    """Returns the names of a file's inputs and outputs as its own runtime or reader has them, in its order."""
    if artifact.format == "tflite":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(artifact.path)
        return tuple(
            [one["name"] for one in details()]
            for details in (interpreter.get_input_details, interpreter.get_output_details)
        )
    graph = onnx.load(artifact.path).graph
    return [value.name for value in graph.input], [value.name for value in graph.output]


ORDERS = {
    None: TASKS["detection"],
    "scores,count,boxes,labels": ("scores", "count", "boxes", "labels"),
    "mediapipe": MEDIAPIPE,
}


@pytest.mark.parametrize(
    "format, outputs",
    quick(
        [(format, outputs) for format in ("onnx", "tflite") for outputs in ORDERS],
        ("tflite", "scores,count,boxes,labels"),
        ("onnx", "mediapipe"),
    ),
)
def test_card_and_graph_have_one_order(exported, format, outputs):
    artifact = exported(format, outputs=outputs)
    wanted = [o["name"] for o in artifact.outputs]
    assert graph_of(artifact) == (["image"], wanted) and tuple(wanted) == ORDERS[outputs]
    assert artifact.form["outputs"] == wanted and Form.from_dict(artifact.form).outputs == tuple(wanted)


def test_tflite_tensors_are_those_of_the_signature(exported):
    """By place, as C++ reads them, and by name: the same numbers."""
    from ai_edge_litert.interpreter import Interpreter

    artifact, (picture, *_) = exported("tflite", outputs="scores, count, boxes, labels"), scenes(1, seed=5)[0]
    interpreter = Interpreter(artifact.path)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[None])
    interpreter.invoke()
    by_place = [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]
    by_name = interpreter.get_signature_runner()(image=picture[None])
    for output, values in zip(artifact.outputs, by_place, strict=True):
        assert list(values.shape) == output["shape"] and values.dtype == output["dtype"]
        np.testing.assert_array_equal(values, by_name[output["name"]])
    assert by_place[1][0] > 0


@pytest.mark.parametrize(
    "format, name, value",
    quick(
        [(format, *form) for format in FORMATS for form in (("outputs", "mediapipe"), ("input", "float32"))],
        ("onnx", "outputs", "mediapipe"),
        ("tflite", "input", "float32"),
    ),
)
def test_another_form_says_the_same(exported, detector, format, name, value):
    artifact = exported(format, **{name: value})
    pictures, targets = scenes(5, seed=5)
    found = export.verify(artifact.path, detector, examples(pictures, targets))
    assert found.passed and found.agreement == 1.0 and found.artifact_metric > 0.8 and artifact.parity["passed"]
    assert artifact.inputs[0]["dtype"] == (value if name == "input" else "uint8") == export.load(artifact.path).dtype
    odd = np.pad(pictures[0], ((7, 5), (0, 0), (0, 0)), constant_values=60)
    plain, other = (next(export.load(one.path).predict_each([odd])) for one in (exported(format), artifact))
    assert plain.keys() == other.keys() and plain["count"] > 0
    for name, values in plain.items():
        np.testing.assert_allclose(other[name], values, atol=1e-3, err_msg=name)


def test_mediapipes_outputs_are_shares_of_the_picture(exported):
    import onnxruntime

    pictures = scenes(1, seed=5)[0]
    session = onnxruntime.InferenceSession(exported("onnx", outputs="mediapipe").path)
    location, category, score, number = session.run(None, {"image": pictures})
    assert [one.dtype for one in (location, category, score, number)] == [np.float32] * 4
    plain = export.load(exported("onnx").path).predict(pictures)
    top, left, bottom, right = np.moveaxis(location[0], -1, 0)
    height, width = SIZE
    shares = np.stack([left * width, top * height, right * width, bottom * height], axis=-1)
    np.testing.assert_allclose(shares, plain["boxes"][0], atol=1e-4)
    count = int(plain["count"][0])
    assert number.tolist() == [count] and count > 0 and category[0, count:].max() == 0
    assert category[0, :count].tolist() == plain["labels"][0, :count].tolist()


@pytest.mark.parametrize("format", quick(FORMATS, "onnx"))
def test_some_outputs(exported, detector, tmp_path, format):
    artifact, pictures = exported(format, outputs="scores,boxes"), scenes(3, seed=5)[0]
    predictor = export.load(artifact.path)
    assert [o["name"] for o in artifact.outputs] == ["scores", "boxes"] and artifact.parity["passed"]
    found, plain = predictor.predict(pictures), export.load(exported(format).path).predict(pictures)
    assert set(found) == {"scores", "boxes"} == set(next(predictor.predict_each([pictures[0, :40]])))
    np.testing.assert_allclose(found["boxes"], plain["boxes"], atol=1e-4)
    assert export.verify(artifact.path, detector, examples(*scenes(3, seed=5))).passed
    with pytest.raises(InputError, match=r"toy.* leaves out count, labels: export it without --outputs"):
        predict(predictor, [], tmp_path)


@pytest.mark.parametrize(
    "format, outputs",
    quick(
        [(format, outputs) for format in ("onnx", "tflite") for outputs in ("logits", "classes")],
        ("tflite", "logits"),
    ),
)
def test_a_segmenter_without_one_of_its_outputs(model, pictures, labels, tmp_path, format, outputs):
    """Without its classes it has no ARG_MAX, which GPU delegates refuse; ours takes them from the logits."""
    path = tmp_path / f"toy.{format}"
    artifact = export.export(model, path, format, outputs=outputs, input="float32", pictures=pictures[:2])
    assert [o["name"] for o in artifact.outputs] == [outputs]
    if format == "tflite":
        assert ("ARG_MAX" in artifact.operators) == (outputs == "classes")
    found = export.verify(path, model, zip(pictures, labels, strict=True))
    assert found.passed
    predictor, reference = export.load(path), model.predict(pictures, verbose=0)["logits"].argmax(-1)
    assert (predictor.predict(pictures)["classes"] == reference).mean() > 0.999
    large = pictures[0].repeat(2, axis=0).repeat(2, axis=1)
    near = next(predictor.predict_each([large]))["classes"]
    assert near.shape == (64, 96) and (near[::2, ::2] == reference[0]).mean() > 0.95


def test_every_task_names_its_outputs(model):
    from export.runtimes.keras import KerasPredictor

    for task in ("localization", "points", "detection", "instance_segmentation", "keypoints", "masks_and_keypoints"):
        assert set(KerasPredictor(says(task)).predict(PICTURES)) == set(TASKS[task]) <= set(CHOICES[task])
    assert set(KerasPredictor(model).predict(PICTURES)) == set(TASKS["segmentation"])


REFUSED = [
    ({"outputs": "boxes,labls"}, "outputs of 'toy_detector' are some of boxes, count, .*: received boxes,labls"),
    ({"outputs": ("boxes", "boxes")}, "each once, .* received boxes,boxes"),
    ({"outputs": ""}, "received none"),
    ({"input": "float64"}, "unknown input 'float64': choose one of uint8, float32"),
    ({"raw": True, "outputs": "boxes"}, "raw outputs are the network's own: leave out outputs, paste and letterbox"),
    ({"paste": True}, "model 'toy_detector' has no masks to paste"),
    ({"letterbox": True}, "tflite takes pictures of one size alone"),
]


@pytest.mark.parametrize("form, message", REFUSED)
def test_a_form_that_cannot_be_is_refused_before_anything_is_written(tmp_path, form, message):
    with pytest.raises(InputError, match=message):
        export.export(toy_detector(), tmp_path / "toy.tflite", "tflite", **form)
    assert not list(tmp_path.iterdir())


def test_a_form_that_the_model_cannot_have(model):
    asked = {"input": "uint8", "outputs": None, "raw": False, "paste": False, "letterbox": False}
    for form, message in [
        ({"raw": True}, "model 'toy' has no raw form: one-stage detectors alone have one"),
        ({"outputs": "mediapipe"}, "mediapipe's outputs are those of detectors, and model 'toy' is none"),
    ]:
        with pytest.raises(InputError, match=message):
            form_of(model, "onnx", (32, 48), 1, **{**asked, **form})
    with pytest.raises(InputError, match="masks lie over boxes: choose these outputs together"):
        form_of(says("instance_segmentation"), "onnx", (16, 16), 1, **{**asked, "outputs": "masks,scores"})
    masks = says("instance_segmentation")
    own = TASKS["instance_segmentation"]
    for outputs, names in (("boxes,masks", ("boxes", "masks")), ("mediapipe", MEDIAPIPE), (None, own)):
        form = form_of(masks, "onnx", (16, 16), 2, **{**asked, "paste": True, "outputs": outputs})
        assert form.outputs == (*names, "pasted")
    with pytest.raises(InputError, match="letterbox takes batch_size 1, received 2"):
        form_of(model, "onnx", (32, 48), 2, **{**asked, "letterbox": True})


def test_a_card_of_before_says_nothing_of_its_form(exported, detector, tmp_path):
    """Files of before this form existed, and their cards without it."""
    from export.artifact import Artifact

    artifact = exported("onnx")
    card = {k: v for k, v in json.loads(json.dumps(artifact.to_dict())).items() if k not in ("form", "decoder")}
    path = tmp_path / "old.onnx"
    path.write_bytes(Path(artifact.path).read_bytes())
    Artifact.from_dict(card).embed(path)
    predictor = export.load(path)
    assert predictor.card.form == {} and predictor.network_size == SIZE
    assert export.verify(path, detector, examples(*scenes(2, seed=5))).passed


@pytest.mark.full
def test_the_command_line_asks_for_a_form(detector, tmp_path):
    detector.save(tmp_path / "toy.keras")
    artifact = ship(tmp_path / "toy.keras", format="onnx", outputs="mediapipe", input="float32", max_detections=7)
    assert artifact.path == str(tmp_path / "artifacts" / "toy-float32-mediapipe.onnx")
    assert artifact.outputs[0] == {"name": "location", "dtype": "float32", "shape": [1, 7, 4]}
    assert artifact.inputs == [{"name": "image", "dtype": "float32", "shape": [1, *SIZE, 3]}]
