"""Pairs the variables of a model with the tensors of a file, and tells what found no partner."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from zoo.errors import InputError

SHOWN = 3  # tensors that a message names before it says how many more there are


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
    """

    path: str
    loaded: dict
    unused: dict
    missing: dict

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
    """Lists a model's layers, those of the models within it too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_with_weights(layer)
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


def assign(wants, tensors, path, partial=False):
    """Gives variables their tensors; all stay as they are unless all of them fit.

    Args:
        wants: list of `Want`.
        tensors: dict of arrays by their name in the file.
        path: the file, for messages.
        partial: whether variables without a tensor of their shape keep their values.
    Returns:
        A `Report`.
    Raises:
        InputError: if a tensor is missing or has another shape, and not `partial`; if none fits; if one that fits is
            not of floats, or holds NaN or infinity.
    """
    fitting = [want for want in wants if fits(want, tensors)]
    loaded = {want.name: want.shape for want in fitting}
    report = Report(
        path=str(path),
        loaded=loaded,
        unused={name: tensor.shape for name, tensor in tensors.items() if name not in loaded},
        missing={want.name: want.shape for want in wants if not fits(want, tensors)},
    )
    if report.missing and not (partial and fitting):
        raise InputError(refusal(report))
    for want in fitting:
        check_values(tensors[want.name], want.name, path)
    for want in fitting:
        want.variable.assign(want.to_ours(tensors[want.name]))
    return report


def fits(want, tensors):
    """Whether there is a tensor of the name and shape that is wanted."""
    return want.name in tensors and tensors[want.name].shape == tuple(want.shape)


def refusal(report):
    """Says what does not fit, and what can be done about it."""
    faults = []
    for name, shape in report.missing.items():
        other = report.unused.get(name)
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
