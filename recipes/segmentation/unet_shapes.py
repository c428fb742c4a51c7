"""A small U-Net on the embedded shapes: the demo.

Paper: Ronneberger et al. 2015, arXiv:1505.04597 (network). Command: `zoo demo`, or `zoo train unet_shapes`.
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none, the data are our own.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the demo's recipe."""
    return Recipe(
        builder="unet",
        arguments={"width": 0.25, "depth": 2, "batch_norm": True, "dropout": 0.0},
        data="shapes:train",
        val_data="shapes:val",
        picture_size=(48, 48),
        augment=Augment(flip=0.5),
        batch_size=8,
        epochs=8,
        optimizer="adamw",
        learning_rate=5e-3,
        warmup_epochs=0.5,
        validate_every=4,
    )
