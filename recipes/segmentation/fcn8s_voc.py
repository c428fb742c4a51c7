"""FCN-8s on VGG16, on Pascal VOC: the third stage, which begins with FCN-16s.

Paper: Long et al. 2015, arXiv:1411.4038, section 4.2: the scores of pool3 are added, from zero weights. The release
lowers the rate once more by a factor of 100 (voc-fcn8s/solver.prototxt).
Command: `zoo train fcn8s_voc`, after `zoo train fcn16s_voc` or with `--set start=FILE.keras`. Hardware: a GPU.
Reported figure: 65.5 mIoU on VOC 2011's val; ours: not yet run. On CamVid with the words of `fcn32s_voc`.
"""

from dataclasses import replace

from recipes.segmentation import fcn16s_voc


def recipe():
    """Returns the recipe."""
    return replace(fcn16s_voc.recipe(), builder="fcn8s_vgg16", start="runs/fcn16s_voc", learning_rate=1e-8)
