"""Mask R-CNN with keypoints on a narrow ResNet-18's feature pyramid: drawn shapes and their points, on two CPU cores.

Paper: He et al. 2017, arXiv:1703.06870, section 5.
Command: `zoo train mask_keypoint_rcnn_shapes`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none, the data are our own.
"""

from dataclasses import replace

from recipes.detection import keypoint_rcnn_shapes


def recipe():
    """Returns the recipe: that of Keypoint R-CNN, with masks."""
    return replace(
        keypoint_rcnn_shapes.recipe(),
        builder="mask_keypoint_rcnn_resnet18_fpn",
        task="masks_and_keypoints",
    )
