"""Tiny YOLO v2, a quarter as wide, on blood cells: red and white cells and platelets, from scratch.

Paper: Redmon & Farhadi 2017, arXiv:1612.08242. Data: BCCD, 640x480 pixels, Pascal VOC's format.
Command: `zoo train tiny_yolo_v2_bccd --data voc:DIR:train --val-data voc:DIR:val`
Hardware, cost: two CPU cores with AVX2, 22 minutes of both. Reported figure: none for this split. Measured: 88.6
AP50 on val (platelets 82.7, red cells 83.9, white 99.1).

The pictures keep their own size, as a platelet of 40 pixels is little more than a cell of the grid. A quarter of the
width pays for it: a step costs less than one at half the width and 320x416. Batches are small, as 205 pictures make
few steps. The annotators left out cells of which the border shows less than about half, so crops teach none either.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data` and `--val-data` as in the command above."""
    return Recipe(
        builder="tiny_yolo_v2",
        task="detection",
        arguments={"width": 0.25},
        anchors=5,
        data="voc:bccd:train",
        val_data="voc:bccd:val",
        picture_size=(480, 640),
        max_objects=40,
        augment=Augment(flip=0.5, vertical_flip=0.5, scale=(0.75, 1.25), colour=0.3, visible=0.5),
        batch_size=4,
        epochs=150,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup_epochs=1,
        weight_decay=5e-4,
        ema=0.995,
        metric="ap50",
        validate_every=30,
    )
