"""Fast R-CNN on a narrow ResNet-18's feature pyramid with selective search, on blood cells, on two CPU cores.

Paper: Girshick 2015, arXiv:1504.08083. Data: BCCD, 640x480 pixels, Pascal VOC's format.
Command: `zoo train fast_rcnn_bccd --data voc:DIR:train --val-data voc:DIR:val`
Hardware, cost and measured figure: see docs/models.toml. Reported figure: none for this split.
"""

from dataclasses import replace

from recipes.detection import faster_rcnn_bccd


def recipe():
    """Returns the recipe: that of Faster R-CNN, with regions from selective search."""
    return replace(
        faster_rcnn_bccd.recipe(),
        builder="fast_rcnn_resnet18_fpn",
        arguments={"width": 0.25},
        proposals="selective_search_fast",
        num_proposals=500,
    )
