import inspect
import re
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

import zoo
from tests.checks import parameters, quick
from zoo.layers import LocalResponseNormalization

TASKS = (
    *("segmentation", "detection", "instance_segmentation", "keypoints", "masks_and_keypoints"),
    *("localization", "points"),
)
ONE_OF_A_KIND = (
    *("fast_rcnn_zf", "faster_rcnn_resnet101_c4", "keypoint_rcnn_resnet101_fpn", "mask_rcnn_resnext101_32x8d_fpn"),
    *("mask_keypoint_rcnn_resnet101_fpn", "fcn_resnet101", "grid_detector", "landmarks", "localizer", "unet"),
)
"""One of each task, and what no other test of the quick part builds."""


def test_every_builder_is_listed():
    assert zoo.list_models() == sorted(zoo.BUILDERS)


@pytest.mark.parametrize("name", quick(zoo.BUILDERS, *ONE_OF_A_KIND))
def test_every_builder_builds_what_its_name_says(name):
    known = inspect.signature(zoo.BUILDERS[name]).parameters
    count = "num_points" if "num_points" in known else "num_classes"
    model = zoo.build(name, **{count: 2}, **({"width": 1 / 16} if "width" in known else {}))
    assert model.name == name
    assert getattr(model, count) == 2
    assert model.task in TASKS


def test_every_builder_is_a_function_of_its_own():
    for name, builder in zoo.BUILDERS.items():
        assert inspect.isfunction(builder) and builder.__name__ == name
        assert builder.__doc__.startswith("Builds ")
        assert inspect.signature(builder).parameters["name"].default == name


FIRST = ("num_classes", "num_points", "num_keypoints", "backbone", "form", "weights", "width")


def test_arguments_have_one_order():
    """Classes or points by place; backbone, weights and width before a builder's own; picture and name last."""
    backbones = [getattr(zoo.backbones, name) for name in dir(zoo.backbones) if name != "fpn"]
    for builder in (*zoo.BUILDERS.values(), *backbones):
        known = inspect.signature(builder).parameters
        places = [name for name, one in known.items() if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        assert places == [] if builder in backbones else places in (["num_classes"], ["num_points"])
        first = [name for name in FIRST if name in known]
        assert list(known)[: len(first)] == first and list(known)[-2:] == ["input_shape", "name"]
        assert {"weights", "width"} <= {*known} and known["weights"].default is None and known["width"].default == 1.0
        documented = re.findall(r"^        (\w+): ", builder.__doc__.partition("Returns:")[0], re.MULTILINE)
        assert documented == [name for name in known if name in documented]


def test_backbones_are_exported_whatever_was_imported_first():
    assert callable(zoo.backbones.alexnet) and callable(zoo.backbones.zf) and callable(zoo.backbones.fpn)
    assert zoo.backbones.vgg16(width=1 / 16).name == "vgg16"


def test_a_builder_named_by_its_backbone_takes_no_other():
    with pytest.raises(zoo.InputError, match="faster_rcnn_zf takes no 'backbone': choose among num_classes, weights"):
        zoo.build("faster_rcnn_zf", num_classes=2, backbone="vgg16")
    with pytest.raises(TypeError, match="unexpected keyword argument 'backbone'"):
        zoo.faster_rcnn_zf(2, backbone="vgg16")
    with pytest.raises(TypeError, match="unexpected keyword argument 'stride'"):
        zoo.fcn8s_vgg16(2, stride=32)


def small_cnn(filters):
    """Counts the 3x3 convolutions and batch normalisations of the backbone that has its last filters twice."""
    widths = [3, *(filters * factor for factor in (1, 2, 4, 8, 8))]
    return sum(9 * before * after + 2 * after for before, after in pairwise(widths))


@pytest.mark.parametrize(
    ("model", "count"),
    [
        (
            partial(zoo.localizer, 5),
            small_cnn(16) + 2 * 129 + 129 * (1 + 2 + 5),
        ),  # two maps; presence, sides, classes
        (zoo.landmarks, small_cnn(16) + 129 * (68 + 1)),
        (zoo.pose, small_cnn(16) + 129 * (14 + 1)),
        (
            partial(zoo.grid_detector, 5, width=2.0, anchors=((1, 1), (2, 2))),
            small_cnn(32) + 257 * 2 * (5 + 5),
        ),
    ],
)
def test_parameters_of_networks_of_our_own(model, count):
    assert parameters(model(input_shape=(128, 128, 3))) == count


def test_unknown_names():
    with pytest.raises(zoo.InputError, match="unknown model 'unett', nearest are unet, segnet: `zoo list` shows"):
        zoo.build("unett", num_classes=2)
    with pytest.raises(zoo.InputError, match="unknown model 'qqq': `zoo list` shows all"):
        zoo.build("qqq", num_classes=2)
    with pytest.raises(AttributeError, match="zoo has no mask_rcnn_resnet_50, nearest are mask_rcnn_resnet50_"):
        zoo.mask_rcnn_resnet_50  # noqa: B018
    assert not hasattr(zoo, "qqq")
    with pytest.raises(zoo.InputError, match="unet takes no 'widht'"):
        zoo.build("unet", num_classes=2, widht=1)


def test_local_response_normalization_by_hand():
    x = np.array([1.0, 2.0, 3.0], "float32").reshape(1, 1, 1, 3)
    y = LocalResponseNormalization(depth=3, bias=2.0, alpha=3.0, beta=1.0)(x)
    np.testing.assert_allclose(np.ravel(y), [1 / (2 + 5), 2 / (2 + 14), 3 / (2 + 13)], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("unet", {}, "unet cannot be built with {}: .*missing 1 required positional argument: 'num_classes'"),
        ("unet", {"num_classes": 0}, "unet cannot be built with {'num_classes': 0}: .*filters=0"),
        ("unet", {"num_classes": 2, "width": "a"}, "unet cannot be built with {'num_classes': 2, 'width': 'a'}: "),
        (None, {}, "build takes the name of a model, as in 'unet', received None"),
        (5, {}, "build takes the name of a model, as in 'unet', received 5"),
    ],
)
def test_what_no_builder_takes_is_one_line(name, arguments, message):
    with pytest.raises(zoo.InputError, match=message) as error:
        zoo.build(name, **arguments)
    assert "\n" not in str(error.value)
