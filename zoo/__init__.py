"""Region- and pixel-level CNNs as functional Keras models.

Every architecture is a builder function; `BUILDERS` is the table of them, `build` and `list_models` read it.

Importing this package loads no framework: a builder's module is loaded when it is first used. Once Keras is loaded,
by whomever, all modules are, so that `keras.saving.load_model` knows the zoo's layers and models.
"""

import inspect
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import lazy_loader
import wrapt

from zoo.errors import InputError, nearest
from zoo.extras import explain

if TYPE_CHECKING:
    from zoo.model import ZooModel

BUILDERS_IN = {
    "detection.fast_rcnn": (
        "fast_rcnn_resnet18_fpn",
        "fast_rcnn_resnet50_fpn",
        "fast_rcnn_vgg16",
        "fast_rcnn_zf",
    ),
    "detection.faster_rcnn": (
        "faster_rcnn_resnet101_c4",
        "faster_rcnn_resnet101_fpn",
        "faster_rcnn_resnet18_fpn",
        "faster_rcnn_resnet50_c4",
        "faster_rcnn_resnet50_fpn",
        "faster_rcnn_vgg16",
        "faster_rcnn_zf",
    ),
    "detection.grid_detector": ("grid_detector",),
    "detection.keypoint_rcnn": (
        "keypoint_rcnn_resnet101_fpn",
        "keypoint_rcnn_resnet18_fpn",
        "keypoint_rcnn_resnet50_fpn",
    ),
    "detection.mask_keypoint_rcnn": (
        "mask_keypoint_rcnn_resnet101_fpn",
        "mask_keypoint_rcnn_resnet18_fpn",
        "mask_keypoint_rcnn_resnet50_fpn",
    ),
    "detection.mask_rcnn": (
        "mask_rcnn_resnet101_c4",
        "mask_rcnn_resnet101_fpn",
        "mask_rcnn_resnet18_fpn",
        "mask_rcnn_resnet50_c4",
        "mask_rcnn_resnet50_fpn",
        "mask_rcnn_resnext101_32x8d_fpn",
    ),
    "detection.rcnn": ("rcnn_alexnet", "rcnn_small", "rcnn_vgg16"),
    "detection.yolo_v1": ("fast_yolo", "yolo_v1"),
    "detection.yolo_v2": ("tiny_yolo_v2", "yolo_v2"),
    "localization.landmarks": ("landmarks", "pose"),
    "localization.localizer": ("localizer",),
    "segmentation.deconvnet": ("deconvnet",),
    "segmentation.deeplab_largefov": ("deeplab_largefov",),
    "segmentation.fcn": (
        "fcn16s_alexnet",
        "fcn16s_googlenet",
        "fcn16s_vgg16",
        "fcn32s_alexnet",
        "fcn32s_googlenet",
        "fcn32s_vgg16",
        "fcn8s_alexnet",
        "fcn8s_googlenet",
        "fcn8s_vgg16",
    ),
    "segmentation.fcn_resnet": ("fcn_resnet101", "fcn_resnet50"),
    "segmentation.segnet": ("segnet", "segnet_basic"),
    "segmentation.unet": ("unet",),
}
"""By module, the names of its builders."""
OTHERS_IN = {
    "detection.sliding_window": ("sliding_window",),
    "fully_convolutional": ("convolutionalize",),
    "model": ("ZooModel",),
    "segmentation.dense_crf": ("dense_crf",),
    "segmentation.overlap_tile": ("overlap_tile",),
    "segmentation.proposal_wise": ("ensemble", "proposal_wise"),
    "weights.models": ("load", "pretrained"),
}
"""By module, what else is public."""

PLAIN_IN = {
    "anatomy.info": ("info",),
    "drawing.draw": ("draw",),
    "prediction": ("Prediction",),
}
"""Likewise of modules that define no layers or models."""

_lazily, _, _lazy = lazy_loader.attach(
    __name__, ["backbones", "datasets", "optimizers", "rates", "weights"], BUILDERS_IN | OTHERS_IN | PLAIN_IN
)
__all__ = ["BUILDERS", "InputError", "build", "list_models", *_lazy]


def __getattr__(name):
    if name not in __all__ and not name.startswith("__") and (near := nearest(name, __all__)):
        raise AttributeError(f"zoo has no {name}{near}", name=name)
    value = _lazily(name)
    if "keras" in sys.modules and not importing():
        register()  # what was looked up may have been the first to import Keras
    return value


def __dir__():
    return __all__


class Builders(Mapping):
    """The builders by name; one is loaded when it is looked up."""

    def __init__(self):
        self.modules = {name: module for module, names in BUILDERS_IN.items() for name in sorted(names)}

    def __getitem__(self, name):
        if name not in self.modules:
            raise KeyError(name)
        return __getattr__(name)

    def __contains__(self, name):
        return name in self.modules

    def __iter__(self):
        return iter(sorted(self.modules))

    def __len__(self):
        return len(self.modules)


BUILDERS = Builders()


def build(name: str, /, **arguments: object) -> "ZooModel":
    """Builds the model of that name: `build("unet", num_classes=2)` is `unet(num_classes=2)`.

    Raises:
        InputError: if no model has that name, or its builder does not take an argument, its value, or lacks one.
    """
    if not isinstance(name, str):
        raise InputError(f"build takes the name of a model, as in 'unet', received {name!r}: `zoo list` shows all")
    if name not in BUILDERS:
        raise InputError(f"unknown model {name!r}{nearest(name, BUILDERS)}: `zoo list` shows all")
    known = inspect.signature(BUILDERS[name]).parameters
    for argument in arguments:
        if argument not in known:
            raise InputError(f"{name} takes no {argument!r}: choose among {', '.join(known)}")
    try:
        return BUILDERS[name](**arguments)
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        why = str(error).strip().splitlines()[0]
        raise InputError(f"{name} cannot be built with {arguments}: {why}") from error


def list_models() -> list[str]:
    """Returns the names that `build` takes, sorted."""
    return list(BUILDERS)


explain()


def register():
    """Loads every module that defines layers or models, and with that registers them with Keras."""
    for module in (*BUILDERS_IN, *OTHERS_IN, "optimizers", "weights.darknet"):
        import_module(f"zoo.{module}")


def importing():
    """Says whether a module of ours is at work: it may be importing Keras, and others would find it unfinished."""
    return any(frame.f_globals.get("__name__", "").startswith("zoo.") for frame, _ in traceback.walk_stack(None))


@wrapt.when_imported("keras")
def register_with(keras):
    """Registers once Keras is loaded, unless one of our modules loads it, which is not through yet."""
    if not importing():
        register()
