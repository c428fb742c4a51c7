import hashlib
import re
from dataclasses import replace
from functools import partial
from urllib.error import URLError

import keras
import numpy as np
import pytest

import zoo
from tests.zoo.detection.torchvision_weights import drawn
from tests.zoo.weights import torch_writer
from zoo import InputError, weights
from zoo.backbones.resnet import bottleneck, resnet, resnet18, resnet34, resnet50
from zoo.segmentation.fcn_resnet import fcn_resnet
from zoo.weights import download, loading, names, published, torchvision
from zoo.weights.loading import find
from zoo.weights.matching import layers_with_weights
from zoo.weights.torchvision import read

TOY = {"width": 1 / 16, "input_shape": (64, 64, 3)}
ARRAYS = {"fc.weight": np.ones((2, 3), "f4")}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of the test's own, and no network."""

    def offline(request, timeout):
        raise URLError("[Errno -3] Temporary failure in name resolution")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", offline)
    (tmp_path / "regionzoo").mkdir()
    return tmp_path / "regionzoo"


def placed(cache, arrays, model="toy", **fields):
    """Puts a file of arrays into the cache, as if downloaded; returns its entry."""
    torch_writer.write(cache / "file", arrays)
    digest = hashlib.sha256((cache / "file").read_bytes()).hexdigest()
    entry = published.Published("torchvision/TEST", model, f"{model}-{digest[:8]}.pth", "0 % top-1", **fields)
    (cache / "file").rename(cache / entry.file)
    return entry


def test_every_entry_names_a_builder_and_a_checksum():
    resnets = {"resnet18", "resnet34", "resnet50", "resnet101", "resnext101_32x8d"}
    backbones = {"alexnet", "vgg16", "vgg16_bn", "googlenet", *resnets}
    for entry in published.PUBLISHED:
        assert re.fullmatch(r"[\w-]+-[0-9a-f]{8}\.pth", entry.file)
        assert entry.model in zoo.BUILDERS or entry.model in backbones
        assert entry.source in weights.loading.SOURCES
    assert len({(entry.name, entry.model) for entry in published.PUBLISHED}) == len(published.PUBLISHED)


def test_find():
    """By the layers: whatever the model is called."""
    thin = {"width": 1 / 16, "name": "mine"}
    for builder, name, model in (
        (resnet50, "torchvision/IMAGENET1K_V2", "resnet50"),
        (resnet34, "torchvision/IMAGENET1K_V1", "resnet34"),
        (partial(zoo.fcn_resnet101, 2), "torchvision/COCO_WITH_VOC_LABELS_V1", "fcn_resnet101"),
        (partial(zoo.fcn_resnet101, 2), "torchvision/IMAGENET1K_V1", "resnet101"),
        (partial(zoo.mask_rcnn_resnet50_fpn, 2), "torchvision/COCO_V1", "mask_rcnn_resnet50_fpn"),
        (partial(zoo.faster_rcnn_resnet50_fpn, 2), "torchvision/COCO_V1", "faster_rcnn_resnet50_fpn"),
        (partial(zoo.faster_rcnn_resnet50_c4, 2), "torchvision/IMAGENET1K_V1", "resnet50"),
        (partial(zoo.keypoint_rcnn_resnet50_fpn, 1), "torchvision/COCO_V1", "keypoint_rcnn_resnet50_fpn"),
        (partial(zoo.mask_rcnn_resnext101_32x8d_fpn, 2), "torchvision/IMAGENET1K_V1", "resnext101_32x8d"),
        (partial(zoo.segnet, 2), "torchvision/IMAGENET1K_V1", "vgg16_bn"),
        (partial(zoo.localizer, 2, backbone="vgg16"), "torchvision/IMAGENET1K_V1", "vgg16"),
        (partial(zoo.rcnn_alexnet, 2, form="torchvision"), "torchvision/IMAGENET1K_V1", "alexnet"),
    ):
        assert find(builder(**thin), name).model == model
    assert find(resnet18(**thin), "resnet50-0676ba61.pth") is None
    with pytest.raises(InputError, match="no torchvision/COCO_V1 for mine: published for faster_rcnn_resnet50_fpn, "):
        find(zoo.unet(2, width=1 / 16, name="mine"), "torchvision/COCO_V1")


def test_a_file_is_converted_once(cache):
    entry = placed(cache, ARRAYS)
    for _ in range(2):
        tensors = download.tensors(entry, read)
        np.testing.assert_array_equal(tensors["fc.weight"], ARRAYS["fc.weight"])
    assert [file.name for file in cache.iterdir()] == [entry.cached.name]


