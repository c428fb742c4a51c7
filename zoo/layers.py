"""Keras layers for what has no layer of its own in Keras; each is a thin call of a pure function."""

import keras
from keras import layers, ops

from zoo.ops import roi, switches
from zoo.ops.roi_pool import roi_pool

register = keras.saving.register_keras_serializable("zoo")


@register
class MaxPoolWithSwitches(layers.Layer):
    """`zoo.ops.switches.max_pool` as a layer: `(B, H, W, C)` to pooled values and switches.

    Attributes:
        discontinuous: `True`: a difference in the last bit of an input can move a whole value by a pixel.
    """

    discontinuous = True

    def call(self, x):
        """Returns `(pooled, switches)`."""
        return switches.max_pool(x)

    def compute_output_spec(self, x):
        """Returns the specs of pooled values and switches, half the size, rounded up."""
        batch, height, width, channels = x.shape
        shape = (batch, half(height), half(width), channels)
        return keras.KerasTensor(shape, dtype=self.compute_dtype), keras.KerasTensor(shape, dtype=self.compute_dtype)


@register
class Unpool(layers.Layer):
    """`zoo.ops.switches.unpool` as a layer: `[x, switches, like]` to `x` unpooled to the size of `like`."""

    def call(self, inputs):
        """Returns `(B, H, W, C)`, height and width those of `like`."""
        x, switch, like = inputs
        return switches.unpool(x, switch, ops.shape(like)[1:3])

    def compute_output_shape(self, input_shape):
        """Returns the shape of `x` with the height and width of `like`."""
        x, _, like = input_shape
        return (x[0], *like[1:3], x[3])


@register
class CropLike(layers.Layer):
    """`[x, like]` to the part of `(B, H, W, C)` `x` that has the height and width of `like`.

    Args:
        anchor: "center" or "top_left", the part that is kept.
    """

    def __init__(self, anchor="center", **kwargs):
        super().__init__(**kwargs)
        self.anchor = anchor

    def call(self, inputs):
        """Returns `(B, h, w, C)`."""
        x, like = inputs
        height, width = ops.shape(like)[1:3]
        top, left = 0, 0
        if self.anchor == "center":
            top = (ops.shape(x)[1] - height) // 2
            left = (ops.shape(x)[2] - width) // 2
        return x[:, top : top + height, left : left + width]

    def compute_output_shape(self, input_shape):
        """Returns the shape of `x` with the height and width of `like`."""
        x, like = input_shape
        return (x[0], *like[1:3], x[3])

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "anchor": self.anchor}


@register
class PadToMultiple(layers.Layer):
    """Zeros at the bottom and right of `(B, H, W, C)` until both sides are a multiple of so many pixels."""

    def __init__(self, multiple, **kwargs):
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, x):
        """Returns `(B, H', W', C)`."""
        below, right = (-side % self.multiple for side in ops.shape(x)[1:3])
        if isinstance(below, int) and isinstance(right, int) and not below + right:
            return x  # an artifact of one such size needs no operator
        return ops.pad(x, [[0, 0], [0, below], [0, right], [0, 0]])

    def compute_output_shape(self, input_shape):
        """Returns the padded shape; an unknown side stays unknown."""
        batch, height, width, channels = input_shape
        return (batch, self._padded(height), self._padded(width), channels)

    def _padded(self, size):
        return None if size is None else size + -size % self.multiple

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "multiple": self.multiple}


@register
class PictureSize(layers.Layer):
    """`(B, H, W, C)` to `(2,)` float32, H and W: where outputs alone do not tell at which border boxes end."""

    def call(self, x):
        """Returns `(2,)`, the same for the whole batch."""
        return ops.cast(ops.stack(ops.shape(x)[1:3]), "float32")

    def compute_output_spec(self, x):
        """Returns the spec of two numbers, under every policy float32: half precision knows no 2049."""
        return keras.KerasTensor((2,), dtype="float32")


