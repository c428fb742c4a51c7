"""Measuring a model or an artifact on a source, each picture at its own size."""

from itertools import islice

import numpy as np

from recipes import metrics
from recipes.data import pictures
from recipes.data.progress import track
from recipes.report import Sample
from zoo.errors import InputError


def evaluate(predictor, source):
    """Predicts every picture of a source and compares with its targets.

    Pictures are letterboxed to the model's size and predictions brought back to the picture's own, so figures of
    models with different sizes compare.

    Args:
        predictor: what `export.load` returns.
        source: a `Source` with the targets of the predictor's task.

    Returns:
        A flat dict of figures.

    Raises:
        InputError: if the source's classes are not the model's.
    """
    check_classes(predictor, source)
    evaluator = metrics.evaluator(predictor.task, predictor.class_names)
    examples = track(decoded(source, source.records()), f"evaluating on {source.spec}", len(source))
    for example, prediction in predictions(predictor, examples):
        evaluator.update(prediction, example)
    return evaluator.scores()


def look(predictor, source, count):
    """Predicts pictures spread evenly over a source.

    Returns:
        List of at most `count` `recipes.report.Sample`, each with its own score.
    """
    check_classes(predictor, source)
    spread = source.records().shard(max(1, len(source) // count), 0).take(count)
    samples = []
    for example, prediction in predictions(predictor, decoded(source, spread)):
        evaluator = metrics.evaluator(predictor.task, predictor.class_names)
        evaluator.update(prediction, example)
        samples.append(
            Sample(
                name=example["name"].decode().rsplit("/", 1)[-1],
                image=example["image"],
                truth=example["segmentation"],
                prediction=np.argmax(prediction["logits"], axis=-1),
                score=evaluator.scores()["miou"],
            )
        )
    return samples


def predictions(predictor, examples):
    """Yields `(example, prediction)` for examples with an "image" of any size, batched for the predictor.

    Raises:
        InputError: if the model's map does not cover its picture.
    """
    size, batch_size = predictor.image_size, predictor.batch_size or 8
    examples = iter(examples)
    while batch := list(islice(examples, batch_size)):
        fitted, placements = zip(*(pictures.fit(example["image"], size) for example in batch), strict=True)
        logits = predictor.predict(np.stack(fitted))["logits"]
        if logits.shape[1:3] != size:
            raise InputError(
                f"the model maps {size[0]}x{size[1]} pixels to {logits.shape[1]}x{logits.shape[2]}: "
                'build it with padding="mirror", which covers the whole picture'
            )
        for example, placement, one in zip(batch, placements, logits, strict=True):
            yield example, {"logits": placement.restore(one)}


def decoded(source, records):
    """Returns the examples of some records as dicts of arrays, decoded one ahead."""
    return records.map(source.decode).prefetch(1).as_numpy_iterator()


def check_classes(predictor, source):
    """Raises `InputError` where the source's classes are not those that the model learned."""
    theirs, ours = tuple(source.class_names(predictor.task)), tuple(predictor.class_names)
    if theirs != ours:
        raise InputError(
            f"{source.spec} has the classes {', '.join(theirs)}, the model {', '.join(ours)}: "
            "name a source with the model's classes"
        )
