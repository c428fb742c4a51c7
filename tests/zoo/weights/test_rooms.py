"""What files may lack: heads of other classes, and all but the classifier that a model stands on."""

import inspect
import logging

import h5py
import keras
import numpy as np
import pytest

import zoo
from tests.checks import quick
from zoo import InputError, weights
from zoo.backbones.darknet import darknet19
from zoo.backbones.resnet import resnet18, resnet34
from zoo.backbones.vgg import STAGES, vgg16
from zoo.weights.matching import layers_with_weights
from zoo.weights.rooms import BACKBONE, HEAD

WIDTH = 1 / 16
ON_VGG16 = {
    "deconvnet": {},
    "deeplab_largefov": {},
    "fast_rcnn_vgg16": {},
    "faster_rcnn_vgg16": {},
    "fcn16s_vgg16": {},
    "fcn32s_vgg16": {},
    "fcn8s_vgg16": {},
    "landmarks": {"backbone": "vgg16"},
    "localizer": {"backbone": "vgg16"},
    "pose": {"backbone": "vgg16"},
    "rcnn_vgg16": {},
    "segnet": {},
}
"""Builders, with what makes them stand on VGG16."""
KEPT = ("deconvnet", "faster_rcnn_vgg16", "landmarks", "rcnn_vgg16", "segnet")


def toy(builder, classes=2, points=3, **arguments):
    known = inspect.signature(zoo.BUILDERS[builder]).parameters
    numbers = {"num_classes": classes, "num_points": points, "num_keypoints": points, "width": WIDTH}
    return zoo.build(builder, **{key: value for key, value in numbers.items() if key in known}, **arguments)


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """VGG16's convolutions under keras.applications' names, in half precision; the kernels by layer."""
    path, rng, kernels = tmp_path_factory.mktemp("vgg16") / "vgg16.h5", np.random.default_rng(0), {}
    with h5py.File(path, "w") as file:
        before = 3
        for i, (filters, convolutions) in enumerate(STAGES, 1):
            for j in range(1, convolutions + 1):
                group, after = file.create_group(f"block{i}_conv{j}"), int(filters * WIDTH)
                group.attrs["weight_names"] = ["kernel:0", "bias:0"]
                kernels[f"{i}_conv{j}"] = rng.normal(size=(3, 3, before, after)).astype("float16")
                group["kernel:0"], group["bias:0"] = kernels[f"{i}_conv{j}"], np.zeros(after, "float16")
                before = after
    return path, kernels


@pytest.mark.parametrize("name", quick(ON_VGG16, *KEPT))
def test_vgg16_goes_into_what_stands_on_it_whatever_its_name(half, name, caplog):
    path, kernels = half
    with caplog.at_level(logging.WARNING, "zoo"):
        model = toy(name, weights=path, name="mine", **ON_VGG16[name])
    assert "13 of" in caplog.text and "as built: " in caplog.text
    layers = {layer.name: layer for layer in layers_with_weights(model)}
    taken = [key for key in layers if key.startswith(("block", "encoder")) and not key.endswith("_bn")]
    assert sorted(model.begun_with.taken) == sorted(taken) and len(taken) == 13
    for key in taken:
        theirs = kernels[key.removeprefix("block").removeprefix("encoder")].astype("float32")
        ours = np.asarray(layers[key].kernel)
        np.testing.assert_array_equal(ours, theirs[:, :, ::-1] if key[-7:] == "1_conv1" else theirs)


def test_the_zoos_own_vgg16_goes_there_too_with_its_dense_layers(tmp_path):
    classifier = vgg16(include_top=True, width=WIDTH, num_classes=5, input_shape=(224, 224, 3))
    classifier.save(tmp_path / "vgg16.keras")
    model = toy("fcn32s_vgg16", weights=tmp_path / "vgg16.keras")
    assert model.begun_with.kept == ("score_fr", "upscore32")
    np.testing.assert_array_equal(
        np.reshape(model.get_layer("fc6").kernel, (-1, 256)), classifier.get_layer("fc1").kernel
    )
    assert toy("segnet", weights=tmp_path / "vgg16.keras").begun_with.taken[0] == "encoder1_conv1"


