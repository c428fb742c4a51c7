"""Faster R-CNN on VGG16, trained on Pascal VOC 2007 and 2012.

Paper: Ren et al. 2015, arXiv:1506.01497, section 3.3: shorter side 600 pixels, flips; SGD with momentum 0.9 and decay
0.0005; rate 10^-3, a tenth of it for the last quarter. The authors began from a VGG16 trained on ImageNet, with one
picture a step; its first two stages keep their weights, biases learn at twice the rate (train.prototxt).
Command: `zoo train faster_rcnn_voc --set arguments.weights=torchvision/IMAGENET1K_V1`, or with a file, or from
scratch with `--set freeze=()`; after `tfds build voc/2007 voc/2012`. Hardware: a GPU. Reported figure: 73.2 mAP on
VOC 2007 test (69.9 without 2012); ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="faster_rcnn_vgg16",
        task="detection",
        data="tfds:voc/2007:train+validation & tfds:voc/2012:train+validation",
        val_data="tfds:voc/2007:test",
        freeze="paper",
        multipliers="paper",
        picture_size=(608, 1008),
        augment=Augment(flip=0.5),
        batch_size=2,
        epochs=10,
        optimizer="sgd",
        learning_rate=1e-3,
        schedule="steps",
        milestones=(7,),
        warmup_epochs=0.1,
        weight_decay=5e-4,
        metric="voc_ap50",
    )
