"""The places of K points of one object, as one vector a picture."""

import math

import keras
from keras import ops

from zoo.model import MultiLossModel

# w and epsilon of the wing loss, in pixels, as in Feng et al. 2018, arXiv:1711.06753.
WING_WIDTH = 10.0
WING_CURVATURE = 2.0


@keras.saving.register_keras_serializable("zoo")
class PointRegressor(MultiLossModel):
    """A model whose output is `y = [Pc, x1, y1 ... xK, yK]`, `(B, 1 + 2K)`.

    Pc is the logit of there being an object, the rest are places as shares of the picture. A point of visibility 0 is
    "don't care", and so are all points of a picture without object.

    Attributes:
        loss_form: a point's loss, a name of `DISTANCES`.
        keypoint_names: names of the points, index for index, or `()`.
        skeleton: pairs of indices from 0 to draw lines between, or `()`.
        flip_pairs: pairs of indices that change places in a mirrored picture, or `()`.
    """

    task = "points"
    loss_form = "squared"
    keypoint_names = ()
    skeleton = ()
    flip_pairs = ()
    loss_names = ("presence", "points")
    saved = (*MultiLossModel.saved, "loss_form", "keypoint_names", "skeleton", "flip_pairs")

    @property
    def num_points(self):
        """Number of points K."""
        return self.output["y"].shape[-1] // 2

    def loss_terms(self, targets, outputs, training=False):
        """Returns the logistic loss of Pc, and the mean loss of the points that count.

        Args:
            targets: dict of `keypoints (B, K, 3)` x, y in pixels and visibility, and `labels (B,)`, -1 where there is
                no object.
            outputs: `{"y": (B, 1 + 2K)}`.
        """
        presence, points = self.parts(outputs["y"])
        present = ops.cast(ops.cast(targets["labels"], "int32") >= 0, "float32")
        keypoints = ops.cast(targets["keypoints"], "float32")
        counts = ops.cast(keypoints[..., 2] > 0, "float32") * present[:, None]
        errors = DISTANCES[self.loss_form](points * self.frame() - keypoints[..., :2], self.frame())
        return {
            "presence": ops.mean(ops.binary_crossentropy(present, presence, from_logits=True)),
            "points": ops.sum(ops.sum(errors, axis=-1) * counts) / ops.maximum(ops.sum(counts), 1.0),
        }

    def predictions(self, outputs):
        """Returns `score (B,)` 0..1 and `points (B, K, 2)` x, y in pixels of the frame."""
        presence, points = self.parts(outputs["y"])
        return {"score": ops.sigmoid(presence), "points": points * self.frame()}

    def parts(self, y):
        """Splits `y (B, 1 + 2K)` into Pc `(B,)` and points `(B, K, 2)`, float32."""
        y = ops.cast(y, "float32")
        return y[:, 0], ops.reshape(y[:, 1:], (-1, self.num_points, 2))

    def frame(self):
        """Returns the frame's `(2,)` width and height in pixels."""
        height, width = self.input_shape[1:3]
        return ops.convert_to_tensor([width, height], "float32")


def squared(difference, frame):
    """Squared error of shares of the picture."""
    return ops.square(difference / frame)


def l1(difference, frame):
    """Absolute error of shares of the picture."""
    return ops.abs(difference / frame)


def wing(difference, frame):
    """Wing loss of pixels, logarithmic near 0, then linear: small errors weigh more than in l1 (Feng et al. 2018)."""
    error = ops.abs(difference)
    near = WING_WIDTH * ops.log(1.0 + error / WING_CURVATURE)
    jump = WING_WIDTH - WING_WIDTH * math.log(1.0 + WING_WIDTH / WING_CURVATURE)
    return ops.where(error < WING_WIDTH, near, error - jump)


# A coordinate's difference `(B, K, 2)` in pixels, and the frame's width and height, to its loss `(B, K, 2)`.
DISTANCES = {"squared": squared, "l1": l1, "wing": wing}
