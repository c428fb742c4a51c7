"""YOLO, the released network, on Pascal VOC 2007 and 2012.

Paper: Redmon et al. 2016, arXiv:1506.02640, section 2.2: batches of 64, momentum 0.9, decay 0.0005, dropout 0.5,
scaling and translation up to a fifth, exposure and saturation up to 1.5. Release: yolov1/yolo.train.cfg: 40,000
steps, a rate of 5e-4 that rises at 200, 400 and 600 to its peak of 5e-3, a tenth of it from 20,000 and a hundredth
from 30,000; pictures are stretched. (The paper has 135 epochs at 10^-2, 10^-3 and 10^-4.) The run ends with the epoch
of the last step, the 156th. Colours are changed as in `yolo_v2_voc`.
Command: `zoo train yolo_v1_voc --set start=extraction.conv.weights`, the authors' backbone, trained on ImageNet; from
scratch without it; after `tfds build voc/2007 voc/2012`. Hardware: a GPU. Reported figure: 63.4 mAP on VOC 2007 test;
ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="yolo_v1",
        task="detection",
        arguments={"released": True},
        data="tfds:voc/2007:train+validation & tfds:voc/2012:train+validation",
        val_data="tfds:voc/2007:test",
        picture_size=(448, 448),
        resizing="stretch",
        augment=Augment(flip=0.5, scale=(0.8, 1.2), aspect=0.2, colour=0.5),
        batch_size=64,
        epochs=156,
        steps=40_000,
        optimizer="sgd",
        learning_rate=5e-4,
        schedule="steps",
        milestones=(200, 400, 600, 20_000, 30_000),
        scales=(2.5, 2.0, 2.0, 0.1, 0.1),
        weight_decay=5e-4,
        metric="voc_ap50",
        validate_every=5,
    )
