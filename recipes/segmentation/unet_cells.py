"""U-Net on cells seen through a light microscope: PhC-U373 and DIC-HeLa of the ISBI cell tracking challenge.

Paper: Ronneberger et al. 2015, arXiv:1505.04597, sections 3 and 4: the unpadded network over mirrored borders, flips
and elastic deformation with a deviation of 10 pixels, the weight map of equation 2, 35 and 20 pictures. The authors
take SGD with momentum 0.99, one picture a step; this recipe takes AdamW and two.
Data: the challenge's folders as masks:DIR, its pictures as PNG and in each mask 0 for background, 1 for cells.
Command: `zoo train unet_cells --data masks:DIR/train --val-data masks:DIR/val`. Hardware: a GPU. Reported figures:
0.920 (PhC-U373) and 0.776 (DIC-HeLa) IoU, a mean over cells where ours is over classes; ours: not yet run.
On two CPU cores, narrow and small, on CamVid: the same with `--set picture_size=96x128 --set crop_size=none
--set "augment.scale=(1, 1)" --set augment.vertical_flip=0 --set augment.elastic=0 --set "arguments={'width': 0.125}"
--set batch_size=8 --set epochs=10`
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data` and `--val-data` as in the command above."""
    return Recipe(
        builder="unet",
        arguments={"padding": "mirror"},
        data="masks:cells/train",
        val_data="masks:cells/val",
        picture_size=(512, 512),
        crop_size=(256, 256),
        augment=Augment(flip=0.5, vertical_flip=0.5, scale=(1.7, 2.3), colour=0.2, elastic=10.0),
        batch_size=2,
        epochs=150,
        optimizer="adamw",
        learning_rate=3e-4,
        warmup_epochs=5,
        weight_decay=1e-4,
        class_weights="median_frequency",
        border_weight=10.0,
        ema=0.99,
        validate_every=15,
    )
