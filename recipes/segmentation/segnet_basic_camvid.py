"""SegNet-Basic on CamVid road scenes, from scratch.

Paper: Badrinarayanan et al. 2017, arXiv:1511.00561, section 4.1 and table 1: SGD with a fixed rate of 0.1, momentum
0.9, batches of 12, median-frequency class weights, pictures of 360 x 480; weight decay 5 x 10^-4 is the release's
(alexgkendall/SegNet-Tutorial, Models/segnet_basic_solver.prototxt), which learns biases at twice the rate. The
flips and the number of epochs are ours: the paper trains until the loss converges, the release 10,000 steps
of 4 pictures, 109 epochs of 367. Reported: 47.7 mIoU on the test split (233 pictures).
Command: `zoo train segnet_basic_camvid --data masks:DIR/train --val-data masks:DIR/val`
Hardware, cost and measured figure: see docs/models.toml.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data with `--data masks:DIR/train --val-data masks:DIR/val`."""
    return Recipe(
        builder="segnet_basic",
        multipliers="paper",
        data="masks:camvid/train",
        val_data="masks:camvid/val",
        picture_size=(360, 480),
        augment=Augment(flip=0.5),
        batch_size=12,
        epochs=200,
        optimizer="sgd",
        learning_rate=0.1,
        schedule="constant",
        weight_decay=5e-4,
        class_weights="median_frequency",
    )
