"""Mask R-CNN on a ResNet-50's feature pyramid, on Cityscapes' eight kinds of instances.

Paper: He et al. 2017, arXiv:1703.06870, appendix A: 24,000 steps of 8 pictures (64 epochs of 2,975), rate 0.01 and a
tenth of it after 18,000, shorter side 800 to 1,024 pixels at random, 1,024 when measured. The authors began from
ImageNet's weights.
Command: `zoo train mask_rcnn_cityscapes --data cityscapes:DIR:train --val-data cityscapes:DIR:val`. Hardware: a GPU.
Reported figures: 31.5 mask AP on val, 26.2 on test, 32.0 on test from COCO's weights; ours: not yet run.
"""

from dataclasses import replace

from recipes.data import Augment
from recipes.detection import mask_rcnn_coco


def recipe():
    """Returns the recipe."""
    return replace(
        mask_rcnn_coco.recipe(),
        data="cityscapes:cityscapes:train",
        val_data="cityscapes:cityscapes:val",
        picture_size=(1024, 2048),
        augment=Augment(flip=0.5, scale=(0.78, 1.0)),
        batch_size=8,
        epochs=64,
        learning_rate=0.01,
        milestones=(48,),
    )
