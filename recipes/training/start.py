"""Where a training begins that is a further stage of another, the zoo's or Darknet's: with that one's weights."""

import math
from pathlib import Path

from recipes.report.tables import show
from zoo import weights
from zoo.errors import InputError
from zoo.weights.darknet_weights import FIRST_LAYERS


def take_weights(model, start):
    """Gives a model the weights of another: those of layers with the same name and shape.

    What becomes of raw pixels comes with them, as the other may have begun with published weights itself.

    Args:
        model: the model.
        start: a run's folder, a .keras file or a file of Darknet's, `.weights` or first layers such as `.conv.23`.

    Returns:
        A `zoo.weights.matching.Report`; under `missing` what keeps its own weights.

    Raises:
        InputError: if there is no such file, it is damaged or nothing in it fits; the model is then unchanged.
    """
    path = model_file(start)
    return weights.load(model, path, source="zoo" if path.suffix == ".keras" else "darknet", partial=True)


def show_taken(report):
    """Prints what `take_weights` returned, layer by layer."""
    rows = []
    for what, tensors in (("taken", report.loaded), ("its own", report.missing), ("left there", report.unused)):
        names = list(dict.fromkeys(name.rpartition("/")[0] for name in tensors))
        parameters = sum(math.prod(shape) for shape in tensors.values())
        rows.append([what, len(names), f"{parameters:,}", ", ".join(names)])
    show(f"begins with {report.path}", ["weights", "layers", "parameters", "which"], rows)


def model_file(start):
    """Returns the path of the file that `start` names.

    Raises:
        InputError: if there is none.
    """
    path = Path(start, "model.keras") if Path(start).is_dir() else Path(start)
    if not path.is_file() or not (path.suffix in (".keras", ".weights") or FIRST_LAYERS.search(path.name)):
        raise InputError(
            f"start={start}: no trained model is there; name a run's folder, a .keras file or one of Darknet's"
        )
    return path
