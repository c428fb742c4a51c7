"""Pairs the variables of a model with the tensors of a file, and tells what found no partner."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import keras
import numpy as np
from keras import layers

from zoo.errors import InputError

SHOWN, LISTED = 3, 8  # tensors, and layers, that a message names before it says how many more there are
STAGE = re.compile(r".*?[a-z_]\d+")
"""What names a tensor's stage: "backbone.body.layer3" of "backbone.body.layer3.5.conv1.weight"."""


@dataclass(frozen=True)
class Want:
    """A variable and the tensor it takes from a file.

    Attributes:
        variable: the model's.
        name: the tensor's in the file; `layer/variable` in ours where no such file has it.
        to_ours: function of the file's array to one of the variable's shape.
        shape: that the file's array shall have.
    """

    variable: keras.Variable
    name: str
    to_ours: Callable
    shape: tuple


@dataclass(frozen=True)
class Report:
    """What came of loading a file: tensors by their name in it, with their shapes.

    Attributes:
        path: the file.
        loaded: what the model took.
        unused: what the file holds and the model did not take.
        missing: what the model wanted and the file does not hold, or in another shape, which is then among `unused`.
        taken: names of the model's layers that have weights of the file.
        kept: names of those that have kept their own, for what is missing.
    """

    path: str
    loaded: dict
    unused: dict
    missing: dict
    taken: tuple
    kept: tuple

    def in_short(self):
        """Says in a line how many layers begin with the file, and which do not."""
        more = f" and {len(self.kept) - LISTED} more" if len(self.kept) > LISTED else ""
        kept = f"; as built: {', '.join(self.kept[:LISTED])}{more}" if self.kept else ""
        return f"{self.path}: {len(self.taken)} of {len(self.taken) + len(self.kept)} layers begin with it{kept}"

    def __str__(self):
        lines = [f"{self.path}: {len(self.loaded)} tensors loaded"]
        for word in ("missing", "unused"):
            for name, shape in getattr(self, word).items():
                lines.append(f"  {word} {name} {tuple(shape)}")
        return "\n".join(lines)


def family(model, families, publisher):
    """Returns what a publisher's table says of the family of networks that a model belongs to.

    Args:
        model: the model.
        families: dict of entries by the name of a layer that only the family's models have.
        publisher: whose table it is.
    Raises:
        InputError: if the publisher has no such network.
    """
    ours = {layer.name for layer in layers_with_weights(model)}
    for mark, entry in families.items():
        if mark in ours:
            return entry
    raise InputError(f"{publisher} has no counterpart of {model.name}: its weights cannot be loaded")


def layers_with_weights(model):
    """Lists a model's layers, those of the models within it, and within its layers (`RegionFeatures`), too."""
    for layer in model.layers:
        inner = layer if isinstance(layer, keras.Model) else getattr(layer, "network", None)
        if inner is not None:
            yield from layers_with_weights(inner)
        elif layer.weights:
            yield layer


def map_before(dense):
    """Returns `(height, width, channels)` of the map that is flattened before a dense layer, 1 x 1 without one.

    A map that is permuted first is in its file's order already: it counts as none.
    """
    before = operation_of(dense.input)
    while isinstance(before, layers.Dropout):
        before = operation_of(before.input)
    flattened = isinstance(before, layers.Flatten) and not isinstance(operation_of(before.input), layers.Permute)
    return before.input.shape[1:] if flattened else (1, 1, dense.kernel.shape[0])


def operation_of(tensor):
    """Returns the layer, or other operation, that a symbolic tensor came from."""
    return tensor._keras_history.operation


def assign(wants, tensors, path, partial=lambda loaded, missing: False):
    """Gives variables their tensors, layer by layer; all stay as they are unless all of them fit.

    Args:
        wants: list of `Want`.
        tensors: dict of arrays by their name in the file.
        path: the file, for messages.
        partial: function of the lists of `Want` that fit and that do not, to whether the latter keep their values.
    Returns:
        A `Report`.
    Raises:
        InputError: if a tensor is missing or has another shape, and not `partial`; if none fits; if the file is of a
            deeper network, whose first blocks would fill each stage; if a tensor that fits is not of floats, or holds
            NaN or infinity.
    """
    layers_of_file = [list(group) for _, group in groupby(wants, lambda want: layer_in_file(want.name))]
    whole = [all(fits(want, tensors) for want in group) for group in layers_of_file]
    fitting, lacking = (
        [want for group, fit in zip(layers_of_file, whole, strict=True) if fit == wished for want in group]
        for wished in (True, False)
    )
    loaded = {want.name: want.shape for want in fitting}
    report = Report(
        path=str(path),
        loaded=loaded,
        unused={name: tensor.shape for name, tensor in tensors.items() if name not in loaded},
        missing={want.name: want.shape for want in lacking},
        taken=layers_of(fitting),
        kept=layers_of(lacking),
    )
    if lacking and not (fitting and partial(fitting, lacking)):
        raise InputError(refusal(report))
    if deeper := further_blocks(report, tensors):
        raise InputError(f"{path} is of another network, this one has no {', '.join(deeper[:SHOWN])}")
    for want in fitting:
        check_values(tensors[want.name], want.name, path)
    for want in fitting:
        want.variable.assign(want.to_ours(tensors[want.name]))
    return report


def layer_of(variable):
    """Returns the name of the layer that a variable belongs to."""
    return variable.path.split("/")[-2]


def layers_of(wants):
    """Returns the names of the layers of some `Want`, each once."""
    return tuple(dict.fromkeys(layer_of(want.variable) for want in wants))


def layer_in_file(name):
    """Returns the name, in a file, of the layer that a tensor belongs to: what precedes the last dot or slash."""
    return re.split(r"[./][^./]*$", name)[0]


def further_blocks(report, tensors):
    """Lists a file's unused floats of stages of which all that was wanted was loaded."""
    full = stages_of(report.loaded) - stages_of(report.missing)
    floats = [name for name in report.unused if tensors[name].dtype.kind == "f"]
    return [name for name in floats if stages_of([name]) & full]


def stages_of(names):
    """Returns the stages that tensors' names tell."""
    return {match[0] for name in names if (match := STAGE.match(name))}


def fits(want, tensors):
    """Whether there is a tensor of the name and shape that is wanted."""
    return want.name in tensors and tensors[want.name].shape == tuple(want.shape)


def refusal(report):
    """Says what does not fit, and what can be done about it."""
    faults = []
    for name, shape in report.missing.items():
        if (other := report.unused.get(name)) == shape:
            continue  # it fits, another tensor of its layer does not
        faults.append(f"no {name} {shape}" if other is None else f"{name} is {other} in place of {shape}")
    more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    remedy = "partial=True leaves these as they are" if report.loaded else "nothing else in it fits"
    return f"{report.path} is of another model: {', '.join(faults[:SHOWN])}{more}; {remedy}"


def check_values(tensor, name, path):
    """Raises `InputError` where a tensor cannot be weights."""
    if tensor.dtype.kind != "f":
        raise InputError(f"{path}: {name} holds {tensor.dtype}, weights are floats")
    if not np.isfinite(tensor).all():
        raise InputError(f"{path}: {name} holds NaN or infinity: the file is damaged; fetch it again")
