"""DeconvNet (Noh, Hong & Han 2015, arXiv:1505.04366): VGG16 down to one cell, and its mirror image back up.

Layer by layer as in the authors' release, HyeonwooNoh/DeconvNet. It learns and predicts one region of a picture at a
time: `zoo.segmentation.proposal_wise` makes the map of a picture of them.
"""

from keras import initializers, layers, ops

from zoo.backbones.normalization import normalize
from zoo.backbones.vgg import STAGES, stage
from zoo.errors import InputError
from zoo.layers import MaxPoolWithSwitches, Unpool, register
from zoo.segmentation.segmenter import Segmenter, check_size
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

CELLS = 7


def deconvnet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (224, 224, 3),
    name: str = "deconvnet",
) -> Segmenter:
    """Builds DeconvNet.

    The 13 convolutions of VGG16 and fc6 and fc7 are mirrored by deconvolutions, whose unpooling has the switches of
    the pooling; batch normalisation follows all of them. With VOC's 21 classes it has 251,805,653 trainable
    parameters at 224 pixels, of which fc6 and its mirror image make 205 million. The authors begin with VGG16's
    weights, as `weights="VGG16.caffemodel"` does. The scores begin with the release's deviation of 0.01; so do its
    other kernels, ours with He et al.'s: the batch normalisation behind them makes the scale of no account.

    Args:
        num_classes: number of classes C.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters.
        input_shape: `(height, width, 3)`, 32 pixels or more a side. fc6 sees all of the deepest map, 7 x 7 cells of
            the paper's 224 pixels, and fewer cells of a smaller picture; of a larger one it sees 7 x 7 at a time, and
            makes more than one cell of it.
    Returns:
        A `Segmenter`: `(B, H, W, 3)` raw pixels to `{"logits": (B, H, W, C)}`.
    Raises:
        InputError: if a side is not fixed, or below 32 pixels.
    """
    check_size(input_shape, smallest=32, name=name)
    if None in input_shape:
        raise InputError(f"{name} takes a fixed input_shape such as (224, 224, 3), received {input_shape}")
    image = layers.Input(input_shape, name="image")
    x = normalize(image, "ilsvrc12")
    pools = []
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        x = like = stage(x, int(filters * width), convolutions, batch_norm=True, name=f"block{i}")
        x, switches = MaxPoolWithSwitches(name=f"block{i}_pool")(x)
        pools.append((switches, like))

    seen = tuple(min(side, CELLS) for side in x.shape[1:3])
    deepest, dense = x.shape[-1], int(4096 * width)
    x = bn_relu(layers.Conv2D(dense, seen, kernel_initializer="he_normal", name="fc6")(x), name="fc6")
    x = bn_relu(layers.Conv2D(dense, 1, kernel_initializer="he_normal", name="fc7")(x), name="fc7")
    x = layers.Conv2DTranspose(deepest, seen, kernel_initializer="he_normal", name="deconv_fc6")(x)
    x = bn_relu(x, name="deconv_fc6")

    for i in range(5, 0, -1):
        x = Unpool(name=f"unpool{i}")([x, *pools[i - 1]])
        filters, convolutions = STAGES[i - 1]
        narrower = STAGES[max(i - 2, 0)][0]
        for j in range(1, convolutions + 1):
            last = j == convolutions
            x = deconv_relu(x, int((narrower if last else filters) * width), name=f"deconv{i}_{j}")
    faint = initializers.RandomNormal(stddev=0.01)
    logits = layers.Conv2D(num_classes, 1, kernel_initializer=faint, dtype="float32", name="logits")(x)
    return with_weights(Segmenter(image, {"logits": logits}, name=name), weights)


def deconv_relu(x, filters, *, name):
    """A 3x3 deconvolution that keeps the size, batch normalisation, ReLU."""
    x = Deconvolution(filters, 3, padding="same", kernel_initializer="he_normal", name=name)(x)
    return bn_relu(x, name=name)


def bn_relu(x, *, name):
    """Batch normalisation and ReLU behind a layer of that name."""
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


@register
class Deconvolution(layers.Conv2DTranspose):
    """A transposed convolution of stride 1 that keeps the size, computed as the convolution that it then is.

    Its kernel is as `Conv2DTranspose` has it, `(height, width, out, in)`. ONNX Runtime takes up to ten times as long
    for its transposed convolutions as for convolutions.
    """

    def call(self, inputs):
        """Returns `(B, H, W, filters)`."""
        kernel = ops.transpose(ops.flip(self.kernel, (0, 1)), (0, 1, 3, 2))
        return ops.conv(inputs, kernel, padding="same") + self.bias
