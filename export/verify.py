"""Does an artifact predict what Keras predicts? Compared in the artifact's real runtime."""

from dataclasses import asdict, dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from export.comparisons import COMPARISONS, Comparison
from export.differences import tally
from export.inputs import DYNAMIC_BATCH
from export.runtime import KerasPredictor, load
from export.source import all_layers, at_thresholds, thresholds_of
from export.tolerances import NEARBY, check_tolerance, exceeded, tolerances
from zoo.errors import InputError


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes:
        examples: number of pictures compared.
        outputs: by name, `max_abs`, `mean_abs`, `max_relative` and `p99_relative` (99 % of the values of all pictures
            lie below it) difference of a float output, or the fraction `different` of an integer one. Of a detector,
            over the detections that both models make. Of a float32 network with switches, `p99_nearby` too: the
            `p99_relative` of Keras itself on pictures moved by `NEARBY`.
        agreement: fraction of predictions that are the same: pixels of a class, detections, objects, points; `None`
            for an unknown task.
        figures: further figures of agreement, by name: of masks, "least_mask_iou" and "mean_mask_iou".
        metric: the metric's name; `None` without labels.
        keras_metric: of the Keras model.
        artifact_metric: of the artifact.
        metric_change: artifact minus Keras.
        tolerance: the limits used, raised where `NEARBY` says so.
        failures: one sentence for each limit exceeded.
        passed: whether there are none.
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
    passed: bool

    def to_dict(self):
        """Returns the attributes as a dict that JSON can hold."""
        return {**asdict(self), "failures": list(self.failures)}

    def summary(self):
        """Returns what the card keeps: outputs, agreement, figures, tolerance, passed."""
        return {key: self.to_dict()[key] for key in ("outputs", "agreement", "figures", "tolerance", "passed")}


def verify(artifact_path, model_or_path, examples, tolerance=None):
    """Compares an artifact with its Keras model on pictures, and where they need proposals on the same ones.

    Args:
        artifact_path: a SavedModel folder, .onnx or .tflite file.
        model_or_path: the `keras.Model` or .keras file it was made from.
        examples: iterable of `(picture, targets)`: uint8 `(height, width, 3)` of the artifact's size, and the task's
            targets in its pixels, or `None`: for segmentation integers `(height, width)`, else the dict that
            `recipes.data.pipeline` yields for the task, without batch dimension.
        tolerance: limits instead of those of `TOLERANCES`: a dict of `relative`, `p99_relative`, `agreement`,
            `metric_change`, and names of figures and float outputs.
    Returns:
        A `Verification`.
    Raises:
        InputError: if a file is broken, a picture has another size, there are no examples, or the outputs differ.
    """
    artifact, keras = load(artifact_path), KerasPredictor(model_or_path)
    if tolerance is None:
        limits = tolerances(keras.task, artifact.card.quantize if artifact.card else None, has_switches(keras.model))
    else:
        limits = check_tolerance(tolerance)
    with at_thresholds(keras.model, thresholds_of(artifact.card, keras.model)):
        return compare(artifact, keras, examples, limits)


def compare(artifact, keras, examples, limits):
    """Compares two predictors as `verify` does: an artifact's and the `KerasPredictor` of its model."""
    switches = has_switches(keras.model)
    seen = side_by_side(artifact, keras, examples, nearby_too=switches and "relative" in limits)
    outputs = {name: difference.result() for name, difference in seen.differences.items()}
    for name, difference in seen.nearby.items():
        if "max_abs" in outputs.get(name, ()):
            outputs[name]["p99_nearby"] = difference.result()["p99_relative"]
    limits = raised(limits, outputs)
    figures, metrics = seen.comparison.figures(), seen.comparison.metrics()
    keras_metric, artifact_metric = metrics or (None, None)
    change = artifact_metric - keras_metric if metrics else None
    found = {
        **largest_differences(outputs, "p99_relative" if switches else "max_relative"),
        "agreement": seen.comparison.agreement,
        **figures,
        "metric_change": change,
    }
    failures = exceeded(found, limits)
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
        failures=failures,
        passed=not failures,
    )


