"""Faster R-CNN that others trained on COCO, fitted to a few hundred pictures of your own.

Constants as in torchvision's references/detection, for 2 pictures a step: a rate of 0.02 for 16, the first two stages
and batch normalisation keep what the weights have. What `zoo train faster_rcnn_resnet50_fpn --data SOURCE --weights
torchvision/COCO_V1` finds for a set by itself, `--print` shows.
Command: `zoo train faster_rcnn_finetune --data coco:mine.json@mine`, which leaves a fifth of the pictures to measure
on; `--weights FILE` begins elsewhere. Hardware: a GPU, or patience. Reported figure: none, the data are yours; ours:
not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data as in the command above."""
    return Recipe(
        builder="faster_rcnn_resnet50_fpn",
        task="detection",
        arguments={"frozen_batch_norm": True},
        start="torchvision/COCO_V1",
        freeze=("conv1", "res2_*"),
        data="coco:mine.json@mine:train",
        val_data="coco:mine.json@mine:val",
        picture_size=(480, 640),
        augment=Augment(flip=0.5, scale=(0.8, 1.25), colour=0.2),
        batch_size=2,
        epochs=10,
        patience=5,
        optimizer="sgd",
        learning_rate=0.0025,
        warmup_epochs=1,
        weight_decay=1e-4,
        clip=10.0,
        metric="ap",
    )
