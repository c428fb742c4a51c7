"""Where a model is converted: in this process on TensorFlow, in one of its own beside every other backend."""

import gc
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import export
from export import convert as convert_module
from export.convert import convert, root_cause
from export.form import Form
from export.quiet import native_stderr_held
from tests.export.conftest import SIZE, toy
from tests.export.writing import SUFFIXES
from zoo.errors import InputError
from zoo.segmentation.segmenter import Segmenter


@pytest.mark.full
@pytest.mark.parametrize("format", ["onnx", "tflite", "saved_model"])
def test_model_of_another_backend(tmp_path, format):
    image = keras.Input((8, 8, 3), name="image")
    logits = keras.layers.Conv2D(3, 3, padding="same", name="logits")(image)
    Segmenter(image, {"logits": logits}).save(tmp_path / "flat.keras")
    target = f"model{SUFFIXES[format]}"
    script = f"import export; print(export.export('flat.keras', {target!r}, {format!r}).parity)"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    output = subprocess.check_output([sys.executable, "-c", script], cwd=tmp_path, env=environment, text=True)
    assert "'failures': []" in output.splitlines()[-1]
    assert sorted(os.listdir(tmp_path)) == sorted(["flat.keras", target])


@pytest.mark.parametrize("format", ["onnx", "tflite", "saved_model"])
def test_conversion_here_leaves_no_graph_and_no_process(tmp_path, monkeypatch, capfd, format):
    monkeypatch.delattr(subprocess, "Popen")
    model = toy()
    model(np.zeros((1, *SIZE, 3), np.float32))
    gc.collect()
    before = graphs()
    convert(model, tmp_path / f"model{SUFFIXES[format]}", format, form=Form(SIZE))
    assert graphs() == before
    assert capfd.readouterr() == ("", "")


def test_a_child_that_dies_at_the_second_attempt_does_not_pass_for_the_first(tmp_path, monkeypatch):
    (tmp_path / "result.json").write_text('{"inputs": [], "search": null}')
    monkeypatch.setattr(convert_module, "on_tensorflow_cpu", lambda: False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(export.ConversionError, match="without a word"):
        convert(toy(), tmp_path / "model.onnx", "onnx", form=Form(SIZE))


def graphs():
    return sum(isinstance(one, tf.Graph) for one in gc.get_objects())


@pytest.mark.parametrize(("kind", "shown"), [(InputError, ""), (RuntimeError, "chatter")])
def test_chatter_is_shown_only_for_failures(capfd, kind, shown):
    with pytest.raises(kind), native_stderr_held():
        os.write(2, b"chatter")
        raise kind
    assert capfd.readouterr().err == shown


def test_the_root_cause_in_one_line():
    def fails(suppressed):
        try:
            try:
                raise ValueError("no such\n  kernel")
            except ValueError as error:
                raise RuntimeError("wrapped") from (None if suppressed else error)
        except RuntimeError as error:
            return error

    assert root_cause(fails(False)) == "ValueError: no such kernel"
    assert root_cause(fails(True)) == "RuntimeError: wrapped"
    assert len(root_cause(ValueError("x" * 1000))) == 600
