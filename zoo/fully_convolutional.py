"""A classifier of crops, turned into one convolutional network that judges every window of a picture at once.

Neighbouring windows share most of their arithmetic. A dense layer over a flattened map is a convolution as large as
the map, and those behind it are 1x1 convolutions: with these in place the classifier runs on pictures of any size.
Source: Sermanet et al. 2014 (OverFeat), arXiv:1312.6229, section 3.5; Long et al. 2015, arXiv:1411.4038, section 3.1.
"""

import math

import keras
from keras import activations, layers

from zoo.errors import InputError
from zoo.layers import LocalResponseNormalization
from zoo.model import ZooModel
from zoo.types import Size

POINTWISE = (layers.Activation, layers.Dropout, layers.ELU, layers.LeakyReLU, layers.ReLU)
"""Layers that treat each value by itself, so that they may also stand between `Flatten` and `Dense`."""
LOCAL = (
    *(layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.MaxPooling2D, layers.AveragePooling2D),
    *(layers.ZeroPadding2D, layers.BatchNormalization, layers.Rescaling, layers.SpatialDropout2D),
    LocalResponseNormalization,
)
"""Layers that treat every place of a map alike."""
GLOBAL_POOLS = {
    layers.GlobalAveragePooling2D: layers.AveragePooling2D,
    layers.GlobalMaxPooling2D: layers.MaxPooling2D,
}


@keras.saving.register_keras_serializable("zoo")
class SlidingClassifier(ZooModel):
    """`(B, H, W, channels)` pictures of any size to a map of logits `(B, h, w, C)`, one cell a window.

    Attributes:
        window: `(height, width)` in pixels of the crop that a cell judges.
        stride: pixels from one cell to the next: cell (i, j) judges the crop whose top left pixel is
            `(stride * i, stride * j)`.
    """

    window: Size | None = None
    stride: int = 1
    saved = (*ZooModel.saved, "window", "stride")


def convolutionalize(classifier: keras.Model) -> SlidingClassifier:
    """Turns a classifier of crops into a network over whole pictures with a copy of its weights.

    The result on a crop is the classifier's. On a larger picture each cell equals the classifier on that cell's crop,
    to float rounding, if all convolutions and poolings are unpadded ("valid"), as none of them then sees the crop's
    border. With padding ("same", `ZeroPadding2D`) a crop has zeros beyond its border where the picture goes on, and
    the values differ; pictures of `window + k * stride` pixels a side at least keep "same" padding aligned with the
    crop's.

    Args:
        classifier: a functional or sequential `keras.Model`, itself or loaded from a file, of one fixed picture size:
            convolutions, poolings, normalisations and activations, then `Flatten` or a global pooling, then dense
            layers, one after the other; models among them are opened. Of several outputs `logits` is taken.
    Returns:
        A `SlidingClassifier` whose layers keep their names. A softmax that ends the classifier is left off.
    Raises:
        InputError: if the size is not fixed, layers branch, or a layer cannot be turned (the message names it).
    """
    logits = logits_of(classifier)
    chain = layers_to(logits)
    _, *shape = classifier.inputs[0].shape
    if len(shape) != 3 or None in shape:
        raise InputError(f"{classifier.name} must take crops of one fixed size (height, width, 3), received {shape}")
    conversion = Conversion(shape)
    image = x = layers.Input((None, None, shape[2]), name="image")
    for layer in chain:
        x = conversion.turn(layer, x, last=layer is chain[-1])
    if len(logits.shape) != 2 or conversion.shape[:2] != (1, 1):
        raise InputError(f"{classifier.name} must give a crop one vector of logits, received {logits.shape[1:]}")
    model = SlidingClassifier(image, x, name=f"{classifier.name}_sliding")
    model.class_names = getattr(classifier, "class_names", ())
    model.window, model.stride = tuple(shape[:2]), conversion.stride
    return model


