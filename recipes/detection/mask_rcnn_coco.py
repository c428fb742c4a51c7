"""Mask R-CNN on a ResNet-50's feature pyramid, on COCO 2017.

Paper: He et al. 2017, arXiv:1703.06870. Constants as in torchvision's reference, see `faster_rcnn_coco`.
Command: `zoo train mask_rcnn_coco --data coco:instances_train2017.json@train2017 --val-data
coco:instances_val2017.json@val2017`. Hardware: a GPU. Reported figures: 37.9 box and 34.6 mask AP on COCO val2017
(torchvision), 33.6 mask AP (paper); ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import faster_rcnn_coco


def recipe():
    """Returns the recipe: that of Faster R-CNN, with masks."""
    return replace(
        faster_rcnn_coco.recipe(),
        builder="mask_rcnn_resnet50_fpn",
        task="instance_segmentation",
        data="coco:annotations/instances_train2017.json@train2017",
        val_data="coco:annotations/instances_val2017.json@val2017",
        metric="mask_ap",
    )
