"""Where a training begins that is a further stage of another: with the weights of that one's model."""

import math
from pathlib import Path

from recipes.report.tables import show
from zoo import weights
from zoo.errors import InputError


def take_weights(model, start):
    """Gives a model the weights of another: those of layers with the same name and shape.

    What becomes of raw pixels comes with them, as the other may have begun with published weights itself.

    Args:
        model: the model.
        start: a run's folder or a .keras file.

    Returns:
        A `zoo.weights.matching.Report`; under `missing` what keeps its own weights.

    Raises:
        InputError: if there is no such file, it is damaged or nothing in it fits; the model is then unchanged.
    """
    return weights.load(model, model_file(start), source="zoo", partial=True)


def show_taken(report):
    """Prints what `take_weights` returned, layer by layer."""
    rows = []
    for what, tensors in (("taken", report.loaded), ("its own", report.missing), ("left there", report.unused)):
        names = list(dict.fromkeys(name.rpartition("/")[0] for name in tensors))
        parameters = sum(math.prod(shape) for shape in tensors.values())
        rows.append([what, len(names), f"{parameters:,}", ", ".join(names)])
    show(f"begins with {report.path}", ["weights", "layers", "parameters", "which"], rows)


def model_file(start):
    """Returns the path of the .keras file that `start` names.

    Raises:
        InputError: if there is none.
    """
    path = Path(start, "model.keras") if Path(start).is_dir() else Path(start)
    if path.suffix != ".keras" or not path.is_file():
        raise InputError(f"start={start}: no trained model is there; name a run's folder or a .keras file")
    return path
