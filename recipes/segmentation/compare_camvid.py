"""Four segmentation networks on CamVid at a quarter of its size, narrow enough for two CPU cores: `zoo compare`.

The budget is one for all: the same pictures, as often, in the same order, by the same optimizer. Seconds would make
the figures hang on what else the machine does, and a resumed run would differ from an uninterrupted one.
Command: `zoo compare --data masks:DIR/train --val-data masks:DIR/val`
Hardware, cost and measured figures: see docs/comparison.md. Reported figures: none for these widths.
"""

from dataclasses import replace

from recipes.data import Augment
from recipes.training.recipe import Recipe

NETWORKS = {
    # Without batch normalisation, and on pixels of 0 to 255, it does not bear the others' rate.
    "FCN-8s": {"builder": "fcn8s_vgg16", "arguments": {"width": 0.125}, "learning_rate": 1e-4},
    "SegNet-Basic": {"builder": "segnet_basic", "arguments": {"width": 0.25}},
    "U-Net": {"builder": "unet", "arguments": {"width": 0.125, "batch_norm": True}},
    "DeconvNet": {"builder": "deconvnet", "arguments": {"width": 0.125}},
}
"""By their titles, the networks and what makes them narrow."""


def recipes():
    """Returns the recipes by title; name the data with `--data` and `--val-data` as in the command above."""
    budget = Recipe(
        builder="unet",
        data="masks:camvid/train",
        val_data="masks:camvid/val",
        picture_size=(96, 128),
        augment=Augment(flip=0.5),
        batch_size=8,
        epochs=20,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup_epochs=1,
        weight_decay=1e-4,
        validate_every=5,
    )
    return {title: replace(budget, **fields) for title, fields in NETWORKS.items()}
