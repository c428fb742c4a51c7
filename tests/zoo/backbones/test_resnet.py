import keras
import numpy as np
import pytest

from tests.checks import core_in_full, parameters, quick
from zoo import InputError
from zoo.backbones.resnet import (
    basic,
    bottleneck,
    resnet,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnext101_32x8d,
    stage,
)

TOY = {"width": 1 / 16, "input_shape": (64, 64, 3)}


def pictures():
    return np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")


@pytest.mark.parametrize(
    ("builder", "count"),
    [
        (resnet18, 11_689_512),
        (resnet34, 21_797_672),
        (resnet50, 25_557_032),
        pytest.param(resnet101, 44_549_160, marks=pytest.mark.full),
        (resnext101_32x8d, 88_791_336),
    ],
)
def test_parameters_equal_torchvision(builder, count, undrawn):
    assert parameters(builder(include_top=True)) == count


def test_feature_maps_have_torchvisions_sizes():
    # Odd sizes are rounded up, as by symmetric padding.
    model = resnet50(width=1 / 16, input_shape=(70, 97, 3))
    assert {name: m.shape[1:] for name, m in model.output.items()} == {
        "res2": (18, 25, 16),
        "res3": (9, 13, 32),
        "res4": (5, 7, 64),
        "res5": (3, 4, 128),
    }
    assert resnet18(**TOY).output["res5"].shape == (None, 2, 2, 32)


def test_c4_stops_after_res4_and_res5_follows_on_regions(undrawn):
    model = resnet50(stages=4, **TOY)
    assert list(model.output) == ["res2", "res3", "res4"]
    crops = keras.Input((14, 14, 64))
    res5 = keras.Model(crops, stage(crops, 32, 3, frozen_bottleneck, stride=2, name="res5"))
    assert res5.output.shape == (None, 7, 7, 128)
    assert parameters(model) + parameters(res5) == parameters(resnet50(frozen_batch_norm=False, **TOY)) - norms(res5)
    with pytest.raises(InputError, match="stages=5, received 4"):
        resnet50(stages=4, include_top=True)


def frozen_bottleneck(x, filters, **options):
    return bottleneck(x, filters, frozen_batch_norm=True, **options)


def norms(model):
    """Counts the factors and offsets of frozen batch normalisation, half of its values."""
    return sum(int(np.prod(v.shape)) for v in model.non_trainable_variables) // 2


def test_strides_are_in_the_3x3_convolution_of_later_stages():
    model = resnet50(**TOY)
    strides = {layer.name: layer.strides[0] for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    assert {name for name, stride in strides.items() if stride == 2} == {
        "conv1",
        *(f"res{i}_block1_{part}" for i in (3, 4, 5) for part in ("conv2", "shortcut")),
    }


@pytest.mark.core
@pytest.mark.parametrize(
    ("block", "output_stride", "every"),
    quick([(basic, 16, 2), (basic, 8, 4), (bottleneck, 16, 2), (bottleneck, 8, 4)], (basic, 8, 4)),
)
def test_dilated_network_has_the_strided_ones_cells_among_its_own(block, output_stride, every):
    strided, dilated = (resnet((1, 2, 2, 2), block, output_stride=stride, **TOY) for stride in (32, output_stride))
    dilated.set_weights(strided.get_weights())
    sparse, dense = (model.predict(pictures(), verbose=0)["res5"] for model in (strided, dilated))
    assert dense.shape[1] == 64 // output_stride
    np.testing.assert_allclose(dense[:, ::every, ::every], sparse, atol=1e-4 * np.abs(sparse).max())


def test_output_strides_that_are_refused():
    with pytest.raises(InputError, match="output_stride= one of 32, 16, 8, received 4"):
        resnet50(output_stride=4, **TOY)
    with pytest.raises(InputError, match="'res5_block2_conv2' has groups, which are not dilated"):
        resnext101_32x8d(output_stride=16, **TOY)


@core_in_full
def test_saves_and_loads(tmp_path):
    model = small(groups=32, group_width=8)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(loaded.predict(pictures(), verbose=0), model.predict(pictures(), verbose=0))


@core_in_full
@pytest.mark.parametrize("grouped", [pytest.param({}, marks=pytest.mark.full), {"groups": 32, "group_width": 8}])
def test_learns(grouped, every_way):
    model = small(**grouped)
    losses = [float(model.train_on_batch(pictures(), np.array([0, 1]))) for _ in range(6)]
    assert losses[-1] < 0.5 * losses[0]


@core_in_full
def test_frozen_batch_norm_neither_moves_nor_learns():
    model = small(frozen_batch_norm=True)
    frozen = [np.array(v) for v in model.non_trainable_variables]
    kernel = np.array(model.get_layer("res3_block1_conv2").kernel)
    assert len(frozen) == 4 * sum("_bn" in layer.name for layer in model.layers)
    model.train_on_batch(pictures(), np.array([0, 1]))
    for before, after in zip(frozen, model.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(before, after)
    assert np.abs(np.array(model.get_layer("res3_block1_conv2").kernel) - kernel).max() > 0


def small(frozen_batch_norm=False, **grouped):
    """Two stages of one block each and a classifier, ready to train."""

    def block(x, filters, **options):
        return bottleneck(x, filters, **options, **grouped)

    body = resnet((1, 1), block, stages=3, frozen_batch_norm=frozen_batch_norm, **TOY)
    x = keras.layers.GlobalAveragePooling2D()(body.output["res3"])
    model = keras.Model(body.input, keras.layers.Dense(2)(x))
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