@pytest.mark.parametrize(
    "name", quick(zoo.BUILDERS, "landmarks", "localizer", "rcnn_small", "segnet_basic", "tiny_yolo_v2", "unet")
)
def test_other_classes_and_points_keep_their_own_heads(name, tmp_path):
    """Every layer whose shape depends on them is known as a head, and none else."""
    sides = {"input_shape": (64, 64, 3)} if name in ("landmarks", "localizer", "pose") else {}
    saved = toy(name, **sides)
    saved.save_weights(tmp_path / "a.weights.h5")
    model = toy(name, classes=3, points=4, weights=tmp_path / "a.weights.h5", **sides)
    shapes = [{layer.name: layer.count_params() for layer in layers_with_weights(one)} for one in (saved, model)]
    heads = {layer for layer, count in shapes[0].items() if shapes[1][layer] != count}
    assert heads and heads == set(model.begun_with.kept)
    assert not any(BACKBONE.fullmatch(layer) for layer in heads) and all(HEAD.fullmatch(layer) for layer in heads)


def test_networks_of_another_depth_are_refused(tmp_path):
    resnet34(width=WIDTH).save_weights(tmp_path / "34.weights.h5")
    resnet18(width=WIDTH).save_weights(tmp_path / "18.weights.h5")
    with pytest.raises(InputError, match="is of another network, this one has no res3_block3_conv1/0, "):
        resnet18(width=WIDTH, weights=tmp_path / "34.weights.h5")
    with pytest.raises(InputError, match="18.weights.h5 is of another model: no res2_block3_conv1/0"):
        resnet34(width=WIDTH, weights=tmp_path / "18.weights.h5")
    with pytest.raises(InputError, match="18.weights.h5 is of another model"):
        zoo.faster_rcnn_resnet50_fpn(2, width=WIDTH, weights=tmp_path / "18.weights.h5")


def test_darknets_classifier_goes_into_yolo(tmp_path):
    """Its file names nothing: what no whole layer takes must be a last layer of so many classes."""
    classifier = darknet19(include_top=True, num_classes=7, width=WIDTH)
    numbers = [np.float32([0, 2, 0, 0, 0]).view("int32").astype("<i4").tobytes()]
    rows = []
    for layer in classifier.layers:
        if isinstance(layer, keras.layers.Conv2D):
            norm = next((one for one in classifier.layers if one.name == f"{layer.name}_bn"), None)
            first = [norm.beta, norm.gamma, norm.moving_mean, norm.moving_variance] if norm else [layer.bias]
            rows += [np.ravel(value) for value in first] + [np.transpose(layer.kernel, (3, 2, 0, 1)).ravel()]
    numbers = np.int32([0, 1, 0, 0]).tobytes() + np.concatenate(rows).astype("<f4").tobytes()
    (tmp_path / "darknet19.weights").write_bytes(numbers)
    model = toy("yolo_v2", weights=tmp_path / "darknet19.weights")
    assert len([name for name in model.begun_with.taken if BACKBONE.fullmatch(name)]) == 18
    assert "head_conv1" in model.begun_with.kept and "grid" in model.begun_with.kept
    (tmp_path / "cut.weights").write_bytes(numbers[:-8])
    with pytest.raises(InputError, match="the file is cut short or of another network"):
        toy("yolo_v2", weights=tmp_path / "cut.weights")


def test_any_fit_or_all(tmp_path, half):
    """`partial` says so where the rule is not what is wished."""
    path, _ = half
    model = toy("segnet")
    with pytest.raises(InputError, match="is of another model: no encoder1_conv1_bn/0"):
        weights.load(model, path, partial=False)
    deep, shallow = (toy("unet", depth=depth) for depth in (3, 2))
    deep.save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(InputError, match="is of another model"):
        weights.load(shallow, tmp_path / "a.weights.h5")
    assert "down1_conv1" in weights.load(shallow, tmp_path / "a.weights.h5", partial=True).taken
