"""YOLO, the released network, on Pascal VOC 2007.

Paper: Redmon et al. 2016, arXiv:1506.02640, section 2.2: 135 epochs, batches of 64, momentum 0.9, decay 0.0005,
rates of 10^-2 for 75 epochs, 10^-3 for 30 and 10^-4 for 30, dropout 0.5, scaling and translation up to a fifth,
exposure and saturation up to 1.5. The authors began from a backbone trained on ImageNet and learned from VOC 2007
and 2012.
Command: `zoo train yolo_v1_voc`, after `tfds build voc/2007`. Hardware: a GPU. Reported figure: 63.4 mAP on VOC 2007
test; ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="yolo_v1",
        task="detection",
        arguments={"released": True},
        data="tfds:voc/2007:train+validation",
        val_data="tfds:voc/2007:test",
        picture_size=(448, 448),
        augment=Augment(flip=0.5, scale=(0.8, 1.2), aspect=0.2, colour=0.5),
        batch_size=64,
        epochs=135,
        optimizer="sgd",
        learning_rate=1e-2,
        schedule="steps",
        milestones=(75, 105),
        warmup_epochs=1,
        weight_decay=5e-4,
        metric="voc_ap50",
        validate_every=5,
    )
