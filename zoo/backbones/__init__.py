"""Builders of what the networks stand on: raw pixels to a dict of named feature maps, most with a top."""

import lazy_loader

BUILDERS_IN = {
    "alexnets": ("alexnet",),
    "darknet": ("darknet19", "fast_yolo_backbone", "tiny_darknet", "yolo_v1_backbone"),
    "pyramid": ("fpn",),
    "inception": ("googlenet",),
    "resnet": ("resnet18", "resnet34", "resnet50", "resnet101", "resnext101_32x8d"),
    "small": ("small_cnn",),
    "vgg": ("vgg16",),
    "zfnet": ("zf",),
}
"""By module, the names of its builders."""

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, [], BUILDERS_IN)
