"""Keypoint R-CNN on a ResNet-50's feature pyramid: people and their 17 points, on COCO 2017.

Paper: He et al. 2017, arXiv:1703.06870, section 5. Constants as in torchvision's reference: 46 epochs, a tenth of the
rate at epochs 36 and 43.
Command: `zoo train keypoint_rcnn_coco --data coco:person_keypoints_train2017.json@train2017 --val-data
coco:person_keypoints_val2017.json@val2017`. Hardware: a GPU. Reported figures: 54.6 box and 65.0 keypoint AP on COCO
val2017 (torchvision), 62.7 keypoint AP on test-dev (paper, keypoints alone); ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import faster_rcnn_coco


def recipe():
    """Returns the recipe: that of Faster R-CNN, with points."""
    return replace(
        faster_rcnn_coco.recipe(),
        builder="keypoint_rcnn_resnet50_fpn",
        task="keypoints",
        data="coco:annotations/person_keypoints_train2017.json@train2017",
        val_data="coco:annotations/person_keypoints_val2017.json@val2017",
        epochs=46,
        milestones=(36, 43),
        metric="keypoint_ap",
    )
