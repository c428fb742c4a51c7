"""Which of the objects, or classes, that a model predicts are drawn and listed."""

from dataclasses import dataclass

import numpy as np

from zoo.constants import VOID
from zoo.drawing.depict import MORE, SCORE, found_in
from zoo.errors import InputError, nearest
from zoo.ops.objects_numpy import detected

TOLD = 10
"""Classes that a message tells where none is near."""


@dataclass(frozen=True)
class Choice:
    """What counts as found.

    Attributes:
        score: the least score of an object, 0-1.
        labels: of the classes that count, `None` for all.
        most: objects a picture, the best; `None` for all.
    """

    score: float = SCORE
    labels: tuple[int, ...] | None = None
    most: int | None = None

    def __call__(self, prediction, task, size, follow=None):
        """Returns what counts of a prediction, and the same as targets that are drawn.

        Args:
            prediction: dict of arrays of one picture, in its own pixels.
            task: as `model.task` names it.
            size: `(height, width)` of the picture.
            follow: a `recipes.deploy.tracking.Tracks` for detectors, or `None`. What it follows counts whatever its
                score is.
        """
        if task not in MORE:
            seen = found_in(prediction, task, size, self.score)
            return prediction, self.of_classes(seen)
        objects = detected(prediction, *MORE[task])
        if self.labels is not None:
            objects = rows(objects, np.isin(objects["labels"], self.labels))
        counts = objects["scores"] >= self.score
        if follow:
            objects["tracks"] = follow(objects)
            counts |= objects["tracks"] > 0
        objects = rows(rows(objects, counts), slice(self.most))
        return objects, found_in(objects, task, size, score=0)

    def of_classes(self, seen):
        """Returns what is seen without what is of other classes: no object, and no class of a pixel."""
        if self.labels is None:
            return seen
        if "segmentation" in seen:
            classes = seen["segmentation"]
            return {"segmentation": np.where(np.isin(classes, self.labels), classes, VOID)}
        if "labels" in seen:
            return rows(seen, np.isin(seen["labels"], self.labels))
        return seen


def rows(objects, which):
    """Returns some rows of objects."""
    return {key: values[which] for key, values in objects.items()}


def choice_of(predictor, score=SCORE, classes=None, most=None):
    """Returns a `Choice`.

    Args:
        predictor: what `export.load` returns.
        score: as the attribute.
        classes: names of classes, a list or a text with commas between; `None` for all.
        most: as the attribute.

    Raises:
        InputError: if the score lies outside 0-1, the model knows no such class, or there are to be none.
    """
    if not 0 <= score <= 1:
        raise InputError(f"--score takes a number from 0 to 1, received {score}")
    if most is not None and most < 1:
        raise InputError(f"--max takes 1 object or more, received {most}")
    if classes is None:
        return Choice(score, None, most)
    names = [name.strip() for name in classes.split(",")] if isinstance(classes, str) else list(classes)
    known = list(predictor.class_names)
    if predictor.task == "points" or not known:
        raise InputError("--classes needs a model that names its classes: leave it out")
    for name in names:
        if name not in known:
            raise unknown_class("--classes", name, known)
    return Choice(score, tuple(label for label, name in enumerate(known) if name in names), most)


def unknown_class(option, name, known):
    """Returns the error of a class that an option names and the model does not know, of those in a list."""
    some = f"; it knows {', '.join(known[:TOLD]) or 'no names of classes'}{' ...' * (len(known) > TOLD)}"
    return InputError(f"{option}: the model knows no {name!r}{nearest(name, known) or some}")
