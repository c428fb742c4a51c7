from functools import partial

import keras
import numpy as np
import pytest

from tests.checks import core_in_full, learns, parameters, quick, saves_and_loads
from zoo import InputError
from zoo.backbones.resnet import bottleneck, resnet
from zoo.segmentation.fcn_resnet import AuxiliarySegmenter, ResizeLike, fcn_resnet, fcn_resnet50, fcn_resnet101
from zoo.segmentation.segmenter import Segmenter


def toy(input_shape=(32, 40, 3), **arguments):
    """Over a ResNet of one block a stage."""
    backbone = partial(resnet, (1, 1, 1, 1), bottleneck)
    return fcn_resnet(3, backbone=backbone, width=1 / 16, input_shape=input_shape, **arguments)


def pictures(height=32, width=40):
    return np.random.default_rng(0).integers(0, 255, (2, height, width, 3), "uint8")


@pytest.mark.parametrize(
    ("builder", "count"), quick([(fcn_resnet50, 35_322_218), (fcn_resnet101, 54_314_346)], (fcn_resnet50, 35_322_218))
)
def test_parameters_equal_torchvision(builder, count, undrawn):
    assert parameters(builder(21)) == count


def test_dilations_are_torchvisions():
    model = fcn_resnet50(3, width=1 / 16, input_shape=(32, 40, 3))
    dilations = {
        layer.name: layer.dilation_rate[0]
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.dilation_rate[0] > 1
    }
    assert dilations == {
        **{f"res4_block{i}_conv2": 2 for i in range(2, 7)},
        "res5_block1_conv2": 2,
        **{f"res5_block{i}_conv2": 4 for i in (2, 3)},
    }
    assert model.get_layer("head_conv").output.shape[1:] == (4, 5, 32)
    assert model.get_layer("auxiliary_conv").output.shape[1:] == (4, 5, 16)


@pytest.mark.core
def test_interpolation_by_hand():
    """Cells of two pixels: a centre lies at the border of two pixels; beyond the first and last one nothing grows."""
    x = np.array([0.0, 4.0]).reshape(1, 1, 2, 1)
    assert np.ravel(ResizeLike()([x, np.zeros((1, 1, 4, 3))])).tolist() == [0, 1, 3, 4]


@core_in_full
@pytest.mark.parametrize("size", [(1, 1), (17, 30)])
def test_any_picture_size(size, every_way):
    found = toy(input_shape=(None, None, 3)).predict(pictures(*size), verbose=0)
    assert {name: value.shape for name, value in found.items()} == {"logits": (2, *size, 3)}


@pytest.mark.core
def test_second_head_counts_half_in_training_and_nothing_otherwise():
    model, labels = toy(), np.zeros((2, 32, 40), "int32")
    model.compile("sgd")
    first, second = np.zeros((2, 32, 40, 3)), np.zeros((2, 32, 40, 3))
    first[..., 0], second[..., 0] = np.log(2), np.log(6)  # probabilities of 1/2 and 3/4
    outputs = {"logits": first, "auxiliary_logits": second}
    half, three_quarters = -np.log(2 / 4), -np.log(6 / 8)
    trained = float(model.compute_loss(None, labels, outputs, training=True))
    assert trained == pytest.approx(half + 0.5 * three_quarters, rel=1e-4)
    assert float(model.compute_loss(None, labels, outputs, training=False)) == pytest.approx(half, rel=1e-4)


def test_regularisers_count_once_and_weights_in_both_heads():
    """By hand: an L2 of 0.5 on the sixteen ones of one kernel, and pictures of which the first counts thrice."""
    model = toy()
    layer = model.get_layer("res2_block1_conv1")
    layer.kernel.regularizer = keras.regularizers.L2(0.5)
    layer.kernel.assign(np.ones(layer.kernel.shape))
    penalty = 0.5 * 16
    model.compile("sgd")
    outputs = {"logits": np.zeros((2, 32, 40, 3)), "auxiliary_logits": np.zeros((2, 32, 40, 3))}
    outputs["auxiliary_logits"][1, ..., 0] = np.log(2)  # a probability of 1/2 in the second picture
    third, half, labels = np.log(3), np.log(2), np.zeros((2, 32, 40), "int32")
    plain = third + 0.5 * (third + half) / 2 + penalty
    assert float(model.compute_loss(None, labels, outputs)) == pytest.approx(plain, rel=1e-5)
    weights = np.array([3.0, 1.0], "float32")
    weighted = (3 * third + third) / 2 + 0.5 * (3 * third + half) / 2 + penalty
    assert float(model.compute_loss(None, labels, outputs, weights)) == pytest.approx(weighted, rel=1e-5)


def test_without_the_second_head():
    model = toy(auxiliary=False)
    assert type(model) is Segmenter and list(model.output) == ["logits"]
    assert type(toy()) is AuxiliarySegmenter


def test_frozen_batch_norm_is_the_backbones_alone():
    model = toy(frozen_batch_norm=True)
    trained = {layer.name for layer in model.layers if layer.name.endswith("_bn") and layer.trainable}
    assert trained == {"head_conv_bn", "auxiliary_conv_bn"}


@core_in_full
def test_saves_and_loads(tmp_path):
    saves_and_loads(toy(), pictures(), tmp_path / "model.keras")


@core_in_full
def test_learns_with_both_heads(every_way):
    model = toy()
    before = np.array(model.get_layer("auxiliary_logits").kernel)
    learns(model, pictures(), pictures()[..., 0] // 86)
    assert np.abs(np.array(model.get_layer("auxiliary_logits").kernel) - before).max() > 0
    assert model.num_classes == 3


def test_errors():
    with pytest.raises(InputError, match=r"\(height, width, channels\), received \(32, 32\)"):
        fcn_resnet50(3, input_shape=(32, 32))
