"""Keypoint R-CNN that others trained on COCO's people, fitted to points of your own; see `faster_rcnn_finetune`.

Where the annotations do not say which points change sides in a mirror, set `augment.flip=0`.
Command: `zoo train keypoint_rcnn_finetune --data coco:mine.json@mine`. Hardware: a GPU, or patience. Reported figure:
none, the data are yours; ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import faster_rcnn_finetune


def recipe():
    """Returns the recipe: that of Faster R-CNN, with points."""
    return replace(
        faster_rcnn_finetune.recipe(), builder="keypoint_rcnn_resnet50_fpn", task="keypoints", metric="keypoint_ap"
    )
