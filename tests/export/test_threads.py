"""Eight threads predict with one artifact, and each gets what a single one would get."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import export
from export.quiet import native_stderr_held
from tests.export.conftest import scenes
from zoo.errors import InputError

THREADS, CALLS = 8, 10
FILES = [("onnx", None, 1), ("tflite", None, 1), ("tflite", "int8", 1), ("saved_model", None, None)]


def together(predict):
    """Calls `predict` on other pictures from all threads at once, many times; compares with one after the other."""
    pictures = scenes(THREADS * CALLS, seed=5)[0]
    alone = [predict(picture[None]) for picture in pictures]
    start = Barrier(THREADS)

    def work(own):
        start.wait()
        return [predict(picture[None]) for picture in own]

    with ThreadPoolExecutor(THREADS) as pool:
        found = [one for each in pool.map(work, np.split(pictures, THREADS)) for one in each]
    for one, other in zip(found, alone, strict=True):
        assert set(one) == set(other)
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("file", FILES, ids=str)
def test_threads_share_a_predictor(exported, file):
    together(export.load(exported(*file).path).predict)


def test_threads_share_a_keras_model(model, tmp_path):
    model.save(tmp_path / "toy.keras")
    together(export.load(tmp_path / "toy.keras").predict)


def test_threads_load_at_once(exported, capfd):
    """Each loading holds standard error for a while; two at once left it lost."""
    path = exported("tflite").path
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: export.load(path).predict(scenes(1, seed=6)[0]), range(2 * THREADS)))
    for one in found:
        np.testing.assert_array_equal(one["logits"], found[0]["logits"])
    start = Barrier(2)

    def hold(_):
        start.wait()
        with native_stderr_held():
            os.write(2, b"held")

    for _ in range(20):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(hold, range(2)))
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


def test_providers(exported, pictures):
    path = exported("onnx").path
    assert export.load(path, providers=["CPUExecutionProvider"]).predict(pictures)["classes"].shape == (5, 32, 48)
    with pytest.raises(InputError, match="no provider 'TPU' here: choose among .*CPUExecutionProvider"):
        export.load(path, providers=["TPU"])
    with pytest.raises(InputError, match="is no .onnx file: providers are ONNX Runtime's"):
        export.load(exported("tflite").path, providers=["CPUExecutionProvider"])
