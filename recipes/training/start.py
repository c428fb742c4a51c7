"""Where a training begins: with the weights of a further stage, or of what others trained."""

import math
from pathlib import Path

from recipes.report.tables import show
from zoo import weights
from zoo.errors import InputError
from zoo.weights.catalogue import hint_of_weights, is_name
from zoo.weights.matching import layer_in_file, layers_with_weights
from zoo.weights.rooms import room_of


def take_weights(model, start):
    """Gives a model the weights of another, see `zoo.weights.load`; `model.begun_with` says which.

    What becomes of raw pixels comes with them, as the other may have begun with published weights itself.

    Args:
        model: the model.
        start: a run's folder, or what the builder's own argument `weights` takes, a file or a published name.

    Raises:
        InputError: if there is no such file, it is damaged or of another network; the model is then unchanged.
    """
    model.begun_with = weights.load(model, model_file(start))


def show_taken(report, model):
    """Prints a `zoo.weights.matching.Report`: the layers that begin with the file, those that do not, the rest.

    Args:
        report: the `Report`.
        model: the model that took the weights, whose rooms the last line tells.
    """
    left = tuple(dict.fromkeys(map(layer_in_file, report.unused)))
    rows = []
    for what, layers, tensors in (
        ("taken", report.taken, report.loaded),
        ("as built", report.kept, report.missing),
        ("left there", left, report.unused),
    ):
        parameters = sum(math.prod(shape) for shape in tensors.values())
        rows.append([what, len(layers), f"{parameters:,}", ", ".join(layers)])
    show(f"begins with {report.path}", ["weights", "layers", "parameters", "which"], rows)
    print(by_room(report, model))


def by_room(report, model):
    """Says how many of each room's tensors begin with the file: "backbone 265 of 265, neck 0 of 8, heads new"."""
    rooms = {"backbone": [0, 0], "neck": [0, 0], "heads": [0, 0]}
    for layer in layers_with_weights(model):
        counts = rooms[room_of(layer.name)]
        counts[0] += len(layer.weights) * (layer.name in report.taken)
        counts[1] += len(layer.weights)
    words = [
        f"{room} {taken} of {count}" if taken else f"{room} new" for room, (taken, count) in rooms.items() if count
    ]
    return ", ".join(words)


def model_file(start):
    """Returns the path of the file that `start` names, or itself where it is a published name.

    Raises:
        InputError: if there is none.
    """
    path = Path(start, "model.keras") if Path(start).is_dir() else Path(start)
    if path.is_file() or is_name(start):
        return path if path.is_file() else start
    raise InputError(
        f"start={start}: nothing is there{hint_of_weights(start)}; name a run's folder, a file of weights or a name "
        "of zoo weights"
    )
