"""DeconvNet on Pascal VOC, its second stage: proposed regions that show an object, however they cut it.

Paper: Noh et al. 2015, arXiv:1505.04366, sections 4.2 and 6.1: edge boxes that overlap an object by an IoU of 0.5 or
more, 2.7 million examples; all else as in the first stage, a tenth of the rate every 10,000 of 40,000 steps
(training/002_stage_2/solver.prototxt of the release), which are one epoch.
Command: `zoo train deconvnet_voc`, after `zoo train deconvnet_objects_voc` or with `--set start=FILE.keras`; then
`zoo evaluate runs/deconvnet_voc/model.keras --data voc_segmentation:VOCdevkit/VOC2012:val --proposals edge_boxes`
measures it region by region, as section 5 has it. Hardware: a GPU. Reported figure: 69.6 mIoU on VOC 2012's test
(70.5 with a CRF); ours: not yet run. On CamVid with the words of `deconvnet_objects_voc` and crops:proposals.
"""

from dataclasses import replace

from recipes.segmentation import deconvnet_objects_voc


def recipe():
    """Returns the recipe."""
    return replace(
        deconvnet_objects_voc.recipe(),
        start="runs/deconvnet_objects_voc",
        data="crops:proposals:voc_segmentation:VOCdevkit/VOC2012:trainaug",
        epochs=1,
        milestones=(0.25, 0.5, 0.75),
    )
