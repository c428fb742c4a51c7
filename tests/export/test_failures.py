"""What cannot be exported says why in one line, and leaves what was there before."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

import export
import export.onnx
from export import convert
from export.placing import unverified
from tests.export.conftest import SIZE, toy
from zoo.errors import InputError


@keras.saving.register_keras_serializable("tests")
class FailsLater(layers.Layer):
    """Breaks where the variable is set: once the model is built, not before."""

    def call(self, x):
        if os.environ.get("TOY_FAILS"):
            raise RuntimeError("this layer cannot be traced")
        return x


@pytest.fixture
def previous(tmp_path):
    """A file from an earlier export."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the previous artifact")
    return path


def untouched(path):
    return path.read_bytes() == b"the previous artifact" and os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("format", ["tflite", "onnx"])
def test_operator_without_counterpart_is_named(tmp_path, format):
    with pytest.raises(InputError, match=f"(?i){format} has no.* operator for Erfinv"):
        export.export(toy(middle=ops.erfinv), tmp_path / f"model.{format}", format)
    assert os.listdir(tmp_path) == []


def test_finished_file_with_a_flex_operator_is_refused(exported):
    import flatbuffers

    from export import tflite

    with open(exported("tflite").path, "rb") as file:
        model = tflite.parse(file.read())
    model.operatorCodes[0].customCode = b"FlexErfinv"
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    with pytest.raises(InputError, match="FlexErfinv"):
        tflite.refuse_foreign(bytes(builder.Output()))


def test_half_written_file_leaves_the_previous_artifact(previous, model, monkeypatch):
    def write(model, path, **options):
        Path(path).write_bytes(b"half of it")
        raise OSError("no space left")

    monkeypatch.setattr(export.onnx, "write", write)
    with pytest.raises(export.ConversionError, match="no space left"):
        export.export(model, previous)
    assert untouched(previous)


@pytest.mark.parametrize("in_child", [False, pytest.param(True, marks=pytest.mark.full)])
def test_failing_converter_leaves_the_previous_artifact(previous, monkeypatch, in_child):
    model = toy(middle=FailsLater())
    monkeypatch.setenv("TOY_FAILS", "1")
    monkeypatch.setattr(convert, "on_tensorflow_cpu", lambda: not in_child)
    with pytest.raises(export.ConversionError, match="this layer cannot be traced") as failure:
        export.export(model, previous)
    assert len(str(failure.value)) < 800
    assert untouched(previous)


@pytest.mark.full
def test_killed_export_leaves_the_previous_artifact(previous, model, tmp_path_factory):
    source = tmp_path_factory.mktemp("source") / "toy.keras"
    model.save(source)
    script = f"import export; export.export({str(source)!r}, {str(previous)!r})"
    environment = {**os.environ, "KERAS_BACKEND": "jax"}  # converts in a child process, which ends with its parent
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL, env=environment)
    wait_for(lambda: list(previous.parent.glob(".model.onnx.*/job.json")))
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: untouched(previous))


def wait_for(condition, seconds=180):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_folder_is_replaced_whole_or_not_at_all(tmp_path):
    from export.placing import folder_beside, put_in_place

    path = tmp_path / "model"
    path.mkdir()
    (path / "saved_model.pb").write_text("old")
    with folder_beside(path) as folder:
        with pytest.raises(FileNotFoundError):
            put_in_place(folder / "model", path, folder)
        assert (path / "saved_model.pb").read_text() == "old"
        (folder / "model").mkdir()
        (folder / "model" / "saved_model.pb").write_text("new")
        put_in_place(folder / "model", path, folder)
    assert (path / "saved_model.pb").read_text() == "new" and os.listdir(tmp_path) == ["model"]


def test_folder_of_a_dead_process_is_removed(tmp_path):
    from export.placing import folder_beside

    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".model.onnx.{dead.pid}.x.tmp"
    left.mkdir()
    with folder_beside(tmp_path / "model.onnx") as folder:
        assert os.listdir(tmp_path) == [folder.name]
    assert os.listdir(tmp_path) == []


