"""Region- and pixel-level CNNs as functional Keras models.

Every architecture is a builder function; `BUILDERS` is the table of them, `build` and `list_models` read it.
"""

import inspect

from zoo import weights
from zoo.detection.fast_rcnn import (
    fast_rcnn_resnet18_fpn,
    fast_rcnn_resnet50_fpn,
    fast_rcnn_vgg16,
    fast_rcnn_zf,
)
from zoo.detection.faster_rcnn import (
    faster_rcnn_resnet18_fpn,
    faster_rcnn_resnet50_c4,
    faster_rcnn_resnet50_fpn,
    faster_rcnn_resnet101_c4,
    faster_rcnn_resnet101_fpn,
    faster_rcnn_vgg16,
    faster_rcnn_zf,
)
from zoo.detection.grid_detector import grid_detector
from zoo.detection.keypoint_rcnn import (
    keypoint_rcnn_resnet18_fpn,
    keypoint_rcnn_resnet50_fpn,
    keypoint_rcnn_resnet101_fpn,
)
from zoo.detection.mask_rcnn import (
    mask_rcnn_resnet18_fpn,
    mask_rcnn_resnet50_c4,
    mask_rcnn_resnet50_fpn,
    mask_rcnn_resnet101_c4,
    mask_rcnn_resnet101_fpn,
    mask_rcnn_resnext101_32x8d_fpn,
)
from zoo.detection.rcnn import rcnn_alexnet, rcnn_small, rcnn_vgg16
from zoo.detection.sliding_window import sliding_window
from zoo.detection.yolo_v1 import fast_yolo, yolo_v1
from zoo.detection.yolo_v2 import tiny_yolo_v2, yolo_v2
from zoo.errors import InputError
from zoo.fully_convolutional import convolutionalize
from zoo.localization.landmarks import landmarks, pose
from zoo.localization.localizer import localizer
from zoo.model import ZooModel
from zoo.segmentation.deconvnet import deconvnet
from zoo.segmentation.deeplab_largefov import deeplab_largefov
from zoo.segmentation.fcn import (
    fcn8s_alexnet,
    fcn8s_googlenet,
    fcn8s_vgg16,
    fcn16s_alexnet,
    fcn16s_googlenet,
    fcn16s_vgg16,
    fcn32s_alexnet,
    fcn32s_googlenet,
    fcn32s_vgg16,
)
from zoo.segmentation.fcn_resnet import fcn_resnet50, fcn_resnet101
from zoo.segmentation.proposal_wise import ensemble, proposal_wise
from zoo.segmentation.segnet import segnet, segnet_basic
from zoo.segmentation.unet import unet

BUILDERS = {
    "deconvnet": deconvnet,
    "deeplab_largefov": deeplab_largefov,
    "fast_rcnn_resnet18_fpn": fast_rcnn_resnet18_fpn,
    "fast_rcnn_resnet50_fpn": fast_rcnn_resnet50_fpn,
    "fast_rcnn_vgg16": fast_rcnn_vgg16,
    "fast_rcnn_zf": fast_rcnn_zf,
    "fast_yolo": fast_yolo,
    "faster_rcnn_resnet101_c4": faster_rcnn_resnet101_c4,
    "faster_rcnn_resnet101_fpn": faster_rcnn_resnet101_fpn,
    "faster_rcnn_resnet18_fpn": faster_rcnn_resnet18_fpn,
    "faster_rcnn_resnet50_c4": faster_rcnn_resnet50_c4,
    "faster_rcnn_resnet50_fpn": faster_rcnn_resnet50_fpn,
    "faster_rcnn_vgg16": faster_rcnn_vgg16,
    "faster_rcnn_zf": faster_rcnn_zf,
    "fcn16s_alexnet": fcn16s_alexnet,
    "fcn16s_googlenet": fcn16s_googlenet,
    "fcn16s_vgg16": fcn16s_vgg16,
    "fcn32s_alexnet": fcn32s_alexnet,
    "fcn32s_googlenet": fcn32s_googlenet,
    "fcn32s_vgg16": fcn32s_vgg16,
    "fcn8s_alexnet": fcn8s_alexnet,
    "fcn8s_googlenet": fcn8s_googlenet,
    "fcn8s_vgg16": fcn8s_vgg16,
    "fcn_resnet101": fcn_resnet101,
    "fcn_resnet50": fcn_resnet50,
    "grid_detector": grid_detector,
    "keypoint_rcnn_resnet101_fpn": keypoint_rcnn_resnet101_fpn,
    "keypoint_rcnn_resnet18_fpn": keypoint_rcnn_resnet18_fpn,
    "keypoint_rcnn_resnet50_fpn": keypoint_rcnn_resnet50_fpn,
    "landmarks": landmarks,
    "localizer": localizer,
    "mask_rcnn_resnet101_c4": mask_rcnn_resnet101_c4,
    "mask_rcnn_resnet101_fpn": mask_rcnn_resnet101_fpn,
    "mask_rcnn_resnet18_fpn": mask_rcnn_resnet18_fpn,
    "mask_rcnn_resnet50_c4": mask_rcnn_resnet50_c4,
    "mask_rcnn_resnet50_fpn": mask_rcnn_resnet50_fpn,
    "mask_rcnn_resnext101_32x8d_fpn": mask_rcnn_resnext101_32x8d_fpn,
    "pose": pose,
    "rcnn_alexnet": rcnn_alexnet,
    "rcnn_small": rcnn_small,
    "rcnn_vgg16": rcnn_vgg16,
    "segnet": segnet,
    "segnet_basic": segnet_basic,
    "tiny_yolo_v2": tiny_yolo_v2,
    "unet": unet,
    "yolo_v1": yolo_v1,
    "yolo_v2": yolo_v2,
}


def build(name, **arguments):
    """Builds the model of that name: `build("unet", num_classes=2)` is `unet(num_classes=2)`.

    Raises:
        InputError: if no model has that name, or its builder does not take an argument.
    """
    if name not in BUILDERS:
        raise InputError(f"unknown model {name!r}: choose one of {', '.join(list_models())}")
    known = inspect.signature(BUILDERS[name]).parameters
    for argument in arguments:
        if argument not in known:
            raise InputError(f"{name} takes no {argument!r}: choose among {', '.join(known)}")
    return BUILDERS[name](**arguments)


def list_models():
    """Returns the names that `build` takes, sorted."""
    return sorted(BUILDERS)


__all__ = [
    "BUILDERS",
    "InputError",
    "ZooModel",
    "build",
    "convolutionalize",
    "ensemble",
    "list_models",
    "proposal_wise",
    "sliding_window",
    "weights",
    *BUILDERS,
]
