"""Darknet's sections as Keras layers: `[convolutional]`, `[maxpool]`, `[route]`, `[local]`, `[connected]` ...

`LAYERS` names a function for each kind. It takes the network so far and the section and returns the next tensor.
"""

from keras import layers, ops

from zoo.backbones.batch_norm import FusedBatchNormalization
from zoo.backbones.darknet_layers import LocallyConnected2D, Reorg

# Darknet's own momentum, 0.99, and cuDNN's epsilon, which Darknet passes in training.
BATCH_NORM = {"momentum": 0.99, "epsilon": 1e-5}
ACTIVATIONS = {"logistic": "sigmoid", "relu": "relu", "tanh": "tanh", "elu": "elu"}
LOWEST = -3e38


class Network:
    """A network while it is being built.

    Attributes:
        tensors: output of each section after `[net]`, in order.
    """

    def __init__(self, image):
        self.image = image
        self.tensors = []

    @property
    def last(self):
        """Output of the section before."""
        return self.tensors[-1] if self.tensors else self.image

    def name(self, section):
        """Returns the name of the section's layer: its kind and its number as Darknet counts."""
        return f"{section.kind}{len(self.tensors)}"

    def map(self, section):
        """Returns `last` where it is a map `(B, H, W, C)`; raises `InputError` where it is a vector."""
        if len(self.last.shape) != 4:
            raise section.error("the layer before it has to return a picture, not a vector")
        return self.last

    def vector(self, section):
        """Returns `last` as `(B, N)`; Darknet flattens channel by channel."""
        x, name = self.last, self.name(section)
        if len(x.shape) == 4:
            x = layers.Flatten(name=f"{name}_flatten")(layers.Permute((3, 1, 2), name=f"{name}_permute")(x))
        return x


def convolutional(network, section):
    """A convolution, batch normalisation or a bias, and an activation."""
    section.allow("batch_normalize", "filters", "size", "stride", "pad", "padding", "activation")
    x, name = network.map(section), network.name(section)
    size, stride = section.integer("size", 1), section.integer("stride", 1)
    pad = section.integer("padding", 0, smallest=0)
    if section.integer("pad", 0, smallest=0):
        pad = size // 2
    check_window(section, x, size, 2 * pad)
    padding = "valid"
    if stride == 1 and 2 * pad == size - 1:
        padding = "same"
    elif pad:
        x = layers.ZeroPadding2D(pad, name=f"{name}_pad")(x)
    normalized = bool(section.integer("batch_normalize", 0, smallest=0))
    layer = layers.Conv2D(
        section.integer("filters", 1), size, strides=stride, padding=padding, use_bias=not normalized, name=name
    )
    return activated(section, layer, normalized, x)


def local(network, section):
    """A convolution with weights of its own at every place."""
    section.allow("filters", "size", "stride", "pad", "activation")
    x, size = network.map(section), section.integer("size", 1)
    pad = section.integer("pad", 0, smallest=0)
    # Darknet pads by `pad` pixels but counts the places as if by size // 2.
    if pad and (pad, size) != (1, 3):
        raise section.error(f"pad={pad} is supported with size=3 and pad=1 alone, received size={size}")
    check_window(section, x, size, 2 * pad)
    stride = section.integer("stride", 1)
    layer = LocallyConnected2D(section.integer("filters", 1), size, stride, pad, name=network.name(section))
    return activated(section, layer, False, x)


def connected(network, section):
    """A dense layer."""
    section.allow("output", "activation", "batch_normalize")
    normalized = bool(section.integer("batch_normalize", 0, smallest=0))
    layer = layers.Dense(section.integer("output", 1), use_bias=not normalized, name=network.name(section))
    return activated(section, layer, normalized, network.vector(section))


def activated(section, layer, normalized, x):
    """Applies a layer, its batch normalisation and its activation."""
    kind = section.text("activation", "logistic")
    if kind not in ("linear", "leaky", *ACTIVATIONS):
        known = ", ".join(["linear", "leaky", *ACTIVATIONS])
        raise section.error(f"activation={kind} is not supported; known are {known}")
    x = layer(x)
    if normalized:
        x = FusedBatchNormalization(**BATCH_NORM, name=f"{layer.name}_bn")(x)
    if kind == "leaky":
        return layers.LeakyReLU(0.1, name=f"{layer.name}_leaky")(x)
    return x if kind == "linear" else layers.Activation(ACTIVATIONS[kind], name=f"{layer.name}_{kind}")(x)


