"""torchvision's FCN over ResNet-50, trained on COCO's pictures of VOC's classes, fitted to pictures of your own.

Constants as in torchvision's references/segmentation, for 4 pictures a step: a rate of 0.02 for 32, in the auxiliary
head ten times that, falling polynomially. The first two stages and batch normalisation keep what the weights have.
Command: `zoo train fcn_finetune --data masks:mine`, which leaves a fifth of the pictures to measure on; `--weights
FILE` begins elsewhere. Hardware: a GPU, or patience. Reported figure: none, the data are yours; ours: not yet run.
"""

from recipes.data import Augment
from recipes.training.recipe import Recipe


def recipe():
    """Returns the recipe; name the data as in the command above."""
    return Recipe(
        builder="fcn_resnet50",
        arguments={"frozen_batch_norm": True},
        start="torchvision/COCO_WITH_VOC_LABELS_V1",
        freeze=("conv1", "res2_*"),
        multipliers="paper",
        data="masks:mine:train",
        val_data="masks:mine:val",
        picture_size=(384, 512),
        augment=Augment(flip=0.5, scale=(0.75, 1.5), colour=0.2),
        batch_size=4,
        epochs=30,
        patience=5,
        optimizer="sgd",
        learning_rate=0.0025,
        schedule="polynomial",
        warmup_epochs=1,
        weight_decay=1e-4,
        clip=10.0,
        validate_every=3,
    )
