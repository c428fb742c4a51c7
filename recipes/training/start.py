"""Where a training begins: with the weights of a further stage, or of what others trained."""

import math
from pathlib import Path

from recipes.report.tables import show
from zoo import weights
from zoo.errors import InputError
from zoo.weights.catalogue import is_name
from zoo.weights.matching import layer_in_file


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


def show_taken(report):
    """Prints a `zoo.weights.matching.Report`: the layers that begin with the file, those that do not, the rest."""
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


def model_file(start):
    """Returns the path of the file that `start` names, or itself where it is a published name.

    Raises:
        InputError: if there is none.
    """
    path = Path(start, "model.keras") if Path(start).is_dir() else Path(start)
    if path.is_file() or is_name(start):
        return path if path.is_file() else start
    raise InputError(
        f"start={start}: nothing is there; name a run's folder, a file of weights or a name of zoo weights"
    )
