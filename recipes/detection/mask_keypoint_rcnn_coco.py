"""Mask R-CNN with keypoints on a ResNet-50's feature pyramid: people, their masks and 17 points, on COCO 2017.

Paper: He et al. 2017, arXiv:1703.06870, section 5, "keypoint & mask" of tables 4 and 5. Constants as of
`keypoint_rcnn_coco`; all terms of the loss count alike.
Command: `zoo train mask_keypoint_rcnn_coco --data coco:person_keypoints_train2017.json@train2017 --val-data
coco:person_keypoints_val2017.json@val2017`. Hardware: a GPU. Reported figures: 52.0 box, 45.1 mask and 64.7 keypoint
AP of people on minival, 63.1 keypoint AP on test-dev (paper); ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import keypoint_rcnn_coco


def recipe():
    """Returns the recipe: that of Keypoint R-CNN, with masks."""
    return replace(
        keypoint_rcnn_coco.recipe(),
        builder="mask_keypoint_rcnn_resnet50_fpn",
        task="masks_and_keypoints",
    )
