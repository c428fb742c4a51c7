"""Measuring a model or an artifact on a source, each picture at its own size."""

import os
from itertools import tee

import numpy as np

from export.predictor import Predictor
from export.tasks import known_task
from recipes.data.graph import mapped
from recipes.data.sources.proposed import with_proposals
from recipes.data.sources.source import Source
from recipes.data.steps import AHEAD, decoded_as
from recipes.data.targets import TARGETS, measured, missing_targets
from recipes.evaluation import metrics, rle
from recipes.report import Sample
from zoo.drawing.depict import found_in, truth_of
from zoo.errors import InputError
from zoo.progress import track

OF_ALL_CLASSES = ("segmentation", "localization", "points")
"""Tasks whose predictions say something of every class, none of which can be left out."""


def evaluate(predictor: Predictor, source: Source, *, progress: bool = True) -> dict[str, float | None]:
    """Predicts every picture of a source and compares with its targets.

    Args:
        predictor: what `export.load` returns.
        source: a `Source` with the targets of the predictor's task.
        progress: whether a progress bar may be drawn.

    Returns:
        A flat dict of figures, the main figure first; `None` for one without a value.

    Raises:
        InputError: if the source lacks a target, or its classes or keypoints are not the model's.
    """
    return accumulate(predictor, source, progress=progress).scores()


class Measure:
    """Compares what a predictor finds with the targets of a source's examples, in whatever portions they come.

    Predictions are brought back to the picture's own pixels, so figures of models with different sizes compare.

    Attributes:
        evaluator: the task's `Evaluator`: it knows the curves as well as the scores.

    Args:
        predictor: as in `evaluate`.
        source: as in `evaluate`.

    Raises:
        InputError: as `evaluate`.
    """

    def __init__(self, predictor, source):
        self.predictor, self.relabelled = predictor, labels_of(predictor, source)
        names = source.class_names(predictor.task), source.keypoint_names
        self.evaluator = metrics.evaluator(predictor.task, *names)

    def add(self, examples):
        """Predicts and compares the pictures of some examples, see `decoded`."""
        for example, prediction in predictions(self.predictor, examples):
            self.evaluator.update(self.relabelled(prediction), example)


def accumulate(predictor, source, *, progress=True):
    """Returns the `Evaluator` of a `Measure` after all pictures of a source.

    Args:
        predictor: as in `evaluate`.
        source: as in `evaluate`.
        progress: as in `evaluate`.
    """
    measure = Measure(predictor, source)
    if predictor.proposals and "proposals" not in source.keys:
        source = with_proposals(source, predictor.proposals, predictor.num_proposals)
    examples = decoded(source, source.records(), predictor.task)
    if progress:
        examples = track(examples, f"evaluating on {source.spec}", len(source))
    measure.add(examples)
    return measure.evaluator


def take_samples(predictor, source, count):
    """Predicts pictures spread evenly over a source.

    Returns:
        List of at most `count` `recipes.report.Sample`, each with its own score.
    """
    relabel = labels_of(predictor, source)
    spread = source.records().shard(max(1, len(source) // count), 0).take(count)
    samples = []
    for example, prediction in predictions(predictor, decoded(source, spread, predictor.task)):
        prediction = relabel(prediction)
        evaluator = metrics.evaluator(predictor.task, source.class_names(predictor.task), source.keypoint_names)
        evaluator.update(prediction, example)
        if "runs" in example:
            example["masks"] = rle.decode(example["runs"], example["image"].shape[:2])
        samples.append(
            Sample(
                name=os.fsdecode(example["name"]).rsplit("/", 1)[-1],
                image=example["image"],
                truth=truth_of(example, predictor.task),
                prediction=found_in(prediction, predictor.task, example["image"].shape[:2]),
                score=next(iter(evaluator.scores().values())),
            )
        )
    return samples


def predictions(predictor, examples):
    """Returns pairs `(example, prediction)` of examples with an "image" of any size, in its picture's own pixels.

    A model that needs proposals looks at those of the examples, or finds its own where they have none.
    """

    def seen(example):
        given = predictor.proposals and "proposals" in example
        return (example["image"], example["proposals"]) if given else example["image"]

    examples, ahead = tee(examples)
    return zip(examples, predictor.predict_each(map(seen, ahead)), strict=True)


def decoded(source, records, task):
    """Returns what of some records is `measured`, as dicts of arrays in their order; threads decode a few ahead."""

    def decode(record):
        return measured(decoded_as(source, record, task, ("runs",)), task)

    return mapped(records, decode, parallel=True).prefetch(AHEAD).as_numpy_iterator()


def labels_of(predictor, source):
    """Returns the function that brings a prediction's labels to the source's classes.

    A detector may know further ones, as one of COCO's 90 does on a source of 80: what it finds of those is left out.

    Raises:
        InputError: if the source's classes or keypoints are not those that the model learned.
    """
    lacking = missing_targets(source, known_task(predictor, TARGETS))
    if lacking:
        raise InputError(
            f"{source.spec} has no {', '.join(lacking)}, which {predictor.task} is measured by: name another source"
        )
    check_keypoints(predictor, source)
    theirs, ours = tuple(source.class_names(predictor.task)), tuple(predictor.class_names)
    if theirs == ours:
        return lambda prediction: prediction
    repeated = len({*theirs}) < len(theirs) or len({*ours}) < len(ours)
    if predictor.task in OF_ALL_CLASSES or repeated or not {*theirs} <= {*ours}:
        raise InputError(
            f"{source.spec} has the classes {', '.join(theirs)}, the model {', '.join(ours)}: "
            "name a source with the model's classes"
        )
    places = np.array([theirs.index(name) if name in theirs else -1 for name in ours])

    def relabelled(prediction):
        labels = prediction["labels"]
        return {**prediction, "labels": np.where(labels < 0, -1, places[labels])}

    return relabelled


def check_keypoints(predictor, source):
    """Raises `InputError` where the source's keypoints are not those that the model learned."""
    if "keypoints" in TARGETS[predictor.task]:
        theirs, ours = tuple(source.keypoint_names), tuple(predictor.keypoint_names)
        if theirs and ours and theirs != ours:
            raise InputError(
                f"{source.spec} has the keypoints {', '.join(theirs)}, the model {', '.join(ours)}: "
                "name a source with the model's keypoints"
            )
