"""Does an artifact predict what Keras predicts? Compared in the artifact's real runtime."""

from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby, islice
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from export.artifact import labels_of
from export.comparisons import Comparison, comparison_of
from export.contract import broken
from export.differences import tally
from export.inputs import DYNAMIC_BATCH
from export.outputs import expected
from export.runtime import load
from export.runtimes.keras import KerasPredictor
from export.source import at_thresholds, attributes_of, thresholds_of
from export.switches import Switched, switch_layers
from export.tolerances import check_tolerance, exceeded, tolerances
from zoo.errors import InputError, written
from zoo.html import Shown
from zoo.types import File

if TYPE_CHECKING:
    import keras

PASSED, FAILED, UNKNOWN = "passed", "failed", "cannot tell"
OF_ALL = {"relative": "max_relative", "p99_relative": "p99_relative"}
"""By limit, of which figure of all float outputs it is one."""
SHARED = ("keypoint_names", "skeleton", "resizing", "proposals", "num_proposals")
"""The attributes of a model that its artifacts must have as they are."""


@dataclass(frozen=True)
class Verification(Shown):
    """What `verify` found.

    Attributes:
        examples: number of pictures compared.
        outputs: by name, of a float output `max_abs`, `mean_abs`, `shift` (the mean difference with its sign),
            `max_relative` and `p99_relative` (99 % of the values of all pictures lie below it), or the fraction
            `different` of an integer one. Of a detector, over the detections that both models make. Of a network with
            switches, against Keras with those of the artifact: see `export.switches`.
        agreement: fraction of predictions that are the same: pixels of a class, detections, objects, points; `None`
            for an unknown task, and where neither model predicts anything.
        figures: further figures, by name: of detections "agreement_of_all", of masks "least_mask_iou" and
            "mean_mask_iou", of switches "switch_gap" and "switches_different", the share that names another
            value than the largest.
        metric: the metric's name; `None` without labels.
        keras_metric: of the Keras model.
        artifact_metric: of the artifact.
        metric_change: artifact minus Keras.
        tolerance: the limits used.
        failures: one sentence for each limit exceeded and each promise broken, with the place.
        doubts: why some of the figures say nothing, one sentence each with the remedy.
        verdict: "failed" with a failure; else "cannot tell" with a doubt; else "passed".
    """

    examples: int
    outputs: dict
    agreement: float | None
    figures: dict
    metric: str | None
    keras_metric: float | None
    artifact_metric: float | None
    metric_change: float | None
    tolerance: dict
    failures: tuple
    doubts: tuple

    @property
    def verdict(self):
        """One of "failed", "cannot tell" and "passed"."""
        return FAILED if self.failures else UNKNOWN if self.doubts else PASSED

    @property
    def passed(self):
        """Whether the verdict is "passed"."""
        return self.verdict == PASSED

    def to_dict(self):
        """Returns the attributes as a dict that JSON can hold."""
        words = {"failures": list(self.failures), "doubts": list(self.doubts)}
        return {**asdict(self), **words, "verdict": self.verdict, "passed": self.passed}

    def summary(self):
        """Returns what the card keeps."""
        return {key: value for key, value in self.to_dict().items() if key in KEPT}


KEPT = (
    *("examples", "outputs", "agreement", "figures", "metric", "keras_metric", "artifact_metric"),
    *("tolerance", "failures", "doubts", "verdict", "passed"),
)
"""Of a `Verification`, what the card keeps."""


def verify(
    artifact_path: File,
    model_or_path: "keras.Model | File",
    examples: Iterable,
    tolerance: dict[str, float] | None = None,
) -> Verification:
    """Compares an artifact with its Keras model on pictures, and where they need proposals on the same ones.

    Args:
        artifact_path: a SavedModel folder, .onnx, .tflite or .xml (OpenVINO) file.
        model_or_path: the `keras.Model` or .keras file it was made from.
        examples: iterable of `(picture, targets)`: uint8 `(height, width, 3)` of the artifact's size, and the task's
            targets in its pixels, or `None`: for segmentation integers `(height, width)`, else the dict that
            `recipes.data.pipeline` yields for the task, without batch dimension. What a quantized form loses is told
            from targets alone.
        tolerance: limits instead of those of `TOLERANCES`, a dict by their names.
    Returns:
        A `Verification`.
    Raises:
        InputError: if a file is broken, a picture has another size, there are no examples, or the outputs differ.
    """
    artifact, keras = load(artifact_path), KerasPredictor(model_or_path)
    if tolerance is None:
        switches = bool(switch_layers(keras.model))
        limits = tolerances(keras.task, artifact.card.quantize if artifact.card else None, switches)
    else:
        limits = check_tolerance(tolerance)
    with at_thresholds(keras.model, thresholds_of(artifact.card, keras.model)):
        return compare(artifact, keras, examples, limits, strangeness(artifact, keras))


def compare(artifact, keras, examples, limits, failures=()):
    """Compares two predictors as `verify` does: an artifact's and the `KerasPredictor` of its model.

    Args:
        artifact: the artifact's `Predictor`.
        keras: its model's.
        examples: as `verify` takes them.
        limits: by name.
        failures: what is known to be wrong already, in sentences.
    """
    with reference_of(artifact, keras, limits) as reference:
        seen = side_by_side(artifact, keras, reference, examples)
        figures = seen.comparison.figures() | (reference.figures() if reference is not keras else {})
        places = {"switch_gap": reference.place} if reference is not keras else {}
    outputs = {name: difference.result() for name, difference in seen.differences.items()}
    metrics = seen.comparison.metrics()
    keras_metric, artifact_metric = metrics or (None, None)
    change = artifact_metric - keras_metric if metrics else None
    found = {
        **values_of(outputs),
        "agreement": seen.comparison.agreement,
        **figures,
        "metric_change": change,
    }
    places |= places_of(seen.differences, outputs) | seen.comparison.places
    return Verification(
        examples=seen.count,
        outputs=outputs,
        agreement=seen.comparison.agreement,
        figures=figures,
        metric=seen.comparison.metric if metrics else None,
        keras_metric=keras_metric,
        artifact_metric=artifact_metric,
        metric_change=change,
        tolerance=limits,
        failures=(*failures, *seen.faults, *exceeded(found, limits, places)),
        doubts=seen.comparison.doubts(limits),
    )


