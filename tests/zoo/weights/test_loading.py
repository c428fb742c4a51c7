from functools import partial

import keras
import numpy as np
import pytest

from tests.checks import quick
from tests.zoo.detection.torchvision_weights import drawn
from tests.zoo.weights import torch_writer
from zoo import InputError, weights
from zoo.backbones.alexnets import alexnet
from zoo.backbones.inception import googlenet
from zoo.backbones.normalization import CONVENTIONS
from zoo.backbones.resnet import resnet18
from zoo.backbones.small import small_cnn
from zoo.backbones.vgg import vgg16
from zoo.backbones.zfnet import zf
from zoo.detection.faster_rcnn import faster_rcnn_resnet18_fpn, faster_rcnn_vgg16
from zoo.segmentation.deconvnet import deconvnet
from zoo.segmentation.deeplab_largefov import deeplab_largefov
from zoo.segmentation.fcn import fcn32s_vgg16
from zoo.segmentation.segnet import segnet
from zoo.weights import torchvision
from zoo.weights.loading import find
from zoo.weights.matching import layers_with_weights

TOY = {"width": 1 / 16, "input_shape": (64, 64, 3)}
TOP = {"include_top": True, "num_classes": 5}


def file_of(path, model):
    """Writes what torchvision's network of a model's widths would be saved to; returns the tensors."""
    tensors = {want.name: drawn(want.name, want.shape) for want in torchvision.wanted(model)}
    torch_writer.write(path, tensors)
    return tensors


def all_weights(model):
    return np.concatenate([np.ravel(value) for value in model.get_weights()])


@pytest.mark.parametrize(
    ("builder", "convention"),
    [
        (resnet18, "torchvision"),
        (googlenet, "symmetric"),
        (alexnet, "torchvision"),
        (vgg16, "torchvision"),
        (partial(vgg16, batch_norm=True), "torchvision"),
    ],
)
def test_classifiers(tmp_path, builder, convention):
    """Everything is loaded, exactly, and the pixels become what torchvision makes of them."""
    model = builder(**TOY | {"input_shape": (224, 224, 3)}, **TOP)
    tensors = file_of(tmp_path / "a.pth", model)
    report = weights.load(model, tmp_path / "a.pth")
    assert report.loaded == {name: tensor.shape for name, tensor in tensors.items()}
    assert not report.missing and not report.unused
    for want in torchvision.wanted(model):
        np.testing.assert_array_equal(want.variable, want.to_ours(tensors[want.name]))
    layer = model.get_layer("normalize")
    assert (layer.scale, layer.offset) == CONVENTIONS[convention]


def test_dense_layers_see_channels_first():
    """The input of the first dense layer is channel by channel in torchvision."""
    model = vgg16(**TOY | {"input_shape": (224, 224, 3)}, **TOP)
    (want,) = [want for want in torchvision.wanted(model) if want.name == "classifier.0.weight"]
    theirs = np.zeros(want.shape, "f4").reshape(-1, 32, 7, 7)
    theirs[1, 2, 3, 4] = 1
    ours = want.to_ours(theirs.reshape(want.shape)).reshape(7, 7, 32, -1)
    assert ours[3, 4, 2, 1] == 1 and ours.sum() == 1


def test_another_number_of_classes(tmp_path):
    file_of(tmp_path / "a.pth", resnet18(**TOY, **TOP))
    model = resnet18(**TOY, include_top=True, num_classes=3)
    before = all_weights(model)
    with pytest.raises(InputError, match=r"fc.weight is \(5, 32\) in place of \(3, 32\).*partial=True"):
        weights.load(model, tmp_path / "a.pth", partial=False)
    np.testing.assert_array_equal(all_weights(model), before)
    report = weights.load(model, tmp_path / "a.pth")
    assert report.kept == ("logits",) and len(report.taken) == 40
    assert report.missing == {"fc.weight": (3, 32), "fc.bias": (3,)}
    assert "missing fc.bias (3,)" in str(report) and "unused fc.bias (5,)" in str(report)


def test_a_classifier_goes_into_a_detector(tmp_path):
    tensors = file_of(tmp_path / "a.pth", resnet18(**TOY, **TOP))
    model = faster_rcnn_resnet18_fpn(2, **TOY)
    report = weights.load(model, tmp_path / "a.pth")
    assert report.unused.keys() == {"fc.weight", "fc.bias"} and "fpn_p2" in report.kept
    assert not [name for name in report.kept if name.startswith(("conv1", "res"))]
    np.testing.assert_array_equal(
        model.get_layer("res5_block2_conv2").kernel, tensors["layer4.1.conv2.weight"].transpose(2, 3, 1, 0)
    )


@pytest.mark.parametrize("builder", [fcn32s_vgg16, faster_rcnn_vgg16])
def test_dense_layers_of_vgg16_go_into_what_is_built_on_it(tmp_path, builder):
    """As convolutions, or as the dense layers of a head over 7x7 cells."""
    tensors = file_of(tmp_path / "a.pth", vgg16(**TOY | {"input_shape": (224, 224, 3)}, **TOP))
    model = builder(2, **TOY)
    report = weights.load(model, tmp_path / "a.pth")
    assert report.unused.keys() == {"classifier.6.weight", "classifier.6.bias"}
    fc6, fc7 = (layer for layer in layers_with_weights(model) if layer.name in ("fc6", "fc7"))
    kernel = np.reshape(fc6.kernel, (7, 7, 32, 256))
    np.testing.assert_array_equal(kernel[3, 4, 2], tensors["classifier.0.weight"].reshape(256, 32, 7, 7)[:, 2, 3, 4])
    np.testing.assert_array_equal(np.reshape(fc7.kernel, (256, 256)), tensors["classifier.3.weight"].T)


