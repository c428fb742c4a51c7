"""YOLO v2 on COCO 2017, measured at 608 pixels.

Paper: Redmon & Farhadi 2017, arXiv:1612.08242, section 3.
Command: `zoo train yolo_v2_coco`, after `tfds build coco/2017`. Hardware: a GPU. Reported figure: 48.1 AP50 on COCO
test-dev at 608; ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import yolo_v2_voc
from zoo.detection.yolo_anchors import COCO_ANCHORS


def recipe():
    """Returns the recipe: that of VOC, with COCO's anchors."""
    return replace(
        yolo_v2_voc.recipe(),
        arguments={"anchors": COCO_ANCHORS},
        data="tfds:coco/2017:train",
        val_data="tfds:coco/2017:validation",
        picture_size=(608, 608),
        metric="ap50",
    )
