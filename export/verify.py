"""Does an artifact predict what Keras predicts? Compared in the artifact's real runtime."""

from dataclasses import asdict, dataclass
from itertools import islice

import numpy as np

from export.errors import input_error
from export.runtime import DYNAMIC_BATCH, KerasPredictor, load
from export.source import all_layers
from export.tasks import COMPARISONS

TOLERANCES = {
    None: {"relative": 1e-4, "agreement": 0.999},
    "float16": {"relative": 1e-2, "agreement": 0.995},
    "dynamic": {"agreement": 0.98},
    "int8": {"metric_change": 0.01, "agreement": 0.95},
}
"""By `quantize`: the largest difference of a float output over max(1, largest output of Keras), the smallest fraction
of equal classes, the largest fall or rise of the metric. Where labels give the metric, it replaces the agreement.

A network with pooling switches is discontinuous: two pixels of a window that differ in the last bit change places
between runtimes, and the few values that follow from them differ by any amount. There "relative" holds for 99 % of a
float output's values instead of all; the largest difference is reported all the same."""


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes:
        examples: number of pictures compared.
        outputs: by name, `max_abs`, `mean_abs`, `max_relative` and `p99_relative` (99 % of the values lie below it)
            difference of a float output, or the fraction `different` of an integer one.
        agreement: fraction of predictions (pixels, for segmentation) of equal class; `None` for an unknown task.
        metric: the metric's name; `None` without labels.
        keras_metric: of the Keras model.
        artifact_metric: of the artifact.
        metric_change: artifact minus Keras.
        tolerance: the limits used.
        failures: one sentence for each limit exceeded.
        passed: whether there are none.
    """

    examples: int
    outputs: dict
    agreement: float | None
    metric: str | None
    keras_metric: float | None
    artifact_metric: float | None
    metric_change: float | None
    tolerance: dict
    failures: tuple
    passed: bool

    def to_dict(self):
        """Returns the attributes as a dict that JSON can hold."""
        return {**asdict(self), "failures": list(self.failures)}

    def summary(self):
        """Returns what the card keeps: outputs, agreement, tolerance, passed."""
        return {key: self.to_dict()[key] for key in ("outputs", "agreement", "tolerance", "passed")}


def verify(artifact_path, model_or_path, examples, tolerance=None):
    """Compares an artifact with its Keras model on pictures.

    Args:
        artifact_path: a SavedModel folder, .onnx or .tflite file.
        model_or_path: the `keras.Model` or .keras file it was made from.
        examples: iterable of `(picture, labels)`: uint8 `(height, width, 3)` of the artifact's size, and the task's
            labels, for segmentation integers `(height, width)`, or `None`.
        tolerance: limits instead of those of `TOLERANCES`: a dict of `relative`, `agreement`, `metric_change`.
    Returns:
        A `Verification`.
    Raises:
        InputError: if a file is broken, a picture has another size, there are no examples, or the outputs differ.
    """
    artifact, keras = load(artifact_path), KerasPredictor.of(model_or_path)
    limits = check_tolerance(tolerance, artifact.card)
    differences, comparison, count = {}, None, 0
    for chunk in chunks(examples, artifact.batch_size or DYNAMIC_BATCH):
        pictures = np.stack([picture for picture, _ in chunk])
        candidate, reference = artifact.predict(pictures), keras.predict(pictures)
        check_outputs(artifact_path, reference, candidate)
        for name in reference:
            differences.setdefault(name, difference_of(reference[name])).update(reference[name], candidate[name])
        if comparison is None and keras.task in COMPARISONS:
            comparison = COMPARISONS[keras.task](reference)
        if comparison is not None:
            for i, (_, labels) in enumerate(chunk):
                comparison.update(pick(reference, i), pick(candidate, i), labels)
        count += len(chunk)
    if count == 0:
        raise input_error("there are no examples to verify on: give one picture or more")

    outputs = {name: difference.result() for name, difference in differences.items()}
    metrics = comparison.metrics() if comparison else None
    judged = "p99_relative" if has_switches(keras.model) else "max_relative"
    found = {
        "relative": max((o[judged] for o in outputs.values() if judged in o), default=None),
        "agreement": comparison.agreement if comparison else None,
        "metric_change": metrics[1] - metrics[0] if metrics else None,
    }
    failures = exceeded(found, limits)
    return Verification(
        examples=count,
        outputs=outputs,
        agreement=found["agreement"],
        metric=comparison.metric if metrics else None,
        keras_metric=metrics[0] if metrics else None,
        artifact_metric=metrics[1] if metrics else None,
        metric_change=found["metric_change"],
        tolerance=limits,
        failures=failures,
        passed=not failures,
    )


def has_switches(model):
    """Says whether a layer of the model selects positions, which makes its outputs discontinuous."""
    return any(getattr(layer, "discontinuous", False) for layer in all_layers(model))


def check_tolerance(tolerance, card):
    """Returns the limits to use: those given, or the table's for the artifact's `quantize`."""
    if tolerance is None:
        return dict(TOLERANCES[card.quantize if card else None])
    known = ("relative", "agreement", "metric_change")
    if not isinstance(tolerance, dict) or not set(tolerance) <= set(known):
        raise input_error(f"tolerance must be a dict with keys among {', '.join(known)}, received {tolerance!r}")
    return dict(tolerance)


def exceeded(found, limits):
    """Returns a sentence for each limit that a value exceeds; what was not measured is not judged."""
    limits = {name: limit for name, limit in limits.items() if found[name] is not None}
    if "metric_change" in limits:
        limits.pop("agreement", None)
    failures = []
    for name, limit in limits.items():
        value = found[name]
        if name == "agreement" and value < limit:
            failures.append(f"agreement {value:.4f} is below {limit}")
        elif name != "agreement" and not abs(value) <= limit:  # a NaN fails too
            failures.append(f"{name} {value:.3g} is beyond {limit}")
    return tuple(failures)


def chunks(examples, size):
    """Yields lists of at most `size` examples."""
    examples = iter(examples)
    while chunk := list(islice(examples, size)):
        yield chunk


def check_outputs(path, reference, candidate):
    """Raises `InputError` if two dicts of predictions differ in names or shapes."""
    shapes = [{name: array.shape for name, array in sorted(o.items())} for o in (reference, candidate)]
    if shapes[0] != shapes[1]:
        raise input_error(f"{path} was not made from this model: it returns {shapes[1]}, Keras {shapes[0]}")


def pick(outputs, i):
    """Returns the predictions of picture i of a batch."""
    return {name: array[i] for name, array in outputs.items()}


def difference_of(array):
    """Returns an empty tally for outputs of the array's kind."""
    return FloatDifference() if np.issubdtype(array.dtype, np.floating) else IntegerDifference()


