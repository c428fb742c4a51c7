"""Mask R-CNN on a narrow ResNet-18's feature pyramid: pedestrians, from scratch on two CPU cores.

Paper: He et al. 2017, arXiv:1703.06870. Data: Penn-Fudan, of whose pictures the first 80 % are learned.
Command: `zoo train mask_rcnn_pennfudan --data instances:DIR:train --val-data instances:DIR:val`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none from scratch.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data` and `--val-data` as in the command above."""
    return Recipe(
        builder="mask_rcnn_resnet18_fpn",
        task="instance_segmentation",
        arguments={
            "width": 0.25,
            "anchor_sizes": (32, 64, 96, 144, 208),
            "num_proposals": 200,
            "region_samples": 64,
        },
        data="instances:pennfudan:train",
        val_data="instances:pennfudan:val",
        picture_size=(256, 320),
        max_objects=16,
        augment=Augment(flip=0.5, scale=(0.7, 1.6), colour=0.3),
        batch_size=4,
        epochs=30,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup_epochs=1,
        weight_decay=5e-4,
        ema=0.99,
        metric="mask_ap50",
        validate_every=10,
    )
