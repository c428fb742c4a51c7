"""Networks that others trained with Darknet: which of a .weights file's numbers are which variable of ours.

Such a file names nothing: it is one row of numbers, layer by layer in the order of its .cfg.
Source: Darknet, `load_weights_upto` in src/parser.c.
"""

import re
from itertools import accumulate, takewhile
from math import prod

import numpy as np
from keras import layers, ops

from zoo.backbones.darknet_layers import LocallyConnected2D, by_cell
from zoo.detection.detector import Detector
from zoo.errors import InputError
from zoo.weights.darknet_file import read
from zoo.weights.matching import Want, assign, layers_with_weights, map_before
from zoo.weights.rooms import allowed

LAYER = re.compile(
    r"stage\d+_conv\d+|head_conv\d|passthrough_conv|local|fc\d|classes|grid|output"
    r"|(?:convolutional|conv|local|connected|conn)(\d+)"
)
"""Names of layers that Darknet has: ours, or those of a .cfg with their number there."""
FIRST_LAYERS = re.compile(r"\.conv\.\d+$")
"""Names of files that Darknet's `partial` wrote: the first so many sections, from which detectors begin."""


def load(model, path, partial=None):
    """Gives a model the weights of a file; it stays as it is unless they fit, see `zoo.weights.load`.

    A detector that got all its weights takes its pictures stretched from then on, as Darknet does.

    Args:
        model: a YOLO, one of Darknet's backbones or what is built on it, or a model that `darknet.build` made.
        path: the .weights file, or one of the first sections such as `darknet19_448.conv.23`, always loaded in part.
        partial: `True` if the file may be of any network that begins like the model: its numbers go to layers in
            order as long as whole layers fit. `None` if it is the model's own or its classifier's, perhaps with
            another number of outputs in its last layer; `False` if it fits the model as a whole.
    Returns:
        A `Report`; under `unused`, as "rest", the numbers behind the last layer that took some.
    Raises:
        InputError: if the file is missing, too short, too long, or holds NaN, infinities or variances below 0; if
            the model is no network of Darknet's.
    """
    pairs = weighted(model)
    numbers, transposed = read(path)
    if FIRST_LAYERS.search(path.name):
        partial = True
    groups = [list(wanted(model, layer, norm, transposed)) for layer, norm in pairs]
    expected = sum(map(length, groups))
    if numbers.size != expected and not (partial or partial is None and ends_in_outputs(numbers, groups)):
        raise InputError(
            f"{path}: holds {numbers.size:,} numbers, the network takes {expected:,}: the file is cut short or of "
            f"another network; partial=True of zoo.weights.load takes the layers that fit"
        )
    tensors = cut(numbers, groups)
    for _, norm in pairs:
        if norm and f"{norm.name}/gamma" in tensors:
            rescale(tensors, norm, path)
    report = assign([*sum(groups, []), *others(model, pairs)], tensors, path, allowed(model, partial))
    if isinstance(model, Detector) and not report.missing:
        model.resizing = "stretch"
    return report


def weighted(model):
    """Lists a network's layers in the order of a .weights file, up to the first that Darknet does not have.

    Returns:
        Pairs of a `Conv2D`, `Dense` or `LocallyConnected2D` and its batch normalisation or `None`.
    Raises:
        InputError: if the model does not begin as Darknet's networks do.
    """
    named = {layer.name: layer for layer in layers_with_weights(model)}
    names = list(takewhile(LAYER.fullmatch, (name for name in named if not name.endswith("_bn"))))
    if not names or "to_unit" not in {layer.name for layer in model.layers}:
        raise InputError(f"Darknet has no counterpart of {model.name}: its weights cannot be loaded")
    # Keras lists layers by their distance from the output. That is Darknet's order where nothing branches off; ours
    # do so once, and those of a .cfg bear their numbers.
    if "passthrough_conv" in names:
        names.remove("passthrough_conv")
        names.insert(names.index("head_conv3"), "passthrough_conv")
    names.sort(key=lambda name: int(LAYER.fullmatch(name)[1] or 0))
    return [(named[name], named.get(f"{name}_bn")) for name in names]


def wanted(model, layer, norm, transposed):
    """Yields what a layer and its batch normalisation take, in the file's order."""
    if isinstance(layer, LocallyConnected2D):
        yield from local(layer)
    elif isinstance(layer, layers.Dense):
        yield from dense(layer, norm, transposed, order(model, layer))
    else:
        yield from convolution(layer, norm)


def convolution(layer, norm):
    """Biases, batch normalisation, then the kernel, output by input by height by width."""
    height, width, channels, filters = layer.kernel.shape
    yield want(norm, "beta") if norm else want(layer, "bias")
    yield from statistics(norm)
    shape = (filters, channels, height, width)
    yield want(layer, "kernel", shape, lambda kernel: kernel.transpose(2, 3, 1, 0))


