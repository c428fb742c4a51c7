"""68 landmarks of a face, one face a picture.

Paper: none for the network; a soft-argmax over a map a point is Sun et al. 2018, arXiv:1711.08229.
Command: `zoo train landmarks_faces --data points:DIR/train.csv --val-data points:DIR/val.csv`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none for this split; the mean of the
training faces scores an NME of 0.114 (`python -m benchmarks mean_shapes`).
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data points:DIR/train.csv --val-data points:DIR/val.csv`."""
    return Recipe(
        builder="landmarks",
        task="points",
        arguments={"loss": "l1"},
        data="points:faces68/train.csv",
        val_data="points:faces68/val.csv",
        picture_size=(128, 128),
        augment=Augment(flip=0.5, rotate=20.0, scale=(0.85, 1.2), colour=0.4),
        batch_size=16,
        epochs=40,
        optimizer="adamw",
        learning_rate=3e-3,
        warmup_epochs=1,
        weight_decay=1e-4,
        metric="nme",
        validate_every=2,
    )
