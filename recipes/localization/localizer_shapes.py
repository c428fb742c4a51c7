"""A localizer on drawn pictures of one shape on a textured ground, every tenth of them without any.

Source: Ng, "Convolutional Neural Networks" (deeplearning.ai), week 3, "Object Localization": y = [Pc, box, classes].
Command: `zoo train localizer_shapes`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none, the data are our own.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="localizer",
        task="localization",
        arguments={"box_weight": 2.0},
        data="single_shapes:train",
        val_data="single_shapes:val",
        picture_size=(128, 128),
        augment=Augment(flip=0.5, scale=(0.8, 1.25), colour=0.3),
        batch_size=16,
        epochs=30,
        optimizer="adamw",
        learning_rate=3e-3,
        warmup_epochs=1,
        weight_decay=1e-4,
        ema=0.99,
        metric="accuracy",
        validate_every=6,
    )
