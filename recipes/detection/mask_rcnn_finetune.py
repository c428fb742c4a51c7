"""Mask R-CNN that others trained on COCO, fitted to a few hundred pictures of your own; see `faster_rcnn_finetune`.

Of every fourth picture some objects are pasted over another (Ghiasi et al. 2021, arXiv:2012.07177).
Command: `zoo train mask_rcnn_finetune --data labelme:mine`. Hardware: a GPU, or patience. Reported figure: none, the
data are yours; ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import faster_rcnn_finetune


def recipe():
    """Returns the recipe: that of Faster R-CNN, with masks."""
    plain = faster_rcnn_finetune.recipe()
    return replace(
        plain,
        builder="mask_rcnn_resnet50_fpn",
        task="instance_segmentation",
        data="labelme:mine:train",
        val_data="labelme:mine:val",
        augment=replace(plain.augment, copy_paste=0.25),
        metric="mask_ap",
    )
