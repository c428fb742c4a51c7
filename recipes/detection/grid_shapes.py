"""The lecture's grid detector on drawn scenes of one to six shapes: 8x8 cells, two anchors.

Source: Ng, "Convolutional Neural Networks" (deeplearning.ai), week 3, "YOLO Algorithm".
Command: `zoo train grid_shapes`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none, the data are our own.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="grid_detector",
        task="detection",
        arguments={"grid": (8, 8), "anchors": ((1.5, 2.5), (2.5, 2.0)), "width": 2.0},
        data="shapes:train",
        val_data="shapes:val",
        picture_size=(128, 128),
        augment=Augment(flip=0.5, scale=(0.8, 1.3), colour=0.3),
        batch_size=16,
        epochs=20,
        optimizer="adamw",
        learning_rate=3e-3,
        warmup_epochs=1,
        weight_decay=1e-4,
        ema=0.99,
        metric="ap50",
        validate_every=5,
    )
