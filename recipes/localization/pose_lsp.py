"""14 joints of a person doing sports: Leeds Sports Poses, 270 pictures to learn from.

Paper: none for the network; a soft-argmax over a map a joint is Sun et al. 2018, arXiv:1711.08229.
Command: `zoo train pose_lsp --data coco:DIR/annotations/train.json@DIR/images`, and `--val-data` likewise
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none for this split; the mean of the
training poses is what it has to beat (`python -m benchmarks mean_shapes`).
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data` and `--val-data` as in the command above."""
    return Recipe(
        builder="pose",
        task="points",
        arguments={"loss": "l1"},
        data="coco:lsp/annotations/train.json@lsp/images",
        val_data="coco:lsp/annotations/val.json@lsp/images",
        picture_size=(128, 128),
        augment=Augment(flip=0.5, rotate=45.0, scale=(0.8, 1.8), colour=0.4),
        batch_size=16,
        epochs=100,
        optimizer="adamw",
        learning_rate=3e-3,
        warmup_epochs=3,
        weight_decay=1e-4,
        metric="pck",
        validate_every=20,
    )