WRONG = [
    ({"format": "coreml"}, "unknown format 'coreml': choose one of saved_model, onnx, tflite"),
    (
        {"quantize": "int4"},
        "unknown quantize for onnx 'int4': choose one of None, float16, dynamic, weight_int4, int8",
    ),
    ({"format": "saved_model", "quantize": "int8"}, "quantize for saved_model 'int8': choose one of None, float16"),
    ({"quantize": "int8"}, "int8 needs representative pictures"),
    ({"image_size": (0, 48)}, "must be positive"),
    ({"image_size": 32}, "image_size must be"),
    ({"batch_size": 0}, "batch_size must be"),
    ({"format": "tflite", "path": "a.tflite", "batch_size": None}, "fixed batch_size"),
    ({"path": "model.tflite"}, "must end in .onnx"),
    ({"path": "missing/model.onnx"}, "make the folder"),
    ({"format": "saved_model", "path": "."}, "is there and no SavedModel"),
    ({"quantize": "int8", "representative": np.zeros((2, 8, 8, 3), np.uint8)}, "representative must be uint8"),
    ({"pictures": np.zeros((2, *SIZE, 3), np.float32)}, "pictures must be uint8"),
    ({"model_or_path": "missing.keras"}, "missing.keras does not exist"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_arguments(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message.replace("(", r"\(")) as failure:
        export.export(**{"model_or_path": toy(), "path": "model.onnx", **arguments})
    assert "\n" not in str(failure.value)
    assert os.listdir(tmp_path) == []


def test_size_must_be_known(tmp_path):
    model = toy()
    model.image_size = None
    with pytest.raises(InputError, match="pass image_size="):
        export.export(model, tmp_path / "model.onnx")


def test_model_without_named_outputs(tmp_path):
    image = layers.Input((8, 8, 3))
    with pytest.raises(InputError, match="dict of outputs"):
        export.export(keras.Model(image, layers.Conv2D(1, 1)(image)), tmp_path / "model.onnx")


@pytest.fixture
def stale(monkeypatch):
    """Has files written with weights that the model no longer has."""
    from export import exporter

    def stale_convert(model, *args, **options):
        weights = model.get_weights()
        model.set_weights([weight * 1.5 for weight in weights])
        try:
            return convert.convert(model, *args, **options)
        finally:
            model.set_weights(weights)

    monkeypatch.setattr(exporter, "convert", stale_convert)


def test_an_artifact_that_differs_is_kept_under_another_name(stale, previous, model, pictures):
    with pytest.raises(
        export.VerificationError, match=r"differs from Keras: relative .*picture #\d.*kept as"
    ) as raised:
        export.export(model, previous, "onnx", pictures=pictures)
    other = previous.with_name("model.unverified.onnx")
    assert previous.read_bytes() == b"the previous artifact" and raised.value.artifact.path == str(other)
    assert sorted(os.listdir(previous.parent)) == [previous.name, other.name]
    assert export.Artifact.read(other).parity["verdict"] == "failed"
    assert export.load(other).predict(pictures)["classes"].shape == (5, *SIZE)


@pytest.mark.parametrize(
    "name, other",
    [
        ("model.onnx", "model.unverified.onnx"),
        ("v1.2", "v1.2.unverified"),
        ("v1.2.tflite", "v1.2.unverified.tflite"),
        ("net", "net.unverified"),
    ],
)
def test_the_other_name_keeps_the_suffix(name, other):
    assert unverified(Path("runs", name)) == Path("runs", other)


def test_noise_does_not_judge_a_quantized_form(stale, tmp_path, model, pictures, labels):
    made = export.export(model, tmp_path / "model.onnx", "onnx", quantize="dynamic")
    assert made.parity["verdict"] == "cannot tell" and "noise alone" in made.parity["doubts"][-1]
    with pytest.raises(export.VerificationError, match="it was kept as"):
        export.export(model, tmp_path / "model.onnx", "onnx", quantize="dynamic", pictures=pictures, targets=labels)
    with pytest.raises(InputError, match="one for each: received 5 of 4 pictures"):
        export.export(model, tmp_path / "model.onnx", "onnx", pictures=pictures[:4], targets=labels)


def test_a_class_name_of_two_lines_is_refused(tmp_path):
    made = toy()
    made.class_names = ("red, as wine", "a\nb", "blue 🦊")
    with pytest.raises(InputError, match=r"the class name 'a\\nb' has a line break"):
        export.export(made, tmp_path / "toy.onnx")
    assert not list(tmp_path.iterdir())
    made.class_names = ("red, as wine", "green", "blue 🦊")
    path = export.export(made, tmp_path / "toy.onnx").path
    assert export.load(path).class_names == export.artifact.labels_of(path) == made.class_names
