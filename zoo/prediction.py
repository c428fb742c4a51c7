"""What a model predicts: the dict of its task, which says in words what is in it."""

from collections import Counter
from collections.abc import Mapping
from html import escape

import numpy as np

from zoo.errors import InputError
from zoo.html import table

RANKS = {
    "segmentation": ("logits", 3),
    "localization": ("box", 1),
    "points": ("points", 2),
    "masks_and_keypoints": ("boxes", 2),
    "instance_segmentation": ("boxes", 2),
    "keypoints": ("boxes", 2),
    "detection": ("boxes", 2),
}
"""By task, a key of its predictions and the dimensions that it has for one picture."""
FURTHER = {
    "masks_and_keypoints": {"masks", "keypoints"},
    "instance_segmentation": {"masks"},
    "keypoints": {"keypoints"},
}
"""Likewise what tells it from a task further down."""
SHOWN = 20
"""Objects of a picture that a notebook lists."""
SCORE = 0.5
"""The least score of an object that counts as found."""


class Prediction(dict):
    """The dict of arrays that `model.predict` and `export.load(...).predict` return; a notebook shows it as a table.

    It is a dict otherwise, and `{**prediction}` a plain one.

    Attributes:
        task: whose predictions these are, `None` where unknown.
        class_names: index for index; `()` where unknown.
        keypoint_names: likewise.
        skeleton: pairs of keypoints to join.
    """

    def __init__(self, values=(), like=None):
        super().__init__(values)
        self.task = getattr(like, "task", None)
        for name in ("class_names", "keypoint_names", "skeleton"):
            setattr(self, name, tuple(getattr(like, name, ())))

    def __repr__(self):
        if not whole(self):
            return super().__repr__()
        shapes = ", ".join(f"{name} {np.shape(values)}" for name, values in self.items())
        return "\n".join([f"Prediction({shapes})", *in_words(self)])

    def _repr_html_(self):
        if not whole(self):
            return f"<pre>{escape(super().__repr__())}</pre>"
        return table(("picture", "what", "score", "where"), listed(self))


def whole(prediction):
    """Says whether a `Prediction` has all that its task is told in words by; files may leave outputs out."""
    needed = {"segmentation": {"logits"}, "localization": {"score", "box", "probs"}, "points": {"score", "points"}}
    return prediction.task in RANKS and needed.get(prediction.task, {"boxes", "scores", "labels"}) <= set(prediction)


def task_of(prediction):
    """Returns the task whose predictions a dict holds, and whether they are of a batch of pictures.

    Raises:
        InputError: if it holds those of none.
    """
    if not isinstance(prediction, Mapping):
        raise InputError(
            f"a prediction is a dict as model.predict returns it, received a {type(prediction).__name__}"
        )
    for task, (key, rank) in RANKS.items():
        if key in prediction and FURTHER.get(task, set()) <= set(prediction):
            return task, np.ndim(prediction[key]) > rank
    raise InputError(f"a prediction has boxes, box, points or logits, received {', '.join(map(str, prediction))}")


def pictures_of(prediction):
    """Returns the task and one dict a picture, without batch dimension."""
    task, batched = task_of(prediction)
    if not batched:
        return task, [prediction]
    count = len(prediction[RANKS[task][0]])
    return task, [{name: np.asarray(values)[i] for name, values in prediction.items()} for i in range(count)]


def listed(prediction):
    """Lists what was found: tuples of the picture's number, what, its score or share, and its box, in words."""
    task, pictures = pictures_of(prediction)
    names, rows = getattr(prediction, "class_names", ()), []
    for number, one in enumerate(pictures):
        found = list(FOUND[task](one, names))
        rows += [(str(number), *row) for row in found[:SHOWN]] or [(str(number), "nothing", "", "")]
        if len(found) > SHOWN:
            rows.append((str(number), f"and {len(found) - SHOWN} more", "", ""))
    return rows


def in_words(prediction):
    """Returns a line for each of the first pictures, as "0: 2 dog, 1 cat"."""
    task, pictures = pictures_of(prediction)
    names, lines = getattr(prediction, "class_names", ()), []
    for number, one in enumerate(pictures[:SHOWN]):
        counts = Counter(" ".join(row[:2]) if task == "segmentation" else row[0] for row in FOUND[task](one, names))
        words = [name if task in ("segmentation", "points") else f"{n} {name}" for name, n in counts.items()]
        lines.append(f"  {number}: {', '.join(words) or 'nothing'}")
    return lines


def objects(one, names):
    """Yields what, score and box of the objects of a picture, the best first."""
    for label, score, box in zip(one["labels"], one["scores"], one["boxes"], strict=True):
        if label >= 0 and score >= SCORE:
            yield name_of(names, int(label)), f"{score:.2f}", where(box)


def the_one(one, names):
    """Likewise of a localizer."""
    if one["score"] >= SCORE:
        yield name_of(names, int(np.argmax(one["probs"]))), f"{one['score']:.2f}", where(one["box"])


def shares(one, names):
    """Yields the classes of a label map, those of most pixels first, with their share."""
    labels = np.argmax(one["logits"], axis=-1)
    counts = np.bincount(labels.ravel())
    for label in np.argsort(-counts, kind="stable"):
        if counts[label]:
            yield name_of(names, label), f"{100 * counts[label] / labels.size:.0f} %", ""


def marks(one, names):
    """Yields how many points there are."""
    if one["score"] >= SCORE:
        yield f"{len(one['points'])} points", f"{one['score']:.2f}", ""


FOUND = dict.fromkeys(RANKS, objects) | {"segmentation": shares, "localization": the_one, "points": marks}


def name_of(names, label):
    """Returns the name of a class, `class 3` where nobody gave one."""
    return names[label] if label < len(names) else f"class {label}"


def where(box):
    """Writes a box."""
    return ", ".join(f"{side:.0f}" for side in box)
