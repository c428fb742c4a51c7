"""YOLO v2 on COCO 2017, measured at 608 pixels.

Paper: Redmon & Farhadi 2017, arXiv:1612.08242, section 3. Release: yolov2.cfg: 500,200 steps, a tenth of the rate
from 400,000 and a hundredth from 450,000, otherwise as for VOC.
Command: `zoo train yolo_v2_coco --set start=darknet19_448.conv.23`, after `tfds build coco/2017`. Hardware: a GPU.
Reported figure: 48.1 AP50 on COCO test-dev at 608; ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import yolo_v2_voc
from zoo.detection.yolo_anchors import COCO_ANCHORS


def recipe():
    """Returns the recipe: that of VOC, with COCO's anchors and as long as the release's."""
    return replace(
        yolo_v2_voc.recipe(),
        arguments={"anchors": COCO_ANCHORS},
        data="tfds:coco/2017:train",
        val_data="tfds:coco/2017:validation",
        picture_size=(608, 608),
        epochs=271,
        steps=500_200,
        milestones=(400_000, 450_000),
        metric="ap50",
    )