def strangeness(artifact, keras):
    """Returns what a file says of itself that is not so of its model, in sentences."""
    card = artifact.card
    if card is None:
        return ()
    own = attributes_of(keras.model)
    pairs = {
        "task": (card.task, keras.task),
        "class names": (tuple(card.class_names), keras.class_names),
        "labels": (labels_of(artifact.path), keras.class_names),
        **{name.replace("_", " "): (card.attributes.get(name), own.get(name)) for name in SHARED},
    }
    return tuple(f"{name}: {difference(*pair)}" for name, pair in pairs.items() if pair[0] != pair[1])


def difference(theirs, ours):
    """Returns in words how two values differ, of two lists the first place."""
    if isinstance(theirs, tuple | list) and isinstance(ours, tuple | list) and len(theirs) == len(ours):
        place = next(i for i, pair in enumerate(zip(theirs, ours, strict=True)) if pair[0] != pair[1])
        return f"the file has {theirs[place]!r} at {place}, Keras {ours[place]!r}"
    return f"the file has {theirs!r}, Keras {ours!r}"


@contextmanager
def reference_of(artifact, keras, limits):
    """Gives what an artifact is compared with: Keras, or where its switches are limited, Keras with these."""
    if "switch_gap" not in limits:
        yield keras
        return
    with TemporaryDirectory() as folder:
        yield Switched(artifact, keras, folder)


@dataclass
class Seen:
    """What two predictors said of the same pictures.

    Attributes:
        comparison: the task's `Comparison` of all of them.
        differences: by output, those of the artifact from Keras: see `export.differences`.
        faults: the first promise that the artifact broke, in a sentence.
        count: number of pictures.
    """

    comparison: Comparison
    differences: dict
    faults: tuple = ()
    count: int = 0


def side_by_side(artifact, keras, reference, examples):
    """Predicts all examples with the artifact and the reference, a batch at a time; returns `Seen`."""
    seen = None
    for chunk in chunks(examples, artifact.batch_size or DYNAMIC_BATCH):
        pictures = np.stack([picture for picture, _ in chunk])
        check_size(pictures, artifact.network_size)
        proposals = keras.inputs_of(pictures).get("proposals")
        everything = reference.predict(pictures, proposals)
        candidates = artifact.predict(pictures, proposals)
        references = expected(everything, artifact.card, artifact.network_size)
        check_outputs(artifact.path, references, candidates)
        seen = seen or Seen(comparison_of(keras.task, references)(everything, pictures.shape[1:3]), {})
        for i, (_, targets) in enumerate(chunk):
            ours, theirs = pick(references, i), pick(candidates, i)
            seen.comparison.update(ours, theirs, targets)
            tally(seen.differences, *seen.comparison.align(ours, theirs), seen.count)
            fault = "" if seen.faults else broken(theirs, len(keras.class_names))
            if fault:
                seen.faults = (f"{fault} (picture #{seen.count})",)
            seen.count += 1
    if seen is None:
        raise InputError("there are no examples to verify on: give one picture or more")
    return seen


def values_of(outputs):
    """Returns what limits name of the float outputs: each one's largest difference and shift, and those of all."""
    floats = {name: output for name, output in outputs.items() if "max_abs" in output}
    return {
        **{name: output["max_abs"] for name, output in floats.items()},
        **{f"{name}_shift": output["shift"] for name, output in floats.items()},
        **{limit: greatest(output[key] for output in floats.values()) for limit, key in OF_ALL.items()},
    }


def places_of(differences, outputs):
    """Returns by the names of `values_of` where the largest difference stands."""
    places = {name: difference.place for name, difference in differences.items()}
    floats = [name for name, output in outputs.items() if "max_abs" in output]
    for limit, key in OF_ALL.items() if floats else ():
        worst = floats[int(np.argmax([outputs[name][key] for name in floats]))]
        places[limit] = f"{worst}, {places[worst]}"
    return places


def greatest(values):
    """Returns the largest value, NaN if there is one; `None` without any."""
    values = list(values)
    return float(np.max(values)) if values else None


def check_size(pictures, size):
    """Raises `InputError` if examples are not of the artifact's size."""
    if any(want not in (None, got) for want, got in zip(size, pictures.shape[1:3], strict=True)):
        given = written(pictures.shape[1:3])
        raise InputError(f"examples must be pictures of the artifact's {written(size)} pixels, received {given}")


def chunks(examples, size):
    """Yields lists of at most `size` examples in their order, the pictures of each of one shape."""
    for _, alike in groupby(examples, lambda example: np.shape(example[0])):
        while chunk := list(islice(alike, size)):
            yield chunk


def check_outputs(path, reference, candidate):
    """Raises `InputError` if two dicts of predictions differ in names or shapes."""
    shapes = [{name: array.shape for name, array in sorted(o.items())} for o in (reference, candidate)]
    if shapes[0] != shapes[1]:
        raise InputError(f"{path} was not made from this model: it returns {shapes[1]}, Keras {shapes[0]}")


def pick(outputs, i):
    """Returns the predictions of picture i of a batch."""
    return {name: array[i] for name, array in outputs.items()}
