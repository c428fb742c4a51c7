"""R-CNN over CaffeNet on Pascal VOC 2007, in five steps.

Paper: Girshick et al. 2014, arXiv:1311.2524, section 2 and appendices A to C: regions of selective search warped to
227 pixels with 16 of context, rate 10^-3, batches of 32 objects and 96 background, a tenth of the rate after 20,000
steps, some 4 epochs; 70,000 steps in the release. The last layer learns ten times as fast, biases at twice the
rate. The authors began from CaffeNet as ImageNet had trained it: so does
`--set arguments.weights=bvlc_reference_caffenet.caffemodel`, and with torchvision's AlexNet
`--set arguments.form=torchvision --set arguments.weights=torchvision/IMAGENET1K_V1`; without them this one begins
from nothing, and the rate is then low.
Command: `zoo train rcnn_voc`, after `tfds build voc/2007`. Hardware: a GPU, and 85 GB of disk for the features.
Reported figure: 58.5 mAP on VOC 2007 test, with box regression; ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe."""
    return Recipe(
        builder="rcnn_alexnet",
        task="detection",
        multipliers="paper",
        proposals="selective_search_fast",
        num_proposals=2000,
        data="tfds:voc/2007:train+validation",
        val_data="tfds:voc/2007:test",
        picture_size=(500, 500),
        augment=Augment(flip=0.5),
        batch_size=128,
        epochs=12,
        optimizer="sgd",
        learning_rate=1e-3,
        schedule="steps",
        milestones=(4, 8),
        weight_decay=5e-4,
        metric="voc_ap50",
    )
