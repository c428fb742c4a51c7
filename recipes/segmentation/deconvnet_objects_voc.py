"""DeconvNet's first stage on Pascal VOC: one object at a time, in the middle of its crop.

Paper: Noh et al. 2015, arXiv:1505.04366, sections 4.2 and 6.1: objects enlarged by 1.2, 250 pixels a side, of which
224 are drawn, and flips; 0.2 million examples. SGD with momentum 0.9, rate 0.01, batches of 64, weight decay
5 x 10^-4; a tenth of the rate every 9,000 of 20,000 steps (training/001_stage_1/solver.prototxt of the release),
which are 6 epochs. The authors began from VGG16's weights of ImageNet, this recipe begins from scratch, from what
`start` names, or with `--set arguments.weights=torchvision/IMAGENET1K_V1`.
Command: `zoo train deconvnet_objects_voc`; the split `trainaug` and its masks in SegmentationClassAug are others'
conversion of SBD. Hardware: a GPU. Reported figure: none for this stage.
On two CPU cores, narrow and small, on CamVid: `zoo train deconvnet_objects_voc --data crops:objects:masks:DIR/train
--val-data masks:DIR/val --set picture_size=96x96 --set arguments.width=0.125 --set batch_size=16 --set epochs=1`
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="deconvnet",
        multipliers="paper",
        data="crops:objects:voc_segmentation:VOCdevkit/VOC2012:trainaug",
        val_data="crops:objects:voc_segmentation:VOCdevkit/VOC2012:val",
        picture_size=(224, 224),
        augment=Augment(flip=0.5, scale=(250 / 224, 250 / 224)),
        batch_size=64,
        epochs=6,
        optimizer="sgd",
        learning_rate=0.01,
        schedule="steps",
        milestones=(2.7, 5.4),
        weight_decay=5e-4,
    )