@register
class LocalResponseNormalization(layers.Layer):
    """`x / (bias + alpha * mean of squares over the neighbours) ** beta`.

    The neighbours are `depth` channels of the same pixel or, `within_channel`, `depth` by `depth` pixels of the same
    channel; beyond the border they count as 0. The defaults are those of Caffe's LRN layer in SegNet-Basic and
    AlexNet (Krizhevsky et al. 2012, section 3.3). Computed in float32 under every policy: raw pixels squared overflow
    float16.
    """

    def __init__(self, depth=5, bias=1.0, alpha=1e-4, beta=0.75, within_channel=False, **kwargs):
        super().__init__(**kwargs)
        self.depth, self.bias, self.alpha, self.beta = depth, bias, alpha, beta
        self.within_channel = within_channel

    def call(self, x):
        """Returns the shape and dtype of `x`."""
        squares, around = ops.square(ops.cast(x, "float32")), [self.depth // 2, self.depth // 2]
        if self.within_channel:
            mean = ops.average_pool(ops.pad(squares, [[0, 0], around, around, [0, 0]]), self.depth, strides=1)
        else:
            channels = x.shape[-1]
            squares = ops.pad(squares, [[0, 0], [0, 0], [0, 0], around])
            mean = sum(squares[..., i : i + channels] for i in range(self.depth)) / self.depth
        return x * ops.cast(ops.power(self.bias + self.alpha * mean, -self.beta), x.dtype)

    def compute_output_shape(self, input_shape):
        """Returns `input_shape`."""
        return input_shape

    def get_config(self):
        """Returns the constructor's arguments."""
        names = "depth", "bias", "alpha", "beta", "within_channel"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register
class RoIAlign(layers.Layer):
    """`zoo.ops.roi.roi_align` as a layer: `[*maps, rois]` to a batch of crops, one a region.

    Args:
        output_size: `(oh, ow)` bins, or one number for both.
        strides: pixels between two cells of each map.
        sampling_ratio: samples a bin and axis.
        aligned: whether cells are centred half a stride from their border.
    """

    def __init__(self, output_size, strides, sampling_ratio=2, aligned=False, **kwargs):
        # Cast to half precision, the regions would move by pixels.
        super().__init__(autocast=False, **kwargs)
        self.output_size, self.strides = roi.pair(output_size), tuple(strides)
        self.sampling_ratio, self.aligned = sampling_ratio, aligned

    def call(self, inputs, training=False):
        """Returns `(B * R, oh, ow, C)`, the regions of the first picture first."""
        *maps, rois = inputs
        crops = roi.roi_align(
            [ops.cast(one, self.compute_dtype) for one in maps],
            rois,
            strides=self.strides,
            output_size=self.output_size,
            sampling_ratio=self.sampling_ratio,
            aligned=self.aligned,
            learns=training,
        )
        return ops.reshape(crops, (-1, *self.output_size, maps[0].shape[-1]))

    def compute_output_shape(self, input_shape):
        """Returns `(B * R, oh, ow, C)`; an unknown number stays unknown."""
        return crops_shape(input_shape, self.output_size)

    def get_config(self):
        """Returns the constructor's arguments."""
        config = {"output_size": self.output_size, "strides": self.strides}
        return {**super().get_config(), **config, "sampling_ratio": self.sampling_ratio, "aligned": self.aligned}


@register
class RoIPool(layers.Layer):
    """`zoo.ops.roi_pool.roi_pool` as a layer: `[map, rois]` to a batch of crops, one a region.

    Args:
        output_size: `(oh, ow)` bins, or one number for both.
        stride: pixels between two cells.
    """

    def __init__(self, output_size, stride, **kwargs):
        # Cast to half precision, the regions would move by pixels.
        super().__init__(autocast=False, **kwargs)
        self.output_size, self.stride = roi.pair(output_size), stride

    def call(self, inputs):
        """Returns `(B * R, oh, ow, C)`, the regions of the first picture first."""
        map, rois = inputs
        crops = roi_pool(ops.cast(map, self.compute_dtype), rois, stride=self.stride, output_size=self.output_size)
        return ops.reshape(crops, (-1, *self.output_size, map.shape[-1]))

    def compute_output_shape(self, input_shape):
        """Returns `(B * R, oh, ow, C)`; an unknown number stays unknown."""
        return crops_shape(input_shape, self.output_size)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "output_size": self.output_size, "stride": self.stride}


def crops_shape(input_shape, output_size):
    """Returns the shape of the crops of `[*maps, rois]`."""
    (batch, count, _), channels = input_shape[-1], input_shape[0][-1]
    return (None if None in (batch, count) else batch * count, *output_size, channels)


def half(size):
    """Returns `size / 2` rounded up, `None` for an unknown size."""
    return None if size is None else (size + 1) // 2
