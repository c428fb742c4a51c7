"""FCN-16s on VGG16, on Pascal VOC: the second stage, which begins with FCN-32s.

Paper: Long et al. 2015, arXiv:1411.4038, section 4.2: the scores of pool4 are added, from zero weights, and the rate
falls by a factor of 100, as in the release (10^-12 after its 10^-10).
Command: `zoo train fcn16s_voc`, after `zoo train fcn32s_voc` or with `--set start=FILE.keras`. Hardware: a GPU.
Reported figure: 65.0 mIoU on VOC 2011's val; ours: not yet run. On CamVid with the words of `fcn32s_voc`.
"""

from dataclasses import replace

from recipes.segmentation import fcn32s_voc


def recipe():
    """Returns the recipe."""
    return replace(fcn32s_voc.recipe(), builder="fcn16s_vgg16", start="runs/fcn32s_voc", learning_rate=1e-6)
