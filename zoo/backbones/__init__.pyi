"""Where the names of `zoo.backbones` come from, written by `python -m website`."""

from zoo.backbones.alexnets import alexnet as alexnet
from zoo.backbones.darknet import darknet19 as darknet19
from zoo.backbones.darknet import fast_yolo_backbone as fast_yolo_backbone
from zoo.backbones.darknet import tiny_darknet as tiny_darknet
from zoo.backbones.darknet import yolo_v1_backbone as yolo_v1_backbone
from zoo.backbones.inception import googlenet as googlenet
from zoo.backbones.pyramid import fpn as fpn
from zoo.backbones.resnet import resnet18 as resnet18
from zoo.backbones.resnet import resnet34 as resnet34
from zoo.backbones.resnet import resnet50 as resnet50
from zoo.backbones.resnet import resnet101 as resnet101
from zoo.backbones.resnet import resnext101_32x8d as resnext101_32x8d
from zoo.backbones.small import small_cnn as small_cnn
from zoo.backbones.vgg import vgg16 as vgg16
from zoo.backbones.zfnet import zf as zf
