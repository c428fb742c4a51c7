"""What a model is made of and what it asks of a machine."""

import math
from dataclasses import asdict, dataclass
from dataclasses import field as of_dataclass
from os import PathLike
from typing import ClassVar

import keras

from zoo.anatomy.cost import Memory, multiply_adds
from zoo.anatomy.reach import Reach, reach
from zoo.anatomy.rule import input_rule
from zoo.anatomy.walk import specs, tensors_in, walk
from zoo.detection.region_features import RegionFeatures, chunked
from zoo.errors import InputError, written
from zoo.html import Shown
from zoo.types import Size

USUAL = 224
"""Pixels a side at which a model is counted that takes any size and was trained at none."""


@dataclass(frozen=True)
class Row:
    """One call of a layer, at one picture.

    Attributes:
        name: of the layer.
        kind: its class.
        shapes: list of the shapes of what it returns.
        parameters: of the layer, at its first call; 0 at later ones.
        flop: two for each multiply-add.
        field: `(height, width)` of the receptive field in pixels, infinite for the whole picture, `None` of no map.
        stride: pixels between two cells, `(height, width)`, likewise.
    """

    name: str
    kind: str
    shapes: list
    parameters: int
    flop: int
    field: tuple | None
    stride: tuple | None


@dataclass(frozen=True)
class Info(Shown):
    """What `info` found; of one picture, in float32 if the model computes in it.

    Attributes:
        name: of the model.
        task: as `model.task` names it, `None` of a plain model such as a backbone.
        image_size: `(height, width)` of the picture that was counted.
        num_classes: `None` where it is not known.
        parameters: all of them.
        trainable: those that are learned.
        flop: two for each multiply-add of convolutions and matrix products; the rest is free.
        activations: bytes of all that the layers return, about what a step of training keeps for each picture.
        peak: the most of them that are needed at once, in the order of the graph: a prediction's bytes at least.
        field: receptive field of the coarsest map, as that of `Row`; `None` without a map.
        stride: pixels between its cells.
        input_rule: dict of words to words: what becomes of a picture before the first layer that learns.
        layers: list of `Row`, in the order of the graph.
    """

    name: str
    task: str | None
    image_size: tuple
    num_classes: int | None
    parameters: int
    trainable: int
    flop: int
    activations: int
    peak: int
    field: tuple | None
    stride: tuple | None
    input_rule: dict
    layers: list = of_dataclass(repr=False)  # a hundred rows

    hidden: ClassVar[tuple] = ("layers",)

    def to_dict(self):
        """Returns it as JSON has it; the whole picture is "whole"."""
        return without_infinity(asdict(self))


def info(model: keras.Model, image_size: Size | None = None) -> Info:
    """Counts a model's parameters, operations and memory at one picture, layer by layer.

    Layers that are called several times count as often, and so do those of region heads, for as many regions as the
    model looks at. No number is computed: the graph is walked with shapes.

    Args:
        model: a functional `keras.Model` of pictures.
        image_size: `(height, width)` in pixels; the model's own if not given, or else that of its training, or a
            square of the shorter side that it scales pictures to, or of 224.
    Returns:
        An `Info`.
    Raises:
        InputError: if it is no functional model, or does not take that size.
    """
    if isinstance(model, str | PathLike):
        raise InputError(
            f"info takes a model, received {model!r}: zoo.build makes one by name, zoo.load opens a file"
        )
    if not hasattr(model, "_run_through_graph"):
        raise InputError(f"{getattr(model, 'name', model)} is no functional model, whose layers could be counted")
    size = size_of(model, image_size)
    inputs = inputs_of(model, size)
    counted = Count(keras.tree.flatten(inputs))
    outputs = walk(model, inputs, counted.visit)
    maps = [row for row in counted.rows if row.stride is not None and math.inf not in row.stride]
    coarsest = max(reversed(maps), key=lambda row: row.stride, default=None)
    return Info(
        name=model.name,
        task=getattr(model, "task", None),
        image_size=size,
        num_classes=getattr(model, "num_classes", None),
        parameters=model.count_params(),
        trainable=sum(math.prod(weight.shape) for weight in model.trainable_weights),
        flop=sum(row.flop for row in counted.rows),
        activations=counted.memory.whole,
        peak=counted.memory.most(keras.tree.flatten(outputs)),
        field=coarsest and coarsest.field,
        stride=coarsest and coarsest.stride,
        input_rule=input_rule(model),
        layers=counted.rows,
    )


class Count:
    """Visits the calls of a graph, see `zoo.anatomy.walk`.

    Attributes:
        rows: list of a `Row` a call.
        memory: the `Memory` of them.
    """

    def __init__(self, inputs):
        self.rows, self.memory, self.seen, self.times = [], Memory(inputs), set(), 1
        self.reaches = {id(spec): Reach() if len(spec.shape) == 4 else None for spec in inputs}

    def visit(self, operation, *args, **kwargs):
        """Adds one call, and returns the specs of its outputs."""
        outputs = specs(operation, *args, **kwargs)
        taken, returned = tensors_in((args, kwargs)), tensors_in(outputs)
        if isinstance(operation, RegionFeatures):  # whose network is no layer of the graph, and sees some at a time
            chunks, at_once = chunked(taken[1].shape[1])
            self.times = chunks
            walk(operation.network, keras.KerasTensor((at_once, operation.size, operation.size, 3)), self.visit)
            self.times = 1
        self.memory.add(taken, returned)
        far = reach(operation, taken, returned, [self.reaches.get(id(spec)) for spec in taken])
        self.reaches |= dict.fromkeys(map(id, returned), far)
        first = id(operation) not in self.seen
        self.seen.add(id(operation))
        self.rows.append(
            Row(
                name=operation.name,
                kind=type(operation).__name__,
                shapes=[tuple(spec.shape) for spec in returned],
                parameters=operation.count_params() if first and hasattr(operation, "count_params") else 0,
                flop=2 * self.times * multiply_adds(operation, taken, returned),
                field=far and far.field,
                stride=far and far.stride,
            )
        )
        return outputs


def size_of(model, image_size):
    """Returns `(height, width)` at which a model is counted, see `info`."""
    own = tuple(model.inputs[0].shape[1:3])
    shorter, _ = getattr(model, "sides", None) or (USUAL, None)
    wanted = tuple(image_size or getattr(model, "image_size", None) or (shorter, shorter))
    if image_size is not None and any(side not in (None, got) for side, got in zip(own, wanted, strict=True)):
        asked = written(wanted)
        raise InputError(f"{model.name} takes pictures of {written(own)}, received {asked}: build it for that size")
    return tuple(side or other for side, other in zip(own, wanted, strict=True))


def inputs_of(model, size):
    """Returns specs of one picture of `(height, width)`, and of as many proposals as the model looks at."""
    counts = {"proposals": getattr(model, "num_proposals", 0) or 1}

    def one(spec):
        if len(spec.shape) == 4:
            return keras.KerasTensor((1, *size, spec.shape[-1]), spec.dtype)
        return keras.KerasTensor((1, *(side or counts["proposals"] for side in spec.shape[1:])), spec.dtype)

    return keras.tree.map_structure(one, model.input)


def without_infinity(value):
    """Returns a structure with "whole" for infinite numbers, which JSON has none of."""
    if isinstance(value, dict):
        return {name: without_infinity(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_infinity(one) for one in value]
    return "whole" if value == math.inf else value