class FloatDifference:
    """Largest and mean absolute difference of a float output over all batches."""

    def __init__(self):
        self.largest = self.most = self.total = self.scale = 0.0
        self.count = 0

    def update(self, reference, candidate):
        """Adds a batch."""
        difference = np.abs(reference.astype(np.float64) - candidate)
        self.largest = np.maximum(self.largest, difference.max(initial=0.0))  # unlike max(), keeps a NaN
        self.most = np.maximum(self.most, np.quantile(difference, 0.99) if difference.size else 0.0)
        self.scale = max(self.scale, float(np.abs(reference).max(initial=0.0)))
        self.total += difference.sum()
        self.count += difference.size

    def result(self):
        """Returns the differences by name."""
        return {
            "max_abs": float(self.largest),
            "mean_abs": float(self.total / max(self.count, 1)),
            "max_relative": float(self.largest / max(1.0, self.scale)),
            "p99_relative": float(self.most / max(1.0, self.scale)),
        }


class IntegerDifference:
    """Fraction of different values of an integer output over all batches."""

    def __init__(self):
        self.different = self.count = 0

    def update(self, reference, candidate):
        """Adds a batch."""
        self.different += int(np.sum(reference != candidate))
        self.count += reference.size

    def result(self):
        """Returns the fraction by name."""
        return {"different": self.different / max(self.count, 1)}