def dense(layer, norm, transposed, order):
    """Biases, the kernel, output by input or, `transposed`, input by output, then batch normalisation.

    Args:
        layer: the layer.
        norm: its batch normalisation or `None`.
        transposed: as `read` returns it.
        order: index of our outputs among the file's.
    """
    inputs, outputs = layer.kernel.shape
    height, width, channels = map_before(layer)

    def to_ours(kernel):
        kernel = kernel if transposed else kernel.T
        by_row = kernel.reshape(channels, height, width, outputs).transpose(1, 2, 0, 3)
        return by_row.reshape(inputs, outputs)[:, order]

    yield want(norm, "beta") if norm else want(layer, "bias", to_ours=lambda bias: bias[order])
    yield want(layer, "kernel", (inputs, outputs) if transposed else (outputs, inputs), to_ours)
    yield from statistics(norm)


def local(layer):
    """Biases, filter by row by column, then a kernel for each place, filter by input by height by width."""
    height, width, filters = layer.bias.shape
    places, window, _ = layer.kernel.shape
    shape = (places, filters, window // layer.size**2, layer.size, layer.size)
    yield want(layer, "bias", (filters, height, width), lambda bias: bias.transpose(1, 2, 0))
    yield want(
        layer, "kernel", shape, lambda kernel: kernel.transpose(0, 3, 4, 2, 1).reshape(places, window, filters)
    )


def statistics(norm):
    """Scales, running means and running variances of a batch normalisation, where there is one."""
    return [want(norm, kind) for kind in ("gamma", "moving_mean", "moving_variance")] if norm else []


def want(layer, kind, shape=None, to_ours=np.asarray):
    """A `Want` of a layer's variable; `shape` if the file's differs from ours."""
    variable = getattr(layer, kind)
    return Want(variable, f"{layer.name}/{kind}", to_ours, tuple(shape or variable.shape))


def others(model, pairs):
    """Lists what no Darknet file has for a model that only begins as Darknet's networks do."""
    known = {layer.name for pair in pairs for layer in pair if layer}
    return [
        Want(variable, f"{layer.name}/{variable.name}", np.asarray, tuple(variable.shape))
        for layer in layers_with_weights(model)
        if layer.name not in known
        for variable in layer.weights
    ]


def order(model, layer):
    """Returns the index of a dense layer's outputs among the file's: our YOLO's last has them cell by cell."""
    if layer.name != "output" or not isinstance(model, Detector):
        return slice(None)
    cells = prod(model.output["grid"].shape[1:3])
    return np.ravel(ops.convert_to_numpy(by_cell(ops.arange(layer.units)[None], cells, model.num_boxes)))


def length(group):
    """Counts the numbers that a layer takes."""
    return sum(prod(want.shape) for want in group)


def cut(numbers, groups):
    """Cuts a file's numbers into arrays, as many whole layers as there are.

    What is left when all layers have theirs may be further layers, or more outputs of the last one, which then
    gets none.

    Args:
        numbers: `(N,)`.
        groups: for each layer its list of `Want`.
    Returns:
        A dict of arrays by name; what remains is "rest".
    """
    ends = list(accumulate(map(length, groups)))
    count = sum(end <= numbers.size for end in ends)
    rest, an_output = numbers.size - ends[-1], length(groups[-1]) // groups[-1][0].shape[0]
    if rest > 0 and rest % an_output == 0:
        count -= 1
    wants = sum(groups[:count], [])
    *arrays, rest = np.split(numbers, list(accumulate(prod(want.shape) for want in wants)))
    tensors = {want.name: array.reshape(want.shape) for want, array in zip(wants, arrays, strict=True)}
    return tensors | ({"rest": rest} if rest.size else {})


def ends_in_outputs(numbers, groups):
    """Says whether what no whole layer takes may be a last layer with another number of outputs.

    Each has a bias and a weight for every output of the layer before.
    """
    ends = list(accumulate(map(length, groups)))
    last = min(sum(end <= numbers.size for end in ends), len(groups) - 1)  # the first that does not fit
    if not last:
        return False
    inputs, rest = groups[last - 1][0].shape[0], numbers.size - ends[last - 1]
    return rest > 0 and rest % (inputs + 1) == 0


def rescale(tensors, norm, path):
    """Changes the scales of a batch normalisation so that Keras's outputs are Darknet's.

    Darknet divides by `sqrt(variance) + 1e-6` (`normalize_cpu`), Keras by `sqrt(variance + epsilon)`.
    """
    scales, variances = (tensors[f"{norm.name}/{kind}"] for kind in ("gamma", "moving_variance"))
    if (variances < 0).any():
        raise InputError(
            f"{path}: holds a variance below 0 in {norm.name}: the file is damaged or of another network"
        )
    with np.errstate(all="ignore"):  # infinities and NaN are refused later
        deviations = np.sqrt(variances.astype("float64"))
        scales = scales * np.sqrt(deviations**2 + norm.epsilon) / (deviations + 1e-6)
        tensors[f"{norm.name}/gamma"] = scales.astype("float32")
