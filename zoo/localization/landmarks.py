"""The landmarks of a face and the joints of a person.

Source: Ng, "Convolutional Neural Networks" (deeplearning.ai), week 3, "Landmark Detection", for the output vector.
"""

from keras import layers

from zoo.errors import InputError
from zoo.localization.features import deepest_features
from zoo.localization.points import DISTANCES, PointRegressor
from zoo.localization.soft_argmax import SoftArgmax
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def landmarks(
    num_points: int = 68,
    *,
    backbone: str = "small_cnn_stride8",
    weights: Weights = None,
    width: float = 1.0,
    loss: str = "squared",
    input_shape: Shape = (224, 224, 3),
    name: str = "landmarks",
) -> PointRegressor:
    """Builds the network of a face's landmarks: is there a face, and where are its 68 points; 137 numbers.

    Each point has a map of its own, a 1x1 convolution over the backbone's features, and stands at its soft-argmax: a
    dense layer over the flattened features, the lecture's form, learned far slower.

    Args:
        num_points: number of points K.
        backbone: a name, function or `keras.Model`, see `zoo.localization.features.deepest_features`. The finer its
            deepest map, the better the points are told apart.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of the backbone's filters.
        loss: of the points: "squared", "l1" or "wing", see `PointRegressor`.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `PointRegressor`: `(B, H, W, 3)` raw pixels to `{"y": (B, 1 + 2K)}`.
    Raises:
        InputError: if the loss or the backbone is unknown, or the picture's size is not fixed.
    """
    if loss not in DISTANCES:
        raise InputError(f"{name} takes loss= one of {', '.join(DISTANCES)}, received {loss!r}")
    image, x = deepest_features(backbone, width=width, input_shape=input_shape, name=name)
    presence = layers.Dense(1, dtype="float32", name="presence")(layers.GlobalAveragePooling2D(name="average")(x))
    maps = layers.Conv2D(num_points, 1, dtype="float32", name="maps")(x)
    points = layers.Flatten(name="coordinates")(SoftArgmax(dtype="float32", name="points")(maps))
    y = layers.Concatenate(dtype="float32", name="y")([presence, points])
    model = PointRegressor(image, {"y": y}, name=name)
    model.loss_form = loss
    return with_weights(model, weights)


def pose(
    num_points: int = 14,
    *,
    backbone: str = "small_cnn_stride8",
    weights: Weights = None,
    width: float = 1.0,
    loss: str = "squared",
    input_shape: Shape = (224, 224, 3),
    name: str = "pose",
) -> PointRegressor:
    """Builds the network of a person's joints: `landmarks` with 14 points, as many as Leeds Sports Poses marks.

    Arguments, result and errors are those of `landmarks`.
    """
    return landmarks(
        num_points,
        backbone=backbone,
        loss=loss,
        width=width,
        weights=weights,
        input_shape=input_shape,
        name=name,
    )
