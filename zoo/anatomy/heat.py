"""Where in a picture a prediction comes from: class activation maps by the gradient.

Of each cell of a feature map, how much its features add to a score: the gradient times the value, summed over the
channels. Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) averages the gradient over the map first, which for one
box or one region lights up whatever looks alike anywhere; without it the map is true to the one place.

Source: Draelos & Carin 2020, "HiResCAM", arXiv:2011.08891, equation 4; for label maps the score of Vinogradova et
al. 2020, arXiv:2002.11434, equation 2.
"""

import math
from dataclasses import dataclass

import keras
import numpy as np

from zoo.anatomy.info import Count, inputs_of
from zoo.anatomy.walk import tensors_in, walk
from zoo.errors import InputError
from zoo.layers import Unpool
from zoo.prediction import name_of
from zoo.weights.rooms import BACKBONE, HEAD


class NotFound(InputError):
    """The class is not in the picture, as the model sees it."""


@dataclass(frozen=True)
class Heat:
    """Where a score comes from.

    Attributes:
        cells: `(h, w)` float32, 0 to 1, one number a cell of the feature map; all 0 where nothing adds to the score.
        stride: `(height, width)` of a cell in pixels of the frame.
        label: the class.
        score: its score, 0 to 1; of label maps the share of the pixels.
        box: `(4,)` xyxy of the object in pixels of the frame, `None` of label maps and points.
        layer: name of the layer that the map is of.
    """

    cells: np.ndarray
    stride: tuple
    label: int
    score: float
    box: np.ndarray | None
    layer: str


def heat(model, inputs, label=None, *, layer=None):
    """Finds where in one picture the score of a class comes from.

    Args:
        model: a `ZooModel` on TensorFlow's backend.
        inputs: what its `predict` takes, of one picture `(1, H, W, 3)` float32 in the model's frame.
        label: the class; the best one found if not given.
        layer: name of a layer that returns a map of the picture; the last of the backbone if not given.
    Returns:
        A `Heat`; of a detector of its best object of that class.
    Raises:
        NotFound: if the class is not found in the picture.
        InputError: if there is no such layer or none with a map, or the backend is another.
    """
    if keras.backend.backend() != "tensorflow":
        raise InputError(f"heat maps need TensorFlow's gradients, the backend is {keras.backend.backend()}")
    import tensorflow as tf

    inputs = keras.tree.map_structure(lambda x: tf.convert_to_tensor(x, "float32"), inputs)
    size = keras.tree.flatten(inputs)[0].shape[1:3]
    name, place, stride = chosen(model, tuple(size), layer)
    calls, kept = 0, None
    with tf.GradientTape(watch_accessed_variables=False) as tape:

        def visit(operation, *args, **kwargs):
            nonlocal calls, kept
            outputs = operation(*args, **kwargs)
            if calls == place:
                kept = keras.tree.flatten(outputs)[0]
                tape.watch(kept)
            calls += 1
            return outputs

        predictions = model.predictions(walk(model, inputs, visit))
        score, label, told, box = score_of(model, predictions, label)
    gradient = tape.gradient(score, kept)
    cells = np.zeros(kept.shape[1:3], "float32") if gradient is None else np.sum((gradient * kept)[0], axis=-1)
    cells = np.maximum(cells, 0)
    return Heat(cells / max(cells.max(), 1e-12), stride, label, told, box, name)


def chosen(model, size, layer=None):
    """Returns the layer whose map is looked at: its name, its place among the calls, and the sides of a cell.

    Of the backbone's convolutions it is the last one of the coarsest map, with what follows it cell by cell; in a
    network without one that is known by its name, likewise of all but the heads.
    """
    counted = Followed(model, size)
    rows = counted.rows
    maps = {i: row for i, row in enumerate(rows) if row.stride is not None and math.inf not in row.stride}
    if layer is not None:
        places = [i for i, row in maps.items() if row.name == layer]
        if not places:
            raise InputError(f"{model.name} has no layer {layer!r} that returns a map of the picture: see zoo info")
        place = places[-1]
    else:
        learned = [i for i, row in maps.items() if row.flop and not HEAD.fullmatch(row.name)]
        backbone = [i for i in learned if BACKBONE.fullmatch(rows[i].name)] or learned
        if not backbone:
            raise InputError(f"{model.name} has no map of the whole picture: it looks at each region by itself")
        place = counted.last[max(backbone, key=lambda i: (rows[i].stride, i))]
    return rows[place].name, place, rows[place].stride


class Followed(Count):
    """Counts a model, and knows of each call what follows it cell by cell.

    Attributes:
        last: by the place of a call that of the last one in the chain of calls, each of the one before, which treat
            its cells one by one and have no kernel: normalisation, activation, the sum of a residual block.
    """

    def __init__(self, model, size):
        inputs = inputs_of(model, size)
        super().__init__(keras.tree.flatten(inputs))
        self.last, self.maker = {}, {}
        walk(model, inputs, self.visit)

    def visit(self, operation, *args, **kwargs):
        """As `Count`'s."""
        outputs = super().visit(operation, *args, **kwargs)
        place = len(self.rows) - 1
        self.last[place] = place
        if not self.rows[place].flop and not isinstance(operation, Unpool):  # which takes a map for its size
            for spec in tensors_in((args, kwargs)):
                maker = self.maker.get(id(spec))
                if maker is not None and cells_of(self.rows[maker]) == cells_of(self.rows[place]):
                    self.last |= {i: place for i, end in self.last.items() if end == maker}
        self.maker |= {id(spec): place for spec in tensors_in(outputs)}
        return outputs


def cells_of(row):
    """Returns batch, height and width of what a call returns."""
    return row.shapes[0][:3] if row.shapes and len(row.shapes[0]) == 4 else None


def score_of(model, predictions, label):
    """Returns the score whose gradient is taken, the class, the score as a number, and the object's box.

    Args:
        model: the `ZooModel`.
        predictions: its dict, of one picture.
        label: the class, `None` for the best one.
    """
    names = model.class_names
    if model.task == "segmentation":
        logits = predictions["logits"][0]
        labels = np.argmax(logits, axis=-1)
        if label is None:
            counts = np.bincount(labels.ravel())
            counts[0] = counts[0] if counts.sum() == counts[0] else 0  # class 0 is mostly what lies around
            label = int(counts.argmax())
        own = labels == label
        if not own.any():
            raise NotFound(f"{model.name} finds no {name_of(names, label)} in the picture")
        return keras.ops.sum(logits[..., label] * own), label, float(own.mean()), None
    if model.task == "localization":
        label = int(np.argmax(predictions["probs"][0])) if label is None else label
        score = predictions["score"][0] * predictions["probs"][0, label]
        return score, label, float(score), np.asarray(predictions["box"][0])
    if model.task == "points":
        return predictions["score"][0], 0, float(predictions["score"][0]), None
    labels, scores = np.asarray(predictions["labels"][0]), predictions["scores"][0]
    rows = np.flatnonzero(labels >= 0 if label is None else labels == label)
    if not len(rows):
        raise NotFound(f"{model.name} finds no {'object' if label is None else name_of(names, label)} in the picture")
    return scores[rows[0]], int(labels[rows[0]]), float(scores[rows[0]]), np.asarray(predictions["boxes"][0, rows[0]])
