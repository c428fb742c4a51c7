"""A narrow U-Net on electron microscopy: cell or membrane, 20 pictures to learn from.

Paper: Ronneberger et al. 2015, arXiv:1505.04597; the weight map of equation 2, flips and elastic deformation as in
section 3.1 on crops, all at half the pictures' scale; batch normalisation, no dropout and a quarter of the filters so
that two CPU cores train it in minutes.
Command: `zoo train unet_membrane --data masks:DIR/train --val-data masks:DIR/val`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none for this split.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data masks:DIR/train --val-data masks:DIR/val`."""
    return Recipe(
        builder="unet",
        arguments={"width": 0.25, "batch_norm": True, "dropout": 0.0},
        data="masks:membrane/train",
        val_data="masks:membrane/val",
        picture_size=(256, 256),
        crop_size=(128, 128),
        augment=Augment(flip=0.5, vertical_flip=0.5, scale=(2.0, 2.0), colour=0.2, elastic=2.5),
        batch_size=4,
        epochs=650,
        optimizer="adamw",
        learning_rate=2e-3,
        warmup_epochs=10,
        weight_decay=1e-4,
        border_weight=10.0,
        border_sigma=2.5,
        ema=0.99,
        validate_every=50,
    )
