"""YOLO v2 on Pascal VOC 2007 and 2012, trained at ten sizes.

Paper: Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Multi-Scale Training": 320 to 608 pixels, another size
every ten batches. Release: yolov2-voc.cfg: 80,200 steps of 64 pictures, a burn-in of 1,000 by the fourth power, rate
10^-3, a tenth of it at 40,000 and 60,000, decay 0.0005, momentum 0.9; pictures are stretched. (The paper's section 3
has 160 epochs, with a tenth of the rate at 60 and 90.) The run ends with the epoch of the last step, the 311th. The
release's hue, saturation and exposure are drawn in HSV, ours as brightness, contrast, saturation and hue of YIQ.
Command: `zoo train yolo_v2_voc --set start=darknet19_448.conv.23`, the authors' Darknet-19, trained on ImageNet; from
scratch without it; after `tfds build voc/2007 voc/2012`. Hardware: a GPU. Reported figure: 76.8 mAP on VOC 2007 test
at 416; ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe
from zoo.detection.yolo_anchors import VOC_ANCHORS

SIZES = tuple((side, side) for side in range(320, 609, 32))


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="yolo_v2",
        task="detection",
        arguments={"anchors": VOC_ANCHORS},
        data="tfds:voc/2007:train+validation & tfds:voc/2012:train+validation",
        val_data="tfds:voc/2007:test",
        picture_size=(416, 416),
        resizing="stretch",
        crop_size=SIZES[-1],
        multi_scale=SIZES,
        augment=Augment(flip=0.5, scale=(0.75, 1.5), aspect=0.3, colour=0.5),
        batch_size=64,
        epochs=311,
        steps=80_200,
        optimizer="sgd",
        learning_rate=1e-3,
        schedule="steps",
        milestones=(40_000, 60_000),
        burn_in=1000,
        weight_decay=5e-4,
        metric="voc_ap50",
        validate_every=5,
    )
