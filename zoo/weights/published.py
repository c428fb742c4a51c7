"""Weights that can be had by name: where they lie, what they are worth, and the folder that keeps them."""

import os
from dataclasses import dataclass
from pathlib import Path

from zoo.weights import names


@dataclass(frozen=True)
class Published:
    """A file that somebody published.

    Attributes:
        name: "source/name", as the publisher calls it.
        model: the builder whose model it fits.
        file: its name, which ends with the beginning of its SHA-256.
        figure: what the publisher reports of it.
        mebibytes: size of the file, as the publisher states it; 0 where he does not.
        epsilon: that of all its batch normalisation, which was frozen; `None` where it learned with the model's own.
        classes: names of its classes, in their order; `()` for ImageNet's thousand.
        sides: `(shorter, longest)` pixels that the sides of pictures were scaled to; `None` for a classifier, which
            takes what it is given.
    """

    name: str
    model: str
    file: str
    figure: str
    mebibytes: float = 0.0
    epsilon: float | None = None
    classes: tuple = ()
    sides: tuple | None = None

    url = property(lambda self: f"https://download.pytorch.org/models/{self.file}")
    licence = "BSD-3-Clause"  # torchvision's; the pictures that it was trained on have terms of their own
    source = property(lambda self: self.name.partition("/")[0])
    whole = property(lambda self: self.sides is not None)  # a model to predict with, not a classifier to begin with
    model_name = property(lambda self: f"{self.source}/{self.model}")
    sha256 = property(lambda self: Path(self.file).stem.rpartition("-")[2])
    size = property(lambda self: round(self.mebibytes * 2**20))
    cached = property(lambda self: folder() / f"{Path(self.file).stem}.npz")
    fetched = property(lambda self: self.cached.is_file())

    def located(self):
        """Returns `None`: there is no file to run, the model is built."""
        return None

    def load(self):
        """Builds the `keras.Model` with these weights."""
        import zoo

        if not self.fetched:
            self.fetch()  # before the model is built, which takes seconds
        return zoo.build(self.model, num_classes=len(self.classes), weights=self.name)

    def fetch(self):
        """Fetches the weights, unless they are here."""
        from zoo.weights import download, loading

        download.tensors(self, loading.SOURCES[self.source].read)


def imagenet(model, file, mebibytes, top1, version="V1"):
    """Returns the entry of a classifier of ImageNet's thousand classes."""
    return Published(f"torchvision/IMAGENET1K_{version}", model, file, f"{top1} % top-1, ImageNet val", mebibytes)


def coco(model, file, mebibytes, figure, classes=names.COCO):
    """Returns the entry of a detector; with its weights torchvision sets an epsilon of 0, as its norm is frozen."""
    figure = f"{figure}, COCO val2017"
    return Published("torchvision/COCO_V1", model, file, figure, mebibytes, 0.0, classes, (800, 1333))


def labels_of_voc(model, file, mebibytes, figure):
    """Returns the entry of a segmenter."""
    name, figure = "torchvision/COCO_WITH_VOC_LABELS_V1", f"{figure} mIoU, COCO val2017"
    return Published(name, model, file, figure, mebibytes, None, names.VOC, (520, 10_000))


PERSON = ("person",)
PUBLISHED = (
    imagenet("alexnet", "alexnet-owt-7be5be79.pth", 233.087, 56.522),
    imagenet("vgg16", "vgg16-397923af.pth", 527.796, 71.592),
    imagenet("vgg16_bn", "vgg16_bn-6c64b313.pth", 527.866, 73.360),
    imagenet("googlenet", "googlenet-1378be20.pth", 49.731, 69.778),
    imagenet("resnet18", "resnet18-f37072fd.pth", 44.661, 69.758),
    imagenet("resnet34", "resnet34-b627a593.pth", 83.275, 73.314),
    imagenet("resnet50", "resnet50-0676ba61.pth", 97.781, 76.130),
    imagenet("resnet50", "resnet50-11ad3fa6.pth", 97.79, 80.858, "V2"),
    imagenet("resnet101", "resnet101-63fe2227.pth", 170.511, 77.374),
    imagenet("resnet101", "resnet101-cd907fc2.pth", 170.53, 81.886, "V2"),
    imagenet("resnext101_32x8d", "resnext101_32x8d-8ba56ff5.pth", 339.586, 79.312),
    imagenet("resnext101_32x8d", "resnext101_32x8d-110c445d.pth", 339.673, 82.834, "V2"),
    coco("faster_rcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth", 159.743, "37.0 box AP"),
    coco("mask_rcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth", 169.84, "37.9 box AP, 34.6 mask AP"),
    coco(
        "keypoint_rcnn_resnet50_fpn",
        "keypointrcnn_resnet50_fpn_coco-fc266e95.pth",
        226.054,
        "54.6 box AP, 65.0 kp AP",
        PERSON,
    ),
    labels_of_voc("fcn_resnet50", "fcn_resnet50_coco-1167a1af.pth", 135.009, 60.5),
    labels_of_voc("fcn_resnet101", "fcn_resnet101_coco-7ecb50ca.pth", 207.711, 63.7),
)
"""Source: torchvision 0.29, the `WeightsEnum`s of torchvision/models."""


def folder():
    """Returns the folder of what was downloaded: within Keras's own, which KERAS_HOME names."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras", "regionzoo")


def of_file(file):
    """Returns the `Published` of that file name, `None` without one."""
    return next((entry for entry in PUBLISHED if entry.file == file), None)


def of_model(name):
    """Returns the `Published` of "torchvision/BUILDER", of several the newest; `None` without one."""
    return next((entry for entry in reversed(PUBLISHED) if entry.model_name == str(name)), None)
