"""DeepLab-LargeFOV on Pascal VOC with the further masks of SBD: 10,582 pictures.

Paper: Chen et al. 2015, arXiv:1412.7062, section 4.1: SGD with momentum 0.9, batches of 20, rate 0.001 (in the last
layer ten times that, in biases twice) and a tenth of it every 2,000 of 6,000 steps, weight decay 5 x 10^-4; crops
of 321 pixels at the pictures' own scale, flips. The authors began from VGG16's weights of ImageNet, this recipe
begins from scratch, from what `start` names, or with `--set arguments.weights=torchvision/IMAGENET1K_V1`.
Command: `zoo train deeplab_largefov_voc`; the split `trainaug` and its masks in SegmentationClassAug are others'
conversion of SBD. Hardware: a GPU. Reported figure: 62.25 mIoU on VOC 2012's val without a CRF; ours: not yet run.
On two CPU cores, narrow and small, on CamVid: `zoo train deeplab_largefov_voc --data masks:DIR/train
--val-data masks:DIR/val --set picture_size=96x128 --set crop_size=none --set "augment.scale=(1, 1)"
--set arguments.width=0.125 --set batch_size=8 --set epochs=10 --set optimizer=adam --set learning_rate=1e-4
--set schedule=cosine`
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="deeplab_largefov",
        multipliers="paper",
        data="voc_segmentation:VOCdevkit/VOC2012:trainaug",
        val_data="voc_segmentation:VOCdevkit/VOC2012:val",
        picture_size=(513, 513),
        crop_size=(321, 321),
        augment=Augment(flip=0.5, scale=(500 / 321, 500 / 321)),  # the longer side of VOC's pictures is 500
        batch_size=20,
        epochs=12,  # of 529 steps
        optimizer="sgd",
        learning_rate=1e-3,
        schedule="steps",
        milestones=(4, 8),
        weight_decay=5e-4,
    )
