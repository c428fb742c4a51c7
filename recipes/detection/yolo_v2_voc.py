"""YOLO v2 on Pascal VOC 2007, trained at ten sizes.

Paper: Redmon & Farhadi 2017, arXiv:1612.08242, section 3, "Training for detection": 160 epochs, rate 10^-3, a tenth
of it at 60 and 90, decay 0.0005, momentum 0.9; section 2, "Multi-Scale Training": 320 to 608 pixels, another size
every ten batches. The authors began from a backbone trained on ImageNet and learned from VOC 2007 and 2012.
Command: `zoo train yolo_v2_voc`, after `tfds build voc/2007`. Hardware: a GPU. Reported figure: 76.8 mAP on VOC 2007
test at 416; ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe
from zoo.detection.yolo_anchors import VOC_ANCHORS

SIZES = tuple((side, side) for side in range(320, 609, 32))


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="yolo_v2",
        task="detection",
        arguments={"anchors": VOC_ANCHORS},
        data="tfds:voc/2007:train+validation",
        val_data="tfds:voc/2007:test",
        picture_size=(416, 416),
        crop_size=SIZES[-1],
        multi_scale=SIZES,
        augment=Augment(flip=0.5, scale=(0.75, 1.5), aspect=0.3, colour=0.5),
        batch_size=64,
        epochs=160,
        optimizer="sgd",
        learning_rate=1e-3,
        schedule="steps",
        milestones=(60, 90),
        warmup_epochs=1,
        weight_decay=5e-4,
        metric="voc_ap50",
        validate_every=5,
    )
