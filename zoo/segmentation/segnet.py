"""SegNet and SegNet-Basic: the decoder unpools with the encoder's switches.

Source: Badrinarayanan, Kendall & Cipolla 2017, arXiv:1511.00561; layer by layer as in the authors' released networks.
These begin all convolutions as He et al. have it, ours but the last: no ReLU stands behind it.
"""

from keras import layers

from zoo.backbones.normalization import normalize
from zoo.backbones.vgg import STAGES, conv_relu, stage
from zoo.layers import LocalResponseNormalization, MaxPoolWithSwitches, Unpool
from zoo.segmentation.segmenter import Segmenter, check_size
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def segnet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "segnet",
) -> Segmenter:
    """Builds SegNet: VGG16's 13 convolutions, and their mirror image as decoder.

    Args:
        num_classes: number of classes C.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters.
        input_shape: `(height, width, 3)`; any size of 2 pixels or more a side, 360 x 480 in the paper.
    Returns:
        A `Segmenter`: `(B, H, W, 3)` raw pixels to `{"logits": (B, H, W, C)}`.
    Raises:
        InputError: if a fixed side is below 2 pixels.
    """
    check_size(input_shape, smallest=2, name=name)
    image = layers.Input(input_shape, name="image")
    x = normalize(image, "caffe")
    pools = []
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        x = stage(x, int(filters * width), convolutions, batch_norm=True, name=f"encoder{i}")
        like = x
        x, switches = MaxPoolWithSwitches(name=f"pool{i}")(x)
        pools.append((switches, like))

    for i in range(5, 0, -1):
        x = Unpool(name=f"unpool{i}")([x, *pools[i - 1]])
        filters, convolutions = STAGES[i - 1]
        narrower = STAGES[max(i - 2, 0)][0]
        x = stage(x, int(filters * width), convolutions - 1, batch_norm=True, name=f"decoder{i}")
        if i > 1:
            x = conv_relu(x, int(narrower * width), batch_norm=True, name=f"decoder{i}_conv{convolutions}")
    logits = layers.Conv2D(num_classes, 3, padding="same", dtype="float32", name="logits")(x)
    return with_weights(Segmenter(image, {"logits": logits}, name=name), weights)


def segnet_basic(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "segnet_basic",
) -> Segmenter:
    """Builds SegNet-Basic: four 7x7 encoders and four 7x7 decoders without ReLU.

    Args:
        num_classes: number of classes C.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters, 64 in every convolution.
        input_shape: `(height, width, 3)`; any size of 2 pixels or more a side, 360 x 480 in the paper.
    Returns:
        A `Segmenter`: `(B, H, W, 3)` raw pixels to `{"logits": (B, H, W, C)}`.
    Raises:
        InputError: if a fixed side is below 2 pixels.
    """
    check_size(input_shape, smallest=2, name=name)
    image = layers.Input(input_shape, name="image")
    x = LocalResponseNormalization(name="normalize")(layers.Rescaling(1.0, name="to_float")(image))
    pools = []
    for i in range(1, 5):
        x = conv7_bn(x, int(64 * width), name=f"encoder{i}")
        x = like = layers.ReLU(name=f"encoder{i}_relu")(x)
        x, switches = MaxPoolWithSwitches(name=f"pool{i}")(x)
        pools.append((switches, like))
    for i in range(4, 0, -1):
        x = Unpool(name=f"unpool{i}")([x, *pools[i - 1]])
        x = conv7_bn(x, int(64 * width), name=f"decoder{i}")
    logits = layers.Conv2D(num_classes, 1, dtype="float32", name="logits")(x)
    return with_weights(Segmenter(image, {"logits": logits}, name=name), weights)


def conv7_bn(x, filters, *, name):
    """A padded 7x7 convolution and batch normalisation."""
    x = layers.Conv2D(filters, 7, padding="same", kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
