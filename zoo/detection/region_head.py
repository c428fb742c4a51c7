"""What is computed from the features of each region: its class and box, its mask, its keypoints.

Each head is a model of its own within the detector, from what it reads of regions to numbers: prediction calls it
with the regions that the network proposes, training with those that it draws.
"""

import keras
from keras import layers

from zoo.detection.region_layers import HE_FAN_OUT, RegionRows


def head(reads, body, *, name, labelled=False):
    """Makes a head of a function on region features.

    Args:
        reads: list of tensors, feature maps or features of regions; the head has inputs of their shapes.
        body: function of those, `rois (B, R, 4)` and, if `labelled`, `labels (B, R)`, to an output or a dict of them.
        name: of the head.
        labelled: whether it also takes the regions' labels.
    Returns:
        A `keras.Model` that takes `[*reads, rois]` or `[*reads, rois, labels]`.
    """
    reads = [layers.Input(x.shape[1:], dtype=x.dtype, name=f"map{i}") for i, x in enumerate(reads)]
    regions = [layers.Input((None, 4), name="rois")]
    if labelled:
        regions.append(layers.Input((None,), dtype="int32", name="labels"))
    return keras.Model([*reads, *regions], body(reads, *regions), name=name)


def class_and_box(x, rois, num_classes):
    """Ends a head with C + 1 logits and as many boxes' offsets: `(B * R, D)` to a dict of `(B, R, ...)`.

    Source: Girshick 2015, arXiv:1504.08083, section 2.1; standard deviations of section 2.3.
    """
    outputs = {}
    for name, units, deviation in (
        ("class_logits", num_classes + 1, 0.01),
        ("box_deltas", 4 * (num_classes + 1), 0.001),
    ):
        normal = keras.initializers.RandomNormal(stddev=deviation)
        flat = layers.Dense(units, kernel_initializer=normal, dtype="float32", name=name)(x)
        outputs[name] = RegionRows(name=f"{name}_rows", dtype="float32")([flat, rois])
    return outputs


def convolutions(x, count, channels, name):
    """A row of 3x3 convolutions with their ReLU: `name1`, `name2` ..."""
    for i in range(1, count + 1):
        x = layers.Conv2D(
            channels, 3, padding="same", activation="relu", kernel_initializer=HE_FAN_OUT, name=f"{name}{i}"
        )(x)
    return x


def dense_relu(x, units, name, dropout=0.0):
    """A dense layer with its ReLU, and dropout after it."""
    x = layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=name)(x)
    return layers.Dropout(dropout, name=f"{name}_dropout")(x) if dropout else x
