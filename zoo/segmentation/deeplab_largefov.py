"""DeepLab-LargeFOV (Chen et al. 2015, arXiv:1412.7062), layer by layer as its authors released it.

The paper's dense CRF, which sharpens borders after the network, is `zoo.dense_crf`; it is no part of the model.
"""

from keras import initializers, layers, ops

from zoo.backbones.normalization import normalize
from zoo.backbones.vgg import STAGES
from zoo.layers import CropLike, register
from zoo.segmentation.segmenter import Segmenter, check_size
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

STRIDE = 8


def deeplab_largefov(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "deeplab_largefov",
) -> Segmenter:
    """Builds DeepLab-LargeFOV: VGG16 whose last two poolings keep the size, and dilation in place of their strides.

    Args:
        num_classes: number of classes C; 20,505,429 parameters with VOC's 21.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters.
        input_shape: `(height, width, 3)`; any size, 321 x 321 in the authors' training and 513 x 513 in their test.
    Returns:
        A `Segmenter`: `(B, H, W, 3)` raw pixels to `{"logits": (B, H, W, C)}`. The authors train on labels at an
        eighth of the size, ours on the upsampled logits. The scores begin with the release's deviation of 0.01.
    Raises:
        InputError: if a fixed side is below 1 pixel.
    """
    check_size(input_shape, smallest=1, name=name)
    image = layers.Input(input_shape, name="image")
    x = normalize(image, "ilsvrc12")
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        for j in range(1, convolutions + 1):
            x = conv_relu(x, int(filters * width), 3, 2 if i == 5 else 1, name=f"block{i}_conv{j}")
        x = pool(x, 2 if i < 4 else 1, name=f"block{i}_pool")
    # The mean over nine cells, also where some of them lie beyond the border, as Caffe's.
    x = layers.AveragePooling2D(3, 1, name="mean")(layers.ZeroPadding2D(1, name="mean_pad")(x))
    x = conv_relu(x, int(1024 * width), 3, 12, name="fc6")
    x = layers.Dropout(0.5, name="drop6")(x)
    x = conv_relu(x, int(1024 * width), 1, 1, name="fc7")
    x = layers.Dropout(0.5, name="drop7")(x)
    faint = initializers.RandomNormal(stddev=0.01)
    x = layers.Conv2D(num_classes, 1, kernel_initializer=faint, dtype="float32", name="logits")(x)
    x = Interpolate(STRIDE, dtype="float32", name="interpolate")(x)
    x = CropLike("top_left", dtype="float32", name="crop")([x, image])
    return with_weights(Segmenter(image, {"logits": x}, name=name), weights)


def conv_relu(x, filters, size, dilation, *, name):
    """A padded convolution and its ReLU."""
    x = layers.Conv2D(
        filters, size, padding="same", dilation_rate=dilation, kernel_initializer="he_normal", name=name
    )(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def pool(x, stride, *, name):
    """Max pooling of 3x3 around every `stride`-th pixel, the first one included; zeros around do after a ReLU.

    The last window is centred on the last pixel or the one behind it, as Caffe rounds sizes up: `H // 2 + 1` cells
    for a stride of 2.
    """
    x = layers.ZeroPadding2D(((1, stride), (1, stride)), name=f"{name}_pad")(x)
    return layers.MaxPooling2D(3, stride, name=name)(x)


@register
class Interpolate(layers.Layer):
    """Bilinear interpolation of cells whose centres are `factor` pixels apart, the first on the first pixel.

    As the release's layer Interp, whose corners are aligned: `(B, h, w, C)` to `(B, h * factor, w * factor, C)`, of
    which Interp returns the first `(h - 1) * factor + 1` rows and columns. What follows repeats the last ones.
    """

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        """Returns the interpolated map."""
        _, height, width, channels = ops.shape(x)
        below = ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)
        x = ops.stack(self.between(x, below), axis=2)
        x = ops.reshape(x, (-1, height * self.factor, width, channels))
        right = ops.concatenate([x[:, :, 1:], x[:, :, -1:]], axis=2)
        x = ops.stack(self.between(x, right), axis=3)
        return ops.reshape(x, (-1, height * self.factor, width * self.factor, channels))

    def between(self, first, second):
        """Lists `factor` maps from `first` to just before `second`."""
        return [first + (second - first) * (i / self.factor) for i in range(self.factor)]

    def compute_output_shape(self, input_shape):
        """Returns the enlarged shape; an unknown side stays unknown."""
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side * self.factor for side in sides), channels)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "factor": self.factor}
