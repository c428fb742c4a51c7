"""The localizer: is there an object, where is it, and what is it, as one vector a picture.

Source: Ng, "Convolutional Neural Networks" (deeplearning.ai), week 3, "Object Localization".
"""

import keras
from keras import layers, ops

from zoo.errors import InputError
from zoo.localization.features import deepest_features
from zoo.localization.soft_argmax import SoftArgmax, SoftPooling
from zoo.model import MultiLossModel
from zoo.ops import boxes
from zoo.ops.probabilities import softmax
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

LOSSES = ("mixed", "squared")


def localizer(
    num_classes: int,
    *,
    backbone: str = "small_cnn_stride8",
    weights: Weights = None,
    width: float = 1.0,
    loss: str = "mixed",
    box_weight: float = 1.0,
    input_shape: Shape = (224, 224, 3),
    name: str = "localizer",
) -> "Localizer":
    """Builds a network for pictures of one object: a backbone, two maps of where to look, and dense layers.

    The centre is the soft-argmax of one map. Presence, sides and classes are read from the features where the mass of
    the other map is, so that nothing has to be learned anew for each place. The lecture's form, one dense layer over
    the flattened features, stayed at 90 % of the drawn shapes after 60 epochs, its boxes too coarse.

    Args:
        num_classes: number of classes n; no object is none of them.
        backbone: a name, function or `keras.Model`, see `zoo.localization.features.deepest_features`.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of the backbone's filters.
        loss: "mixed" or "squared", see `Localizer`.
        box_weight: factor on the box's loss. The lecture has none; shares of the picture are small numbers beside the
            classes' entropy, so that without one a network learns the classes first and the box late.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `Localizer`: `(B, H, W, 3)` raw pixels to `{"y": (B, 5 + n)}`.
    Raises:
        InputError: if the loss or the backbone is unknown, or the picture's size is not fixed.
    """
    if loss not in LOSSES:
        raise InputError(f"{name} takes loss= one of {', '.join(LOSSES)}, received {loss!r}")
    image, x = deepest_features(backbone, width=width, input_shape=input_shape, name=name)
    where, what = (layers.Conv2D(1, 1, dtype="float32", name=f"{part}_map")(x) for part in ("where", "what"))
    centre = SoftArgmax(dtype="float32", name="centre")(where)
    there = SoftPooling(dtype="float32", name="there")([x, what])
    presence, sides, classes = (
        layers.Dense(units, dtype="float32", name=part)(there)
        for part, units in (("presence", 1), ("sides", 2), ("classes", num_classes))
    )
    y = layers.Concatenate(dtype="float32", name="y")(
        [presence, layers.Flatten(name="centre_xy")(centre), sides, classes]
    )
    model = Localizer(image, {"y": y}, name=name)
    model.loss_form, model.box_weight = loss, box_weight
    return with_weights(model, weights)


@keras.saving.register_keras_serializable("zoo")
class Localizer(MultiLossModel):
    """A model whose output is `y = [Pc, bx, by, bw, bh, C1 ... Cn]`, `(B, 5 + n)`.

    Pc says that there is an object; bx, by are the centre of its box and bw, bh the sides, as shares of the picture;
    the rest are the classes. Where there is no object only Pc is learned, all else is "don't care".

    Attributes:
        loss_form: "squared": squared error of every number. "mixed": logistic loss of Pc, squared error of the box,
            softmax cross-entropy of the classes; Pc and classes are then logits.
        box_weight: factor on the box's loss.
    """

    task = "localization"
    loss_form = "mixed"
    box_weight = 1.0
    loss_names = ("presence", "box", "class")
    saved = (*MultiLossModel.saved, "loss_form", "box_weight")

    @property
    def num_classes(self):
        """Number of classes n."""
        return self.output["y"].shape[-1] - 5

    def loss_terms(self, targets, outputs, training=False):
        """Returns the three terms, each summed over its numbers and averaged over the pictures.

        Args:
            targets: dict of `boxes (B, 4)` xyxy in pixels and `labels (B,)`, -1 where there is no object.
            outputs: `{"y": (B, 5 + n)}`.
        """
        presence, box, classes = parts(outputs["y"])
        labels = ops.cast(targets["labels"], "int32")
        present = ops.cast(labels >= 0, "float32")
        labels = ops.maximum(labels, 0)
        gt_box = boxes.convert(targets["boxes"], "xyxy", "rel_center_xywh", self.input_shape[1:3])
        if self.loss_form == "mixed":
            presence_loss = ops.binary_crossentropy(present, presence, from_logits=True)
            class_loss = ops.sparse_categorical_crossentropy(labels, classes, from_logits=True)
        else:
            presence_loss = ops.square(presence - present)
            class_loss = ops.sum(ops.square(classes - ops.one_hot(labels, self.num_classes)), axis=-1)
        return {
            "presence": ops.mean(presence_loss),
            "box": self.box_weight * ops.mean(present * ops.sum(ops.square(box - gt_box), axis=-1)),
            "class": ops.mean(present * class_loss),
        }

    def predictions(self, outputs):
        """Returns `score (B,)` 0..1, `box (B, 4)` xyxy in pixels of the frame and `probs (B, n)` 0..1."""
        presence, box, classes = parts(outputs["y"])
        size = self.input_shape[1:3]
        box = ops.concatenate([box[:, :2], ops.maximum(box[:, 2:], 0.0)], axis=-1)
        mixed = self.loss_form == "mixed"
        return {
            "score": ops.sigmoid(presence) if mixed else ops.clip(presence, 0.0, 1.0),
            "box": boxes.clip(boxes.convert(box, "rel_center_xywh", "xyxy", size), size),
            "probs": softmax(classes) if mixed else ops.clip(classes, 0.0, 1.0),
        }


def parts(y):
    """Splits `y (B, 5 + n)` into Pc `(B,)`, box `(B, 4)` and classes `(B, n)`, float32."""
    y = ops.cast(y, "float32")
    return y[:, 0], y[:, 1:5], y[:, 5:]
