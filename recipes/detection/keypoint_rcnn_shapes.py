"""Keypoint R-CNN on a narrow ResNet-18's feature pyramid: the five points of drawn shapes, on two CPU cores.

Paper: He et al. 2017, arXiv:1703.06870, section 5.
Command: `zoo train keypoint_rcnn_shapes`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none, the data are our own.
"""

from dataclasses import replace

from recipes.detection import mask_rcnn_shapes


def recipe():
    """Returns the recipe: that of Mask R-CNN, with points."""
    return replace(
        mask_rcnn_shapes.recipe(),
        builder="keypoint_rcnn_resnet18_fpn",
        task="keypoints",
        epochs=10,
        validate_every=5,
        metric="keypoint_ap50",
    )
