"""YOLO v2 on Darknet-19 that its authors trained on ImageNet, fitted to a few hundred pictures of your own.

Anchors are those of your boxes (Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Dimension Clusters"). So few
steps take AdamW: the release's SGD has a rate for 64 pictures a step and 80,200 steps. Half of the pictures are
mosaics (Bochkovskiy et al. 2020, arXiv:2004.10934, section 3.3).
Command: `zoo train yolo_v2_finetune --data yolo:mine`, with the authors' `darknet19_448.conv.23` in this folder, or
`--weights FILE`. Hardware: a GPU, or patience. Reported figure: none, the data are yours; ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data as in the command above."""
    return Recipe(
        builder="yolo_v2",
        task="detection",
        arguments={"pulled_pictures": 0},
        start="darknet19_448.conv.23",
        freeze=("stage[12]_*",),
        anchors=5,
        data="yolo:mine:train",
        val_data="yolo:mine:val",
        picture_size=(416, 416),
        augment=Augment(flip=0.5, scale=(0.8, 1.25), colour=0.2, mosaic=0.5),
        batch_size=8,
        epochs=40,
        patience=5,
        optimizer="adamw",
        learning_rate=5e-4,
        warmup_epochs=2,
        weight_decay=5e-4,
        clip=10.0,
        metric="ap",
        validate_every=4,
    )
