"""U-Net (Ronneberger, Fischer & Brox 2015, arXiv:1505.04597, figure 1)."""

from keras import layers, ops

from zoo.errors import InputError
from zoo.layers import CropLike, PadToMultiple, register
from zoo.segmentation.segmenter import Segmenter, check_size
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def unet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    depth: int = 4,
    padding: str = "same",
    batch_norm: bool = False,
    dropout: float = 0.5,
    input_shape: Shape = (None, None, 3),
    name: str = "unet",
) -> Segmenter:
    """Builds U-Net: a contracting and an expanding path, joined level by level.

    As in figure 1 no ReLU follows the up-convolutions, where the authors' release has one. The convolutions begin
    with a variance of 2 / N (section 3), the last, behind which no ReLU stands, as Glorot & Bengio have it.

    Args:
        num_classes: number of classes C.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters, 64 in the first level; each level down doubles them.
        depth: number of poolings.
        padding: "same" keeps the size: the padded form everyone uses, for any picture size. "valid" is the paper's:
            572 x 572 in, 388 x 388 out; each skip connection is cropped to its centre. "mirror" is the paper's
            network over a picture extended by mirroring (figure 2), so that the logits cover the whole picture.
        batch_norm: batch normalisation after each 3x3 convolution; the paper has none.
        dropout: rate at the end of the contracting path (section 3.1).
        input_shape: `(height, width, channels)`, pixels 0..255.
    Returns:
        A `Segmenter`: `(B, H, W, channels)` raw pixels to `{"logits": (B, H, W, C)}`, smaller where unpadded.
    Raises:
        InputError: if `padding` is unknown or the picture is too small for this depth.
    """
    if padding not in ("same", "valid", "mirror"):
        raise InputError(f'{name} takes padding="same", "valid" or "mirror", received {padding!r}')
    check_size(input_shape, smallest=smallest_picture(depth, padding), name=name)
    convolutions = {
        "padding": "same" if padding == "same" else "valid",
        "batch_norm": batch_norm,
    }
    filters = [int(64 * width) * 2**level for level in range(depth + 1)]
    image = layers.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(image)
    if padding == "same":
        x = PadToMultiple(2**depth, name="pad")(x)
    elif padding == "mirror":
        x = MirrorPad(depth, name="mirror")(x)

    skips = []
    for i in range(1, depth + 1):
        x = double_conv(x, filters[i - 1], **convolutions, name=f"down{i}")
        if i == depth:
            x = layers.Dropout(dropout, name=f"down{i}_dropout")(x)
        skips.append(x)
        x = layers.MaxPooling2D(name=f"down{i}_pool")(x)
    x = double_conv(x, filters[depth], **convolutions, name="bottom")
    x = layers.Dropout(dropout, name="bottom_dropout")(x)
    for i in range(depth, 0, -1):
        # With half as many outputs as inputs he_normal comes to a variance of 1 / inputs: right without a ReLU.
        x = layers.Conv2DTranspose(filters[i - 1], 2, strides=2, kernel_initializer="he_normal", name=f"up{i}_conv")(
            x
        )
        skip = skips[i - 1]
        if padding != "same":
            skip = CropLike(name=f"up{i}_crop")([skip, x])
        x = layers.Concatenate(name=f"up{i}_concat")([skip, x])
        x = double_conv(x, filters[i - 1], **convolutions, name=f"up{i}")

    x = layers.Conv2D(num_classes, 1, dtype="float32", name="logits")(x)
    if padding != "valid":
        anchor = "top_left" if padding == "same" else "center"
        x = CropLike(anchor, dtype="float32", name="crop")([x, image])
    return with_weights(Segmenter(image, {"logits": x}, name=name), weights)


def double_conv(x, filters, *, padding, batch_norm, name):
    """Two 3x3 convolutions, each with its ReLU."""
    for i in (1, 2):
        x = layers.Conv2D(filters, 3, padding=padding, kernel_initializer="he_normal", name=f"{name}_conv{i}")(x)
        if batch_norm:
            x = layers.BatchNormalization(momentum=0.9, name=f"{name}_conv{i}_bn")(x)
        x = layers.ReLU(name=f"{name}_conv{i}_relu")(x)
    return x


def unpadded_input(size, depth):
    """Returns the smallest side whose unpadded output is `size` pixels or more and pools evenly at each level.

    Each level loses 4 pixels to its two convolutions on the way down and, at twice the scale, on the way up, so a
    bottom of `b` pixels gives `2^d (b - 4) - 4 (2^d - 1)` from `2^d b + 4 (2^d - 1)`: 572 gives 388 at depth 4.
    """
    scale = 2**depth
    bottom = -(-(size + 4 * (scale - 1)) // scale) + 4
    return scale * bottom + 4 * (scale - 1)


def smallest_picture(depth, padding):
    """Returns the fewest pixels a side that each form takes; mirroring cannot reach beyond the picture."""
    if padding == "same":
        return 1
    if padding == "valid":
        return unpadded_input(1, depth)
    size = 1
    while max(mirrored_margins(size, depth)) >= size:
        size += 1
    return size


def mirrored_margins(size, depth):
    """Returns the pixels to mirror before and after a side of `size` pixels."""
    margin = unpadded_input(size, depth) - size
    return margin // 2, margin - margin // 2


@register
class MirrorPad(layers.Layer):
    """Extends `(B, H, W, C)` by mirroring, so that the unpadded U-Net of `depth` covers the whole picture."""

    def __init__(self, depth, **kwargs):
        super().__init__(**kwargs)
        self.depth = depth

    def call(self, x):
        """Returns `(B, H', W', C)`."""
        height, width = (mirrored_margins(size, self.depth) for size in ops.shape(x)[1:3])
        return ops.pad(x, [[0, 0], height, width, [0, 0]], mode="reflect")

    def compute_output_shape(self, input_shape):
        """Returns the padded shape; an unknown side stays unknown."""
        batch, *size, channels = input_shape
        return (batch, *(None if s is None else unpadded_input(s, self.depth) for s in size), channels)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "depth": self.depth}
