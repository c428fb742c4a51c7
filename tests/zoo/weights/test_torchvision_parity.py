"""The same weights give torchvision's outputs: `benchmarks/torchvision_weights_expected.py` wrote them."""

from functools import partial

import numpy as np
import pytest

from benchmarks.torchvision_weights_expected import CLASSIFIERS, PATH, SAMPLES, SEGMENTERS, picture
from tests.checks import quick
from tests.zoo.detection.torchvision_weights import drawn
from zoo import weights
from zoo.backbones.alexnets import alexnet
from zoo.backbones.inception import googlenet
from zoo.backbones.resnet import resnet18, resnet34, resnet50, resnet101, resnext101_32x8d
from zoo.backbones.vgg import vgg16
from zoo.segmentation.fcn_resnet import fcn_resnet50, fcn_resnet101
from zoo.weights import torchvision

BUILDERS = {
    "alexnet": alexnet,
    "vgg16": vgg16,
    "vgg16_bn": partial(vgg16, batch_norm=True),
    "googlenet": googlenet,
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "resnet101": resnet101,
    "resnext101_32x8d": resnext101_32x8d,
    "fcn_resnet50": fcn_resnet50,
    "fcn_resnet101": fcn_resnet101,
}
EXPECTED = np.load(PATH)


def outputs(name, monkeypatch, **arguments):
    """Returns what our model makes of the picture, with torchvision's weights."""
    model = BUILDERS[name](input_shape=picture().shape, **arguments)
    tensors = {want.name: drawn(want.name, want.shape) for want in torchvision.wanted(model)}
    monkeypatch.setattr(torchvision, "read", lambda path: tensors)
    report = weights.load(model, "drawn.pth")
    assert len(report.loaded) == len(model.weights)
    return {key: np.asarray(values[0]) for key, values in model(picture()[None]).items()}


def check(found, expected):
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("name", quick(CLASSIFIERS, "resnet18"))
def test_classifiers(name, monkeypatch, undrawn):
    found = outputs(name, monkeypatch, include_top=True)
    check(found["logits"][SAMPLES["logits"]], EXPECTED[f"{name}/logits"])


@pytest.mark.full
@pytest.mark.parametrize("name", SEGMENTERS)
def test_segmenters(name, monkeypatch, undrawn):
    found = outputs(name, monkeypatch, num_classes=21)
    check(found["logits"][SAMPLES["out"]], EXPECTED[f"{name}/out"])
    check(found["auxiliary_logits"][SAMPLES["aux"]], EXPECTED[f"{name}/aux"])
