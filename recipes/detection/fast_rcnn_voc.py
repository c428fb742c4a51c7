"""Fast R-CNN on VGG16 with selective search, trained on Pascal VOC 2007 and 2012.

Paper: Girshick 2015, arXiv:1504.08083, sections 2.3 and 3: two pictures of 64 regions a step, shorter side 600
pixels, SGD at 10^-3, a tenth of it for the last quarter. The authors began from a VGG16 trained on ImageNet.
Command: `zoo train fast_rcnn_voc --set arguments.weights=torchvision/IMAGENET1K_V1`, after `tfds build voc/2007
voc/2012`. Hardware: a GPU. Reported figure: 70.0 mAP on VOC 2007 test (66.9 without 2012); ours: not yet run.
"""

from dataclasses import replace

from recipes.detection import faster_rcnn_voc


def recipe():
    """Returns the recipe: that of Faster R-CNN, with regions from selective search."""
    return replace(
        faster_rcnn_voc.recipe(),
        builder="fast_rcnn_vgg16",
        proposals="selective_search_fast",
        num_proposals=2000,
        milestones=(8,),
    )
