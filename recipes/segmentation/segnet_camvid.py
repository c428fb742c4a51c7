"""SegNet on CamVid road scenes.

Paper: Badrinarayanan et al. 2017, arXiv:1511.00561, section 4.1 and table 3: as SegNet-Basic, a fixed rate of 0.1 and
batches of 12. The release's tutorial (Models/segnet_solver.prototxt) takes 0.001 and batches of 4, as does `--set
learning_rate=0.001 --set batch_size=4`. Reported: 60.1 mIoU on the test split, with an encoder that begins with
VGG16's ImageNet weights and 3,433 pictures; this recipe begins from scratch on the pictures given, or with `--set
arguments.weights=torchvision/IMAGENET1K_V1`, which have batch normalisation as the network does.
Command: `zoo train segnet_camvid --data masks:DIR/train --val-data masks:DIR/val`
Hardware, cost and measured figure: see docs/models.toml.
"""

from dataclasses import replace

from recipes.segmentation import segnet_basic_camvid


def recipe():
    """Returns SegNet-Basic's recipe with SegNet's network."""
    return replace(segnet_basic_camvid.recipe(), builder="segnet")
