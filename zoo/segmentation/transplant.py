"""From a classifier to a fully convolutional network: the authors' `surgery.transplant`."""

from keras import layers

from zoo.backbones.normalization import set_numbers
from zoo.errors import InputError
from zoo.fully_convolutional import convolutionalize

DENSE = {"fc1": "fc6", "fc2": "fc7"}
"""Names in a network by those of the classifier's dense layers."""


def transplant(model, classifier):
    """Copies the weights of all layers that a classifier has, too, and what it makes of pixels.

    Dense layers become convolutions by `zoo.convolutionalize` (section 3.1):
    `transplant(fcn32s_vgg16(21), vgg16(include_top=True, input_shape=(224, 224, 3)))`.

    Args:
        model: a network of `zoo.segmentation.fcn`, or another that begins as the classifier does.
        classifier: of the same backbone, form and width, with its top: `vgg16()`, `alexnet(form="caffenet")` or
            `googlenet(batch_norm=False)`.
    Returns:
        The names of the layers that keep their own weights: the scores and their upsampling.
    Raises:
        InputError: if a layer has another shape there, or none has the same name; the model is then unchanged.
    """
    if any(isinstance(layer, layers.Dense) and layer.name in DENSE for layer in classifier.layers):
        classifier = convolutionalize(classifier)
    theirs = {DENSE.get(layer.name, layer.name): layer for layer in classifier.layers if layer.weights}
    theirs.pop("logits", None)  # of its own classes
    ours = [layer for layer in model.layers if layer.weights]
    shared = [(layer, theirs[layer.name]) for layer in ours if layer.name in theirs]
    if not shared:
        raise InputError(f"{classifier.name} has no layer of {model.name}'s: take a classifier of its backbone")
    for layer, other in shared:
        here, there = ([tuple(v.shape) for v in each.weights] for each in (layer, other))
        if here != there:
            raise InputError(f"layer {layer.name!r} has shapes {here} in {model.name}, {there} in {classifier.name}")
    for layer, other in shared:
        layer.set_weights(other.get_weights())
    pixels = classifier.get_layer("normalize")
    set_numbers(model, pixels.scale, pixels.offset)
    return [layer.name for layer in ours if layer.name not in theirs]
