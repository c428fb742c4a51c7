"""Fast YOLO on Pascal VOC 2007 and 2012: the recipe of YOLO with the smaller network.

Paper: Redmon et al. 2016, arXiv:1506.02640, section 2.2: all parameters of training and testing are YOLO's.
Command: `zoo train fast_yolo_voc`, after `tfds build voc/2007 voc/2012`. Hardware: a GPU. Reported figure: 52.7 mAP
on VOC 2007 test; ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import yolo_v1_voc


def recipe():
    """Returns the recipe."""
    return replace(yolo_v1_voc.recipe(), builder="fast_yolo", arguments={})