class Conversion:
    """Turns layer after layer, and follows what becomes of one crop.

    Attributes:
        shape: `(height, width, channels)` of the crop's map so far; `Flatten` leaves it as it is.
        flat: whether the classifier has flattened this map.
        stride: pixels from one cell of the map to the next.
    """

    def __init__(self, shape):
        self.shape, self.flat, self.stride = tuple(shape), False, 1
        self.copies = {}  # a layer that is called twice stays one layer

    def turn(self, layer, x, last):
        """Applies the convolutional counterpart of `layer` to `x`; of the last one without its softmax."""
        if is_softmax(layer) and not last:
            raise InputError(f"layer {layer.name!r} is a softmax before the end, which cannot be made convolutional")
        if isinstance(layer, layers.Flatten):
            self.flat = True
            return x
        if isinstance(layer, layers.Dense):
            return self.dense(layer, x)
        if type(layer) in GLOBAL_POOLS:
            pool = GLOBAL_POOLS[type(layer)](self.shape[:2], strides=1, name=layer.name, dtype=layer.dtype_policy)
            self.shape = (1, 1, self.shape[2])
            return pool(x)
        if is_softmax(layer):
            return x
        spread = self.flat and math.prod(self.shape[:2]) > 1
        if not isinstance(layer, POINTWISE if spread else POINTWISE + LOCAL):
            where = " between Flatten and Dense" if spread else ""
            raise InputError(f"layer {layer.name!r} ({type(layer).__name__}){where} cannot be made convolutional")
        return self.same(layer, x)

    def dense(self, layer, x):
        """A dense layer as a convolution: over the whole map if it is flat, else 1x1."""
        size = self.shape[:2] if self.flat else (1, 1)
        conv = layers.Conv2D(
            layer.units,
            size,
            activation=None if is_softmax(layer) else layer.activation,
            use_bias=layer.use_bias,
            kernel_initializer="zeros",
            name=layer.name,
            dtype=layer.dtype_policy,
        )
        x = conv(x)
        kernel, *bias = layer.get_weights()
        conv.set_weights([kernel.reshape(*size, self.shape[2], layer.units), *bias])
        self.shape = conv.compute_output_shape((None, *self.shape))[1:]
        self.flat = False
        return x

    def same(self, layer, x):
        """A copy of the layer with its weights."""
        strides = getattr(layer, "strides", (1, 1))
        if strides[0] != strides[1]:
            raise InputError(f"layer {layer.name!r} has strides {strides}: only equal ones can be made convolutional")
        copy = self.copies.setdefault(id(layer), type(layer).from_config(layer.get_config()))
        x = copy(x)
        copy.set_weights(layer.get_weights())
        self.shape = copy.compute_output_shape((None, *self.shape))[1:]
        self.stride *= strides[0]
        return x


def logits_of(classifier):
    """Returns the symbolic logits of a built classifier."""
    if not getattr(classifier, "inputs", None):
        raise InputError(f"{classifier.name} is no functional model, or not built: give it a keras.Input")
    outputs = getattr(classifier, "output", None)  # which a Sequential has only once it is called
    if isinstance(outputs, dict) and "logits" in outputs:
        return outputs["logits"]
    if len(classifier.inputs) != 1 or len(classifier.outputs) != 1:
        raise InputError(f"{classifier.name} must take one picture and return one vector, or a dict with logits")
    return classifier.outputs[0]


def layers_to(output):
    """Lists the layers that lead from the input to a symbolic tensor, those of the models among them too."""
    found = []
    layer, call, _ = output._keras_history
    while not isinstance(layer, layers.InputLayer):
        inputs = layer._inbound_nodes[call].input_tensors
        if len(inputs) != 1:
            raise InputError(f"layer {layer.name!r} joins branches: only layers one after the other can be converted")
        found = [*layers_to(logits_of(layer)), *found] if isinstance(layer, keras.Model) else [layer, *found]
        layer, call, _ = inputs[0]._keras_history
    return found


def is_softmax(layer):
    """Tells whether the values a layer returns are a softmax."""
    return isinstance(layer, layers.Softmax) or getattr(layer, "activation", None) is activations.softmax
