"""torchvision's FCN over ResNet-50, on Pascal VOC with the further masks of SBD: 10,582 pictures.

Source: torchvision, references/segmentation: SGD with momentum 0.9, batches of 32, rate 0.02 (in the auxiliary head
ten times that) falling polynomially over 30 epochs, weight decay 10^-4; pictures whose shorter side is
drawn from 260 to 1,040 pixels, crops of 480, flips. It learns from COCO's pictures of VOC's classes and begins with
ResNet-50's weights of ImageNet; this recipe begins from scratch, or with
`--set arguments.weights=torchvision/IMAGENET1K_V1`.
Command: `zoo train fcn_resnet50_voc`; the split `trainaug` and its masks in SegmentationClassAug are others'
conversion of SBD. Hardware: a GPU. Reported figure: 60.5 mIoU on COCO val2017 with VOC's labels; ours: not yet run.
On two CPU cores, narrow and small, on CamVid: `zoo train fcn_resnet50_voc --data masks:DIR/train
--val-data masks:DIR/val --set picture_size=96x128 --set crop_size=none --set "augment.scale=(1, 1)"
--set arguments.width=0.125 --set batch_size=8 --set epochs=10`
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="fcn_resnet50",
        multipliers="paper",
        data="voc_segmentation:VOCdevkit/VOC2012:trainaug",
        val_data="voc_segmentation:VOCdevkit/VOC2012:val",
        picture_size=(520, 520),
        crop_size=(480, 480),
        # VOC's sides are mostly 500 and 375, and its pictures just fit into a crop at 480 / 500.
        augment=Augment(flip=0.5, scale=(260 / 375 * 500 / 480, 1040 / 375 * 500 / 480)),
        batch_size=32,
        epochs=30,
        optimizer="sgd",
        learning_rate=0.02,
        schedule="polynomial",
        weight_decay=1e-4,
    )
