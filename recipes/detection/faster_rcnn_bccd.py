"""Faster R-CNN on a narrow ResNet-18's feature pyramid, on blood cells, from scratch on two CPU cores.

Paper: Ren et al. 2015, arXiv:1506.01497; Lin et al. 2017, arXiv:1612.03144. Data: BCCD, 640x480 pixels, Pascal VOC's
format.
Command: `zoo train faster_rcnn_bccd --data voc:DIR:train --val-data voc:DIR:val`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none for this split.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data` and `--val-data` as in the command above."""
    return Recipe(
        builder="faster_rcnn_resnet18_fpn",
        task="detection",
        arguments={
            "width": 0.25,
            "anchor_sizes": (26, 66, 95, 135, 190),
            "num_proposals": 200,
            "region_samples": 64,
        },
        data="voc:bccd:train",
        val_data="voc:bccd:val",
        picture_size=(320, 416),
        max_objects=40,
        augment=Augment(flip=0.5, vertical_flip=0.5, scale=(0.75, 1.25), colour=0.3, visible=0.5),
        batch_size=4,
        epochs=75,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup_epochs=1,
        weight_decay=5e-4,
        ema=0.995,
        metric="ap50",
        validate_every=15,
    )