def test_offline_says_where_to_put_the_file(cache):
    entry = replace(published.PUBLISHED[0], file="alexnet-00000000.pth")
    with pytest.raises(
        InputError, match=rf"cannot be fetched \(.*name resolution\): put the file at {cache}/alexnet-00000000.pth"
    ):
        download.tensors(entry, read)


def test_a_wrong_checksum(cache):
    entry = placed(cache, ARRAYS)
    (cache / entry.file).write_bytes(b"something else")
    with pytest.raises(InputError, match=r"its SHA-256 begins with \w{8}, not \w{8}: remove it and try again"):
        download.tensors(entry, read)
    assert not entry.cached.exists()


def test_a_damaged_cache(cache):
    entry = placed(cache, ARRAYS)
    entry.cached.write_bytes(b"nothing")
    with pytest.raises(InputError, match="the file is damaged; remove it, it is then fetched again"):
        download.tensors(entry, read)


def test_builders_take_names(cache, monkeypatch):
    """A classifier its own, a detector its backbone's, which come with all that belongs to them."""
    tensors = {w.name: np.full(w.shape, 0.5, "f4") for w in torchvision.wanted(resnet18(**TOY, include_top=True))}
    monkeypatch.setattr(published, "PUBLISHED", (placed(cache, tensors, "resnet18"),))
    model = resnet18(**TOY, include_top=True, weights="torchvision/TEST")
    assert float(model.get_layer("logits").bias[0]) == 0.5
    model = zoo.faster_rcnn_resnet18_fpn(2, **TOY, weights="torchvision/TEST")
    assert float(model.get_layer("res5_block2_conv2_bn").moving_mean[0]) == 0.5


def test_published_detectors_keep_heads_of_another_number_of_classes_and_freeze_their_batch_norm(cache, monkeypatch):
    theirs = zoo.faster_rcnn_resnet18_fpn(5, **TOY)
    tensors = {want.name: np.full(want.shape, 0.5, "f4") for want in torchvision.wanted(theirs)}
    entry = placed(cache, tensors, "faster_rcnn_resnet18_fpn", epsilon=0.0)
    monkeypatch.setattr(published, "PUBLISHED", (entry,))
    model = zoo.faster_rcnn_resnet18_fpn(2, **TOY, weights="torchvision/TEST")
    layers = {layer.name: layer for layer in layers_with_weights(model)}
    assert float(layers["fc6"].bias[0]) == 0.5 and float(layers["class_logits"].bias[0]) == 0
    assert {(layer.epsilon, layer.trainable) for name, layer in layers.items() if name.endswith("_bn")} == {
        (0, False)
    }


def published_detector(cache, monkeypatch, builder, classes, model):
    """Puts a detector's weights where `weights="torchvision/TEST"` finds them."""
    tensors = {want.name: np.full(want.shape, 0.5, "f4") for want in torchvision.wanted(builder(len(classes), **TOY))}
    entry = placed(cache, tensors, model, epsilon=0.0, classes=classes, sides=(800, 1333))
    monkeypatch.setattr(published, "PUBLISHED", (entry,))


def test_names_and_sizes_come_with_a_detectors_weights(cache, monkeypatch, tmp_path):
    classes, toy = names.COCO[:5], {**TOY, "name": "mine", "input_shape": (None, None, 3)}
    published_detector(cache, monkeypatch, zoo.faster_rcnn_resnet18_fpn, classes, "faster_rcnn_resnet18_fpn")
    model = zoo.faster_rcnn_resnet18_fpn(5, **toy, weights="torchvision/TEST")
    assert (model.class_names, model.sides, model.image_size) == (classes, (800, 1333), None)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.class_names, loaded.sides) == (classes, (800, 1333))
    # Other classes have no names of these, and a model of one size letterboxes.
    model = zoo.faster_rcnn_resnet18_fpn(2, **toy | {"input_shape": (64, 64, 3)}, weights="torchvision/TEST")
    assert (model.class_names, model.sides) == ((), None)
    # A classifier's weights say nothing of how a detector's pictures were resized.
    monkeypatch.setattr(loading, "network_of", lambda model: "another")
    monkeypatch.setattr(loading, "backbone_of", lambda model: "faster_rcnn_resnet18_fpn")
    assert zoo.faster_rcnn_resnet18_fpn(5, **toy, weights="torchvision/TEST").sides is None


