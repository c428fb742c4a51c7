"""From scores of classes to probabilities."""

from keras import ops


def softmax(logits):
    """Returns the softmax over the last axis: 1 where there is but one class, of which Keras would warn.

    Args:
        logits: `(..., C)` float.
    """
    return ops.softmax(logits, axis=-1) if logits.shape[-1] > 1 else ops.ones_like(logits)
