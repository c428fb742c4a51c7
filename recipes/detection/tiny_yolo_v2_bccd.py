"""Tiny YOLO v2, half as wide, on blood cells: red and white cells and platelets, from scratch.

Paper: Redmon & Farhadi 2017, arXiv:1612.08242. Data: BCCD, 640x480 pixels, Pascal VOC's format.
Command: `zoo train tiny_yolo_v2_bccd --data voc:DIR:train --val-data voc:DIR:val`
Hardware, cost and measured figure: see the table in README.md. Reported figure: none for this split.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data` and `--val-data` as in the command above."""
    return Recipe(
        builder="tiny_yolo_v2",
        task="detection",
        arguments={"width": 0.5},
        anchors=5,
        data="voc:bccd:train",
        val_data="voc:bccd:val",
        picture_size=(320, 416),
        augment=Augment(flip=0.5, vertical_flip=0.5, scale=(0.8, 1.4), colour=0.3),
        batch_size=8,
        epochs=130,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup_epochs=1,
        weight_decay=5e-4,
        ema=0.99,
        metric="ap50",
        validate_every=10,
    )
