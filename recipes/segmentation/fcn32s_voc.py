"""FCN-32s on VGG16, on Pascal VOC's 20 classes and background: the first of three stages.

Paper: Long et al. 2015, arXiv:1411.4038, section 4.3: SGD with a constant rate of 10^-4, batches of 20, weight
decay 5 x 10^-4, 175 epochs, whole pictures, no augmentation; trained on SBD's 8,498 pictures and measured on the
736 of VOC 2011's val that are not among them (`seg11valid.txt` of the release, to be put into
ImageSets/Segmentation). The authors began from VGG16's weights of ImageNet and doubled the rate of biases; so does
this recipe, which begins from scratch, or with `--set
arguments.weights=torchvision/IMAGENET1K_V1` or a file. Over AlexNet the paper's rate is 10^-3, over GoogLeNet 5 x
10^-5. The release (shelhamer/fcn.berkeleyvision.org, voc-fcn32s/solver.prototxt) learns otherwise, 100,000 steps of
one picture, a sum over its pixels with a rate of 10^-10 and momentum 0.99; ours is the paper's, a mean over the
pixels.
Command: `zoo train fcn32s_voc`. Hardware: a GPU. Reported figure: 63.6 mIoU; ours: not yet run.
On two CPU cores, narrow and small, on CamVid: `zoo train fcn32s_voc --data masks:DIR/train --val-data masks:DIR/val
--set picture_size=96x128 --set arguments.width=0.125 --set batch_size=8 --set epochs=10 --set optimizer=adam
--set learning_rate=1e-4`
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="fcn32s_vgg16",
        multipliers="paper",
        data="sbd:benchmark_RELEASE/dataset:train",
        val_data="voc_segmentation:VOCdevkit/VOC2012:seg11valid",
        picture_size=(500, 500),  # VOC's pictures have no longer side: none is scaled
        augment=Augment(flip=0.0),
        batch_size=20,
        epochs=175,
        optimizer="sgd",
        learning_rate=1e-4,
        schedule="constant",
        weight_decay=5e-4,
        validate_every=5,
    )