class Seen(NamedTuple):
    """What two predictors said of the same pictures.

    Attributes:
        count: number of pictures.
        comparison: the task's `Comparison` of all of them.
        differences: by output, those of the artifact from Keras: see `export.differences`.
        nearby: likewise those of Keras on pictures moved by `NEARBY` from itself; empty where nobody asked.
    """

    count: int
    comparison: Comparison
    differences: dict
    nearby: dict


def side_by_side(artifact, keras, examples, nearby_too):
    """Predicts all examples with both, a batch at a time; returns `Seen`."""
    count, comparison, differences, nearby_differences = 0, None, {}, {}
    for chunk in chunks(examples, artifact.batch_size or DYNAMIC_BATCH):
        pictures = np.stack([picture for picture, _ in chunk])
        check_size(pictures, artifact.image_size)
        proposals = keras.inputs_of(pictures).get("proposals")
        candidates, references = artifact.predict(pictures, proposals), keras.predict(pictures, proposals)
        check_outputs(artifact.path, references, candidates)
        if comparison is None:
            comparison = COMPARISONS.get(keras.task, Comparison)(references, artifact.image_size)
        for i, (_, targets) in enumerate(chunk):
            reference, candidate = pick(references, i), pick(candidates, i)
            comparison.update(reference, candidate, targets)
            tally(differences, *comparison.align(reference, candidate))
        if nearby_too:
            tally(nearby_differences, references, keras.call({"image": nearby(pictures)}))
        count += len(chunk)
    if count == 0:
        raise InputError("there are no examples to verify on: give one picture or more")
    return Seen(count, comparison, differences, nearby_differences)


def raised(limits, outputs):
    """Returns the limits, "relative" no lower than what Keras differs from itself on pictures nearby."""
    if "relative" not in limits:
        return limits
    own = [output["p99_nearby"] for output in outputs.values() if "p99_nearby" in output]
    return {**limits, "relative": max([limits["relative"], *own])}


def largest_differences(outputs, relative):
    """Returns the largest difference of each float output, and of all of them what `relative` and 99 % come to."""
    floats = {name: output for name, output in outputs.items() if "max_abs" in output}
    return {
        **{name: output["max_abs"] for name, output in floats.items()},
        "relative": max((output[relative] for output in floats.values()), default=None),
        "p99_relative": max((output["p99_relative"] for output in floats.values()), default=None),
    }


def has_switches(model):
    """Says whether a layer of the model selects positions, which makes its outputs discontinuous."""
    return any(getattr(layer, "discontinuous", False) for layer in all_layers(model))


def check_size(pictures, size):
    """Raises `InputError` if examples are not of the artifact's size."""
    if pictures.shape[1:3] != size:
        sizes = ["x".join(map(str, side)) for side in (size, pictures.shape[1:3])]
        raise InputError(f"examples must be pictures of the artifact's {sizes[0]} pixels, received {sizes[1]}")


def chunks(examples, size):
    """Yields lists of at most `size` examples."""
    examples = iter(examples)
    while chunk := list(islice(examples, size)):
        yield chunk


def nearby(pictures):
    """Returns float32 pictures whose pixels differ by at most `NEARBY` of their range."""
    noise = np.random.default_rng(0).uniform(-1, 1, pictures.shape)
    return (pictures + 255 * NEARBY * noise).astype(np.float32)


def check_outputs(path, reference, candidate):
    """Raises `InputError` if two dicts of predictions differ in names or shapes."""
    shapes = [{name: array.shape for name, array in sorted(o.items())} for o in (reference, candidate)]
    if shapes[0] != shapes[1]:
        raise InputError(f"{path} was not made from this model: it returns {shapes[1]}, Keras {shapes[0]}")


def pick(outputs, i):
    """Returns the predictions of picture i of a batch."""
    return {name: array[i] for name, array in outputs.items()}
