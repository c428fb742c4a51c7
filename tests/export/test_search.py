"""Layers that integers spoil stay in float: found among others that do no harm."""

import math

import keras
import numpy as np
import pytest

import export
from export.runtimes.keras import KerasPredictor
from export.search import few, float_layers, noise_between, search
from tests.export.conftest import scenes, toy
from tests.export.test_quantize_int4 import with_a_matrix
from tests.export.test_tasks import PICTURES
from tests.export.writing import solved
from zoo.errors import InputError


class Three:
    """Layers whose noises add up as those of independent sources do."""

    layers, pictures = ("a", "b", "c"), 8
    alone = {"a": 0.02, "b": 0.3, "c": 0.1}

    def __init__(self):
        self.tried = []

    def noise(self, layers):
        self.tried.append({*layers})
        return math.sqrt(sum(self.alone[layer] ** 2 for layer in self.layers if layer not in layers))


@pytest.mark.parametrize(
    "limit, layers, left",
    [(0.4, [], 0.317), (0.15, ["b"], 0.102), (0.05, ["b", "c"], 0.02), (0.01, ["b", "c", "a"], 0.0)],
)
def test_those_that_add_most_stay(limit, layers, left):
    trials = Three()
    found = search(trials, limit)
    assert float_layers(found) == layers
    assert found["noise"] == pytest.approx(left, abs=1e-3) and found["int8_noise"] == pytest.approx(0.317, abs=1e-3)
    assert [row["layer"] for row in found["layers"]] == (["b", "c", "a"] if layers else [])
    assert all(row["noise"] == pytest.approx(Three.alone[row["layer"]]) for row in found["layers"])
    assert len(trials.tried) <= 1 + 3 + 2 if layers else trials.tried == [set()]  # all, each, and by bisection


def test_noise_by_hand():
    reference = [np.float32([0, 2, 0, 2]), np.float32([5, 5])]
    assert noise_between(reference, reference) == 0
    assert noise_between(reference, [np.float32([0, 2, 1, 2]), np.float32([5, 5])]) == 0.5
    assert noise_between(reference, [reference[0], np.float32([5, 8])]) == pytest.approx(4.5**0.5)  # of a constant
    assert noise_between([], []) == 0


@pytest.mark.parametrize("count, places", [(3, [0, 1, 2]), (8, range(8)), (20, [0, 2, 5, 7, 10, 12, 15, 17])])
def test_a_few_pictures_are_spread(count, places):
    np.testing.assert_array_equal(few({"image": np.arange(count)})["image"], places)


@pytest.fixture(scope="module")
def spoiled():
    """The toy with one channel between two layers 400 times as large, which the second makes good: the same network.

    In integers one scale holds for all channels of a tensor, and little is left of the others.
    """
    keras.utils.set_random_seed(0)
    pictures, labels = scenes(16, seed=0)
    model = solved(toy(), "logits", pictures.astype(np.float32), 8.0 * np.eye(3)[labels] - 4.0)
    before = KerasPredictor(model).predict(pictures[:2])["logits"]
    norm, up = model.get_layer("middle_bn"), model.get_layer("up")
    gamma, beta, *others = norm.get_weights()
    kernel, bias = up.get_weights()
    largest = np.argmax(gamma)
    gamma[largest], beta[largest] = 400 * gamma[largest], 400 * beta[largest]
    kernel[..., largest] /= 400
    norm.set_weights([gamma, beta, *others])
    up.set_weights([kernel, bias])
    model.predict_function = None
    np.testing.assert_allclose(KerasPredictor(model).predict(pictures[:2])["logits"], before, atol=1e-2)
    return model


@pytest.mark.parametrize("format", ["onnx", "tflite"])
@pytest.mark.parametrize("limit", [0.05, None])
def test_the_layers_around_a_spoiled_tensor_stay(spoiled, tmp_path, monkeypatch, format, limit):
    """They are sought where the artifact exceeds its limits, too: in plain int8 it agrees in 98.0 %."""
    monkeypatch.setitem(export.TOLERANCES["segmentation"], "int8", {"agreement": 0.99})
    pictures, labels = scenes(5, seed=1)
    path = tmp_path / f"toy.{format}"
    artifact = export.export(
        spoiled, path, format, quantize="int8", representative=scenes(8, seed=2)[0], pictures=pictures, search=limit
    )
    found = artifact.calibration["search"]
    assert found["int8_noise"] > 0.1 and found["noise"] <= found["limit"] == 0.05 and found["pictures"] == 8
    # ONNX Runtime has no transposed convolution of integers.
    kept, names = float_layers(found), ("middle",) if format == "onnx" else ("middle", "up")
    assert len(kept) == len(names) and len(found["layers"]) == len(names) + 2
    assert all(any(name in layer for layer in kept) for name in names), kept
    assert artifact.parity["passed"]
    result = export.verify(path, spoiled, zip(pictures, labels, strict=True))
    assert result.passed and result.agreement > 0.99 and not path.with_suffix(".plain.onnx").exists()


def test_matrices_are_layers_too(tmp_path):
    artifact = export.export(
        with_a_matrix(), tmp_path / "m.tflite", "tflite", quantize="int8", representative=PICTURES, search=1e-6
    )
    found = artifact.calibration["search"]
    assert found["pictures"] == 2 and [row["float32"] for row in found["layers"]] == [True, True]


def test_there_is_nothing_to_seek(exported):
    assert "search" not in exported("onnx", "int8").calibration


@pytest.mark.parametrize(
    "quantize, limit, message",
    [
        ("dynamic", 0.05, "search finds layers that stay float in int8 or int8_symmetric, received 'dynamic'"),
        ("int8", 0, "search takes the noise that may be left, a number above 0, received 0"),
    ],
)
def test_wrong_requests(tmp_path, quantize, limit, message):
    with pytest.raises(InputError, match=message):
        export.export(toy(), tmp_path / "toy.onnx", quantize=quantize, search=limit)