def test_points_have_their_names(cache, monkeypatch):
    builder = zoo.keypoint_rcnn_resnet18_fpn
    published_detector(cache, monkeypatch, builder, ("person",), "keypoint_rcnn_resnet18_fpn")
    model = builder(1, **TOY, weights="torchvision/TEST")
    assert model.class_names == ("person",) and model.keypoint_names[:2] == ("nose", "left_eye")
    assert model.skeleton[0] == (15, 13) and model.flip_pairs[0] == (1, 2)
    assert builder(1, num_keypoints=4, **TOY, weights="torchvision/TEST").keypoint_names == ()


def test_names_of_coco_stand_at_their_ids():
    assert len(names.COCO) == 90 and names.COCO[11] == "unused 12" and names.COCO[89] == "toothbrush"
    assert sum(name.startswith("unused") for name in names.COCO) == 10
    assert all(names.COCO[number - 1] == name for number, name in names.IDS.items())


def test_detectors_of_coco_alone_have_an_epsilon_of_zero():
    for entry in published.PUBLISHED:
        assert entry.epsilon == (0.0 if entry.name == "torchvision/COCO_V1" else None)


@pytest.mark.parametrize("builder", [zoo.pretrained, zoo.load])
def test_a_whole_model_by_its_name(cache, monkeypatch, builder):
    classes = names.COCO[:3]
    published_detector(cache, monkeypatch, zoo.faster_rcnn_resnet18_fpn, classes, "faster_rcnn_resnet18_fpn")
    monkeypatch.setattr(zoo, "build", lambda name, **arguments: zoo.BUILDERS[name](**arguments, width=1 / 16))
    model = builder("torchvision/faster_rcnn_resnet18_fpn")
    assert (model.class_names, model.sides, model.task) == (classes, (800, 1333), "detection")
    assert model.inputs[0].shape == (None, None, None, 3) and len(model.begun_with.missing) == 0


def test_a_models_name_leaves_no_choice(cache, monkeypatch):
    """Its weights are tried on whatever asks for them, of another head too."""
    published_detector(cache, monkeypatch, zoo.faster_rcnn_resnet18_fpn, names.COCO[:3], "faster_rcnn_resnet18_fpn")
    model = zoo.fast_rcnn_resnet18_fpn(2, **TOY, weights="torchvision/faster_rcnn_resnet18_fpn")
    assert {"res2_block1_conv1", "fpn_p2"} <= {*model.begun_with.taken}
    with pytest.raises(InputError, match="torchvision has no counterpart of unet"):
        zoo.unet(2, width=1 / 16, weights="torchvision/faster_rcnn_resnet18_fpn")


def test_torchvisions_newest_stands_for_several():
    assert published.of_model("torchvision/resnet50").file == "resnet50-11ad3fa6.pth"
    assert find(resnet50(width=1 / 16), "torchvision/resnet50").figure.startswith("80.858")
    assert published.of_model("torchvision/yolo_v2") is None


@pytest.fixture
def frozen(cache, monkeypatch):
    """A builder of segmenters with published weights whose batch normalisation was frozen with an epsilon of 0."""
    build = partial(
        fcn_resnet, 2, backbone=partial(resnet, (2, 2, 2, 2), bottleneck), auxiliary=False, name="toy", **TOY
    )
    tensors = {want.name: drawn(want.name, want.shape) for want in torchvision.wanted(build())}
    monkeypatch.setattr(published, "PUBLISHED", (placed(cache, tensors, "fcn_resnet18", epsilon=0.0),))
    return partial(build, weights="torchvision/TEST")


def stepped(model):
    """Returns the numbers of a model's batch normalisation before and after a training step, and the epsilons."""
    norms = [layer for layer in model.layers if layer.name.endswith("_bn")]
    before = [layer.get_weights() for layer in norms]
    model.compile(keras.optimizers.SGD(0.1))
    images = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), "uint8")
    assert np.isfinite(model.train_on_batch(images, images[..., 0] // 128))
    return before, [layer.get_weights() for layer in norms], {layer.epsilon for layer in norms}


def test_batch_norm_that_was_frozen_stays_so(frozen, tmp_path):
    model = frozen()
    before, after, epsilons = stepped(model)
    assert epsilons == {0.0}
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    model.save(tmp_path / "model.keras")
    norm = keras.saving.load_model(tmp_path / "model.keras").get_layer("conv1_bn")
    assert (norm.epsilon, norm.trainable) == (0.0, False)


@pytest.mark.full
def test_batch_norm_that_is_to_learn_keeps_an_epsilon(frozen):
    before, after, epsilons = stepped(frozen(frozen_batch_norm=False))
    assert epsilons == {1e-5}
    for one, other in zip(before, after, strict=True):
        assert all(np.abs(a - b).max() > 0 for a, b in zip(one, other, strict=True))
