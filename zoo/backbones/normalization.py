"""How a network brings raw RGB pixels, 0..255, to the numbers that its weights were trained on.

The convention belongs to the weights, not to the architecture: a builder states the one it trains with, and
`zoo.weights.load` sets that of the weights it reads.
"""

from keras import layers

IMAGENET_MEAN = (123.68, 116.779, 103.939)
"""Mean colour of ImageNet's training pictures, RGB (Simonyan & Zisserman 2015, arXiv:1409.1556, section 2.1)."""
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Likewise and their standard deviation, in units of 255, as PyTorch's networks take them."""

CONVENTIONS = {
    "caffe": ([1.0] * 3, [-mean for mean in IMAGENET_MEAN]),
    # Caffe's own mean of its training pictures, of its AlexNet and of the authors' FCNs; of its GoogLeNet, rounded.
    "ilsvrc12": ([1.0] * 3, [-122.67892, -116.66877, -104.00699]),
    "ilsvrc12_rounded": ([1.0] * 3, [-123.0, -117.0, -104.0]),
    "torchvision": (
        [1 / (255 * deviation) for deviation in DEVIATION],
        [-mean / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)],
    ),
    # torchvision's GoogLeNet came from TensorFlow: `transform_input` undoes the mean and deviation above.
    "symmetric": ([1 / 127.5] * 3, [-1.0] * 3),
    "raw": ([1.0] * 3, [0.0] * 3),
}
"""`(scale, offset)` of red, green and blue: a pixel becomes `pixel * scale + offset`."""


def normalize(image, convention):
    """Adds the layer `normalize` to `(B, H, W, 3)` raw pixels; `convention` is a name of `CONVENTIONS`."""
    return layers.Rescaling(*CONVENTIONS[convention], name="normalize")(image)


def set_convention(model, convention):
    """Changes the layer `normalize` of a model to another name of `CONVENTIONS`."""
    set_numbers(model, *CONVENTIONS[convention])


def set_numbers(model, scale, offset):
    """Changes the layer `normalize` of a model to a scale and offset of each colour."""
    layer = normalizing(model)
    layer.scale, layer.offset = scale, offset
    # What Keras keeps of them has the former numbers traced in.
    model.train_function = model.test_function = model.predict_function = None


def normalizing(model):
    """Returns the layer `normalize` of a model, or of the network that it applies to regions (R-CNN)."""
    inner = next((layer.network for layer in model.layers if hasattr(layer, "network")), model)
    return inner.get_layer("normalize")
