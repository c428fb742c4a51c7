from functools import cache

import keras
import numpy as np
import pytest

from tests.checks import parameters, quick
from zoo import InputError
from zoo.backbones.inception import googlenet


@cache
def toy(batch_norm):
    return googlenet(batch_norm=batch_norm, width=1 / 16, include_top=True, num_classes=2)


@pytest.mark.parametrize(("batch_norm", "count"), [(True, 6_624_904), (False, 6_998_552)])
def test_parameters_equal_the_release(batch_norm, count, undrawn):
    assert parameters(googlenet(batch_norm=batch_norm, include_top=True)) == count


@pytest.mark.parametrize(("batch_norm", "deepest"), [(True, (8, 8)), (False, (7, 7))])
def test_feature_maps_have_the_releases_sizes(batch_norm, deepest):
    # Poolings of 3 and of 2 both round up, which is not the same: 15 cells become 7 or 8.
    maps = googlenet(batch_norm=batch_norm, width=1 / 16, input_shape=(250, 240, 3)).output
    assert {name: m.shape[1:] for name, m in maps.items()} == {
        "conv3": (62, 60, 12),
        "inception3b": (31, 30, 30),
        "inception4e": (15, 15, 52),
        "inception5b": (*deepest, 64),
    }
    assert googlenet(width=1 / 16, input_shape=(224, 224, 3)).output["inception5b"].shape[1:3] == (7, 7)


def test_forms_differ_in_the_third_branch_and_the_normalisation():
    torchvision, paper = toy(batch_norm=True), toy(batch_norm=False)
    names = [{layer.name for layer in model.layers} for model in (torchvision, paper)]
    assert {"norm1", "norm2"} == {name for name in names[1] if "norm" in name} - {"normalize"}
    assert torchvision.get_layer("inception3a_5x5").kernel_size == (3, 3)
    assert paper.get_layer("inception3a_5x5").kernel_size == (5, 5)
    assert torchvision.get_layer("conv1_bn").epsilon == 1e-3 and not torchvision.get_layer("conv1").use_bias


def test_branches_follow_each_other_as_in_the_table():
    widths = [tensor.shape[-1] for tensor in toy(batch_norm=False).get_layer("inception4e").input]
    assert widths == [16, 20, 8, 8]  # a sixteenth of 256, 320, 128, 128


def test_first_layer_is_torchvisions_two_transforms_in_one():
    """(x / 255 - mean) / deviation, then `transform_input`, which takes both back and halves instead."""
    pixels = np.array([10.0, 100, 250], "float32").reshape(1, 1, 1, 3)
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    transformed = (pixels / 255 - mean) / deviation * (deviation / 0.5) + (mean - 0.5) / 0.5
    np.testing.assert_allclose(toy(batch_norm=True).get_layer("normalize")(pixels), transformed, atol=1e-6)


def pictures():
    x = np.random.default_rng(0).uniform(0, 255, (2, 48, 48, 3)).astype("float32")
    x[1] /= 4
    return x


@pytest.mark.parametrize("batch_norm", quick([True, False], True))
def test_saves_and_loads(batch_norm, tmp_path):
    model = toy(batch_norm)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(pictures())["logits"], loaded(pictures())["logits"])


def test_learns(every_way):
    model = toy(batch_norm=False)
    classifier = keras.Model(model.input, model.output["logits"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(keras.optimizers.Adam(1e-3), loss)
    others = classifier.predict(pictures(), verbose=0).argmin(axis=-1)  # so that there is something to learn
    losses = [float(classifier.train_on_batch(pictures(), others)) for _ in range(3)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("batch_norm", "side"), [(True, 15), (False, 31)])
def test_smallest_picture(batch_norm, side):
    model = googlenet(batch_norm=batch_norm, width=1 / 16, input_shape=(side, side, 3))
    assert model.output["inception5b"].shape[1:3] == (1, 1)
    with pytest.raises(InputError, match=f"{side} pixels"):
        googlenet(batch_norm=batch_norm, input_shape=(64, side - 1, 3))
