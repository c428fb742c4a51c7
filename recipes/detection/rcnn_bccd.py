"""R-CNN over a small network on blood cells: red and white cells and platelets, in five steps, from scratch.

Paper: Girshick et al. 2014, arXiv:1311.2524. Its network had learned ImageNet before; this one begins from nothing.
Data: BCCD, 640x480 pixels, Pascal VOC's format.
Command: `zoo train rcnn_bccd --data voc:DIR:train --val-data voc:DIR:val`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none for this split.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data` and `--val-data` as in the command above."""
    return Recipe(
        builder="rcnn_small",
        task="detection",
        proposals="selective_search_fast",
        num_proposals=800,
        data="voc:bccd:train",
        val_data="voc:bccd:val",
        picture_size=(480, 640),
        augment=Augment(flip=0.5, vertical_flip=0.5),
        batch_size=128,
        epochs=3,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup_epochs=0.5,
        weight_decay=5e-4,
        metric="ap50",
    )
