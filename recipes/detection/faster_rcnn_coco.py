"""Faster R-CNN on a ResNet-50's feature pyramid, on COCO 2017.

Paper: Ren et al. 2015, arXiv:1506.01497; Lin et al. 2017, arXiv:1612.03144. Constants as in torchvision's reference:
26 epochs, SGD at 0.02 for 16 pictures a step, a tenth of it at epochs 16 and 22, decay 0.0001, frozen batch
normalisation; here from scratch, so batch normalisation learns.
Command: `zoo train faster_rcnn_coco`, after `tfds build coco/2017`. Hardware: a GPU. Reported figure: 37.0 box AP on
COCO val2017 (torchvision, from ImageNet's weights); ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="faster_rcnn_resnet50_fpn",
        task="detection",
        data="tfds:coco/2017:train",
        val_data="tfds:coco/2017:validation",
        picture_size=(800, 1088),
        augment=Augment(flip=0.5),
        batch_size=16,
        epochs=26,
        optimizer="sgd",
        learning_rate=0.02,
        schedule="steps",
        milestones=(16, 22),
        warmup_epochs=0.1,
        weight_decay=1e-4,
        metric="ap",
    )