@pytest.mark.parametrize(
    ("builder", "batch_norm", "last", "of_its_own"),
    [
        (segnet, True, "encoder5_conv3", {"classifier.0", "classifier.3", "classifier.6"}),
        (deconvnet, True, "block5_conv3", {"classifier.6"}),
        (deeplab_largefov, False, "block5_conv3", {"classifier.0", "classifier.3", "classifier.6"}),
    ],
)
def test_vgg16_goes_into_segmenters(tmp_path, builder, batch_norm, last, of_its_own):
    classifier = vgg16(batch_norm=batch_norm, **TOY | {"input_shape": (224, 224, 3)}, **TOP)
    tensors = file_of(tmp_path / "a.pth", classifier)
    model = builder(2, **TOY | {"input_shape": (224, 224, 3)})
    assert find(model, "torchvision/IMAGENET1K_V1").model == classifier.name
    report = weights.load(model, tmp_path / "a.pth")
    assert {name.rpartition(".")[0] for name in report.unused} == of_its_own
    assert not [name for name in report.kept if name.startswith(("block", "encoder"))]
    kernel = tensors["features.40.weight" if batch_norm else "features.28.weight"]
    np.testing.assert_array_equal(model.get_layer(last).kernel, kernel.transpose(2, 3, 1, 0))
    if batch_norm:
        np.testing.assert_array_equal(
            model.get_layer(f"{last}_bn").moving_variance, tensors["features.41.running_var"]
        )
    layer = model.get_layer("normalize")
    assert (layer.scale, layer.offset) == CONVENTIONS["torchvision"]


def test_the_older_names_of_published_detectors(tmp_path):
    model = faster_rcnn_resnet18_fpn(1, **TOY)
    tensors = {want.name: drawn(want.name, want.shape) for want in torchvision.wanted(model)}
    older = {name.replace("conv.0.0.", "conv.").replace("blocks.0.0.", "blocks.0."): t for name, t in tensors.items()}
    assert {"rpn.head.conv.weight", "backbone.fpn.inner_blocks.0.bias"} < older.keys()
    torch_writer.write(tmp_path / "a.pth", older)
    assert weights.load(model, tmp_path / "a.pth").loaded.keys() == tensors.keys()
    assert torchvision.renamed("roi_heads.mask_head.mask_fcn4.bias") == "roi_heads.mask_head.3.0.bias"


def test_weights_of_our_own(tmp_path):
    """With the number of classes changed, too."""
    saved, model = alexnet(**TOY, **TOP), alexnet(**TOY, include_top=True, num_classes=3)
    saved.save_weights(tmp_path / "a.weights.h5")
    report = weights.load(model, tmp_path / "a.weights.h5", partial=True)
    assert report.missing == {"logits/0": (256, 3), "logits/1": (3,)}
    np.testing.assert_array_equal(model.get_layer("conv5").kernel, saved.get_layer("conv5").kernel)


def test_a_builder_takes_weights(tmp_path):
    file_of(tmp_path / "a.pth", resnet18(**TOY, **TOP))
    models = [resnet18(**TOY, **TOP, weights=tmp_path / "a.pth") for _ in range(2)]
    np.testing.assert_array_equal(*map(all_weights, models))


@pytest.mark.parametrize("builder", quick([small_cnn, zf, alexnet, vgg16, googlenet, resnet18], small_cnn, zf))
def test_every_backbone_takes_weights(tmp_path, builder):
    saved = builder(**TOY)
    saved.save_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(*map(all_weights, (saved, builder(**TOY, weights=tmp_path / "a.weights.h5"))))


def test_the_convention_is_saved(tmp_path):
    model = vgg16(**TOY)
    file_of(tmp_path / "a.pth", model)
    weights.load(model, tmp_path / "a.pth")
    model.save(tmp_path / "a.keras")
    layer = keras.saving.load_model(tmp_path / "a.keras").get_layer("normalize")
    assert (layer.scale, layer.offset) == CONVENTIONS["torchvision"]


def test_wrong_words(tmp_path):
    model = resnet18(**TOY)
    names = "torchvision/IMAGENET1K_V1, torchvision/IMAGENET1K_V2"
    with pytest.raises(InputError, match=f"imagenet: no name of published weights, nearest are {names}, and no"):
        weights.load(model, "imagenet")
    with pytest.raises(InputError, match="weights.bin: no name of published weights and no suffix of .pth, .pt, "):
        weights.load(model, "weights.bin")
    with pytest.raises(InputError, match="unknown source 'darkent': choose one of torchvision, "):
        weights.load(model, "weights.bin", source="darkent")
    with pytest.raises(InputError, match="missing.pth: no such file"):
        weights.load(model, tmp_path / "missing.pth")
    image = keras.Input((8, 8, 3))
    with pytest.raises(InputError, match="torchvision has no counterpart of plain"):
        torchvision.wanted(keras.Model(image, keras.layers.Conv2D(1, 1)(image), name="plain"))
