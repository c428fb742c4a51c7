"""Where the names of `zoo` come from, written by `python -m website`."""

from collections.abc import Callable, Mapping

from zoo import backbones as backbones
from zoo import datasets as datasets
from zoo import optimizers as optimizers
from zoo import rates as rates
from zoo import weights as weights
from zoo.anatomy.info import info as info
from zoo.detection.fast_rcnn import fast_rcnn_resnet18_fpn as fast_rcnn_resnet18_fpn
from zoo.detection.fast_rcnn import fast_rcnn_resnet50_fpn as fast_rcnn_resnet50_fpn
from zoo.detection.fast_rcnn import fast_rcnn_vgg16 as fast_rcnn_vgg16
from zoo.detection.fast_rcnn import fast_rcnn_zf as fast_rcnn_zf
from zoo.detection.faster_rcnn import faster_rcnn_resnet18_fpn as faster_rcnn_resnet18_fpn
from zoo.detection.faster_rcnn import faster_rcnn_resnet50_c4 as faster_rcnn_resnet50_c4
from zoo.detection.faster_rcnn import faster_rcnn_resnet50_fpn as faster_rcnn_resnet50_fpn
from zoo.detection.faster_rcnn import faster_rcnn_resnet101_c4 as faster_rcnn_resnet101_c4
from zoo.detection.faster_rcnn import faster_rcnn_resnet101_fpn as faster_rcnn_resnet101_fpn
from zoo.detection.faster_rcnn import faster_rcnn_vgg16 as faster_rcnn_vgg16
from zoo.detection.faster_rcnn import faster_rcnn_zf as faster_rcnn_zf
from zoo.detection.grid_detector import grid_detector as grid_detector
from zoo.detection.keypoint_rcnn import keypoint_rcnn_resnet18_fpn as keypoint_rcnn_resnet18_fpn
from zoo.detection.keypoint_rcnn import keypoint_rcnn_resnet50_fpn as keypoint_rcnn_resnet50_fpn
from zoo.detection.keypoint_rcnn import keypoint_rcnn_resnet101_fpn as keypoint_rcnn_resnet101_fpn
from zoo.detection.mask_keypoint_rcnn import mask_keypoint_rcnn_resnet18_fpn as mask_keypoint_rcnn_resnet18_fpn
from zoo.detection.mask_keypoint_rcnn import mask_keypoint_rcnn_resnet50_fpn as mask_keypoint_rcnn_resnet50_fpn
from zoo.detection.mask_keypoint_rcnn import mask_keypoint_rcnn_resnet101_fpn as mask_keypoint_rcnn_resnet101_fpn
from zoo.detection.mask_rcnn import mask_rcnn_resnet18_fpn as mask_rcnn_resnet18_fpn
from zoo.detection.mask_rcnn import mask_rcnn_resnet50_c4 as mask_rcnn_resnet50_c4
from zoo.detection.mask_rcnn import mask_rcnn_resnet50_fpn as mask_rcnn_resnet50_fpn
from zoo.detection.mask_rcnn import mask_rcnn_resnet101_c4 as mask_rcnn_resnet101_c4
from zoo.detection.mask_rcnn import mask_rcnn_resnet101_fpn as mask_rcnn_resnet101_fpn
from zoo.detection.mask_rcnn import mask_rcnn_resnext101_32x8d_fpn as mask_rcnn_resnext101_32x8d_fpn
from zoo.detection.rcnn import rcnn_alexnet as rcnn_alexnet
from zoo.detection.rcnn import rcnn_small as rcnn_small
from zoo.detection.rcnn import rcnn_vgg16 as rcnn_vgg16
from zoo.detection.sliding_window import sliding_window as sliding_window
from zoo.detection.yolo_v1 import fast_yolo as fast_yolo
from zoo.detection.yolo_v1 import yolo_v1 as yolo_v1
from zoo.detection.yolo_v2 import tiny_yolo_v2 as tiny_yolo_v2
from zoo.detection.yolo_v2 import yolo_v2 as yolo_v2
from zoo.drawing.draw import draw as draw
from zoo.errors import InputError as InputError
from zoo.fully_convolutional import convolutionalize as convolutionalize
from zoo.localization.landmarks import landmarks as landmarks
from zoo.localization.landmarks import pose as pose
from zoo.localization.localizer import localizer as localizer
from zoo.model import ZooModel as ZooModel
from zoo.prediction import Prediction as Prediction
from zoo.segmentation.deconvnet import deconvnet as deconvnet
from zoo.segmentation.deeplab_largefov import deeplab_largefov as deeplab_largefov
from zoo.segmentation.dense_crf import dense_crf as dense_crf
from zoo.segmentation.fcn import fcn8s_alexnet as fcn8s_alexnet
from zoo.segmentation.fcn import fcn8s_googlenet as fcn8s_googlenet
from zoo.segmentation.fcn import fcn8s_vgg16 as fcn8s_vgg16
from zoo.segmentation.fcn import fcn16s_alexnet as fcn16s_alexnet
from zoo.segmentation.fcn import fcn16s_googlenet as fcn16s_googlenet
from zoo.segmentation.fcn import fcn16s_vgg16 as fcn16s_vgg16
from zoo.segmentation.fcn import fcn32s_alexnet as fcn32s_alexnet
from zoo.segmentation.fcn import fcn32s_googlenet as fcn32s_googlenet
from zoo.segmentation.fcn import fcn32s_vgg16 as fcn32s_vgg16
from zoo.segmentation.fcn_resnet import fcn_resnet50 as fcn_resnet50
from zoo.segmentation.fcn_resnet import fcn_resnet101 as fcn_resnet101
from zoo.segmentation.overlap_tile import overlap_tile as overlap_tile
from zoo.segmentation.proposal_wise import ensemble as ensemble
from zoo.segmentation.proposal_wise import proposal_wise as proposal_wise
from zoo.segmentation.segnet import segnet as segnet
from zoo.segmentation.segnet import segnet_basic as segnet_basic
from zoo.segmentation.unet import unet as unet
from zoo.weights.models import load as load
from zoo.weights.models import pretrained as pretrained

BUILDERS: Mapping[str, Callable[..., ZooModel]]

def build(name: str, /, **arguments: object) -> ZooModel: ...
def list_models() -> list[str]: ...