def maxpool(network, section):
    """Max pooling; of the `size - 1` pixels around the map the smaller half lies at the top and left."""
    section.allow("size", "stride", "padding")
    x, name = network.map(section), network.name(section)
    stride = section.integer("stride", 1)
    size = section.integer("size", stride)
    padding = section.integer("padding", size - 1, smallest=0)
    check_window(section, x, size, padding)
    pads, same = [], []
    for side in x.shape[1:3]:
        before, places = padding // 2, (side + padding - size) // stride + 1
        pads.append((before, max((places - 1) * stride + size - side - before, 0)))
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        same.append((total // 2, total - total // 2))
    if pads == same:
        return layers.MaxPooling2D(size, strides=stride, padding="same", name=name)(x)
    if pads != [(0, 0), (0, 0)]:
        x = ops.pad(x, [(0, 0), *pads, (0, 0)], constant_values=LOWEST)
    return layers.MaxPooling2D(size, strides=stride, name=name)(x)


def avgpool(network, section):
    """The mean over the map; stays a map of one pixel."""
    section.allow()
    return layers.GlobalAveragePooling2D(keepdims=True, name=network.name(section))(network.map(section))


def route(network, section):
    """Earlier outputs side by side in the channels; negative numbers count back from here."""
    section.allow("layers")
    here, chosen = len(network.tensors), []
    for number in section.numbers("layers", int):
        index = here + number if number < 0 else number
        if not 0 <= index < here:
            raise section.error(
                f"layers={section.options['layers']} names layer {number}; layers 0 to {here - 1} exist"
            )
        chosen.append(network.tensors[index])
    if len({x.shape[:-1] for x in chosen}) > 1:
        sizes = ", ".join(str(tuple(x.shape[1:])) for x in chosen)
        raise section.error(f"the layers to join differ in size: {sizes}")
    return layers.Concatenate(name=network.name(section))(chosen) if len(chosen) > 1 else chosen[0]


def reorg(network, section):
    """YOLOv2's passthrough, in Darknet's order of channels."""
    section.allow("stride", "reverse", "flatten", "extra")
    section.expect(reverse=0, flatten=0, extra=0)
    x, stride = network.map(section), section.integer("stride", 1)
    if x.shape[1] % stride or x.shape[2] % stride or x.shape[3] % stride**2:
        raise section.error(f"stride={stride} does not divide the map {tuple(x.shape[1:])}")
    return Reorg(stride, name=network.name(section))(x)


def crop(network, section):
    """The centre of the picture, and 0..1 stretched to -1..1 unless `noadjust=1` (crop_layer.c, at test time)."""
    section.allow("crop_height", "crop_width", "flip", "angle", "saturation", "exposure", "shift", "noadjust")
    x, name = network.map(section), network.name(section)
    size = section.integer("crop_height", 1), section.integer("crop_width", 1)
    if size[0] > x.shape[1] or size[1] > x.shape[2]:
        raise section.error(f"{size[0]}x{size[1]} is larger than the picture before it, {x.shape[1]}x{x.shape[2]}")
    x = layers.CenterCrop(*size, name=name)(x)
    if section.integer("noadjust", 0, smallest=0):
        return x
    return layers.Rescaling(2.0, offset=-1.0, name=f"{name}_adjust")(x)


def dropout(network, section):
    """Dropout, in training."""
    section.allow("probability")
    probability = section.number("probability", 0.2)
    if not 0 <= probability < 1:
        raise section.error(f"probability={probability} is not in [0, 1)")
    return layers.Dropout(probability, name=network.name(section))(network.last)


def softmax(network, section):
    """Softmax over all values."""
    section.allow("groups", "temperature")
    section.expect(groups=1, temperature=1)
    return layers.Softmax(name=network.name(section))(network.vector(section))


def cost(network, section):
    """A loss: passes on what it is given."""
    return network.last


def check_window(section, x, size, padding):
    """Raises `InputError` where a window is larger than the padded map."""
    if min(x.shape[1:3]) + padding < size:
        raise section.error(f"size={size} is larger than the map before it, {x.shape[1]}x{x.shape[2]}")


LAYERS = {
    "convolutional": convolutional,
    "conv": convolutional,
    "local": local,
    "connected": connected,
    "conn": connected,
    "maxpool": maxpool,
    "max": maxpool,
    "avgpool": avgpool,
    "avg": avgpool,
    "route": route,
    "reorg": reorg,
    "crop": crop,
    "dropout": dropout,
    "softmax": softmax,
    "soft": softmax,
    "cost": cost,
}
