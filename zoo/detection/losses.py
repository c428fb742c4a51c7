"""Terms that the losses of region networks are made of."""

from keras import ops


def smooth_l1(errors, beta=1.0):
    """Returns `0.5 x² / beta` where `|x| < beta`, else `|x| - 0.5 beta`; the shape of `errors`.

    Source: Girshick 2015, arXiv:1504.08083, equation 3, with beta = 1; sigma² = 1 / beta in later releases.
    """
    size = ops.abs(errors)
    return ops.where(size < beta, 0.5 / beta * ops.square(errors), size - 0.5 * beta)


def masked_mean(values, mask):
    """Returns the mean of `values` where `mask` is 1, 0 where it is 1 nowhere."""
    return ops.sum(values * mask) / ops.maximum(ops.sum(mask), 1.0)
