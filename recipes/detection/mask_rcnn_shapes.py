"""Mask R-CNN on a narrow ResNet-18's feature pyramid, on drawn scenes of one to six shapes, on two CPU cores.

Paper: He et al. 2017, arXiv:1703.06870.
Command: `zoo train mask_rcnn_shapes`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none, the data are our own.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="mask_rcnn_resnet18_fpn",
        task="instance_segmentation",
        arguments={"width": 0.25, "anchor_sizes": (16, 24, 36, 52, 72), "num_proposals": 100, "region_samples": 32},
        data="shapes:train",
        val_data="shapes:val",
        picture_size=(128, 128),
        max_objects=8,
        augment=Augment(flip=0.5, scale=(0.8, 1.3), colour=0.3),
        batch_size=8,
        epochs=14,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup_epochs=1,
        weight_decay=1e-4,
        ema=0.99,
        metric="mask_ap50",
        validate_every=7,
    )
