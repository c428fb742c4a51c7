"""Weights that need no file: drawn by rule from torchvision's name and shape of each, the same in every library."""

import zlib

import numpy as np

SEED = 0
SCALES = {
    "backbone.fpn.layer_blocks.2.0.weight": 2.0,
    "backbone.fpn.layer_blocks.3.0.weight": 3.0,
    "rpn.head.cls_logits.weight": 0.3,
    "rpn.head.bbox_pred.weight": 0.15,
    "roi_heads.box_predictor.bbox_pred.weight": 0.5,
    "roi_heads.keypoint_predictor.kps_score_lowres.weight": 4.0,
}
"""Factors on He's standard deviation, with which proposals come from all levels of the pyramid."""
BACKGROUND = {91: 7.2, 2: 4.0}
"""Added to the background's logit, by the number of logits, with which some tens of boxes score above 0.05."""
RAMP = (0.25, 0.75, 0.75, 0.25)
"""Weights of bilinear interpolation to twice the size, as a transposed convolution of stride 2."""


def drawn(name, shape):
    """Draws one of torchvision's tensors.

    Args:
        name: its key in `state_dict()`.
        shape: its shape there.
    Returns:
        float32 array. Kernels have no sum over an output's inputs, without which what is common to all positions
        drowns their differences in a network so deep.
    """
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    if name.endswith("running_var"):
        values = rng.uniform(0.5, 1.5, shape)
    elif name.endswith(("running_mean", "bias")):
        values = rng.normal(0.0, 0.1, shape)
        if name.endswith("cls_score.bias"):
            values[0] += BACKGROUND[len(values)]
    elif len(shape) == 1:  # the factors of a batch normalisation
        values = rng.uniform(0.5, 0.9, shape)
    else:
        inputs = tuple(range(1, len(shape)))
        values = rng.normal(0.0, np.sqrt(2 / np.prod(shape[1:])), shape) * SCALES.get(name, 1.0)
        values -= values.mean(axis=inputs, keepdims=True)
        if name.endswith("kps_score_lowres.weight"):  # heat maps without a pattern of even and odd cells
            values = values.mean(axis=(2, 3), keepdims=True) * np.outer(RAMP, RAMP)
    return values.astype("float32")
