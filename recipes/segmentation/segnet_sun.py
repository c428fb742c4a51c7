"""SegNet on the indoor scenes of SUN RGB-D, 37 classes, colour alone.

Paper: Badrinarayanan et al. 2017, arXiv:1511.00561, section 4 and table 4: SGD with momentum 0.9 and a constant rate
of 0.001, batches of 4, 140,000 steps (106 epochs of 5,285 pictures), from VGG16's weights of ImageNet; this recipe
begins from scratch, from what `start` names, or with `--set arguments.weights=torchvision/IMAGENET1K_V1`. The size of
the pictures is ours.
Command: `zoo train segnet_sun --data sunrgbd:DIR:train --val-data sunrgbd:DIR:test`. Hardware: a GPU. Reported
figure: 31.84 mIoU on test; ours: not yet run.
On two CPU cores, narrow and small, on CamVid: `zoo train segnet_sun --data masks:DIR/train --val-data masks:DIR/val
--set picture_size=96x128 --set arguments.width=0.25 --set epochs=10 --set learning_rate=0.03`
"""

from dataclasses import replace

from recipes.segmentation import segnet_camvid


def recipe():
    """Returns the recipe; name the data with `--data` and `--val-data` as in the command above."""
    return replace(
        segnet_camvid.recipe(),
        data="sunrgbd:SUNRGBD:train",
        val_data="sunrgbd:SUNRGBD:test",
        batch_size=4,
        epochs=106,
        learning_rate=1e-3,
        validate_every=5,
    )
