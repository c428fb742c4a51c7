"""`zoo.draw`: what a model found, on the picture."""

from collections.abc import Mapping

import numpy as np
from PIL import Image

from zoo.drawing.depict import draw_targets, found_in
from zoo.drawing.shapes import checked
from zoo.errors import InputError
from zoo.prediction import SCORE, pictures_of


def draw(
    picture: Image.Image | np.ndarray,
    prediction: Mapping[str, np.ndarray],
    names: object = None,
    *,
    score: float = SCORE,
) -> Image.Image:
    """Draws a prediction on its picture: boxes with names and scores, masks, keypoints, or tinted classes.

    Args:
        picture: PIL picture, or `(H, W, 3)` uint8 RGB.
        prediction: dict of one picture in its own pixels, as `export.load(...).predict_each` yields it, or of a batch
            of one, as `model.predict` returns it.
        names: the model or what `export.load` returned, or a list of class names; if not given those that the
            prediction brings along, see `zoo.prediction.Prediction`.
        score: the least score, 0-1, of an object that is drawn.
    Returns:
        A `PIL.Image.Image` of the picture's size.
    Raises:
        InputError: if the picture is none, the prediction is of several pictures or of none that is known, or of
            another size, or the score is none.
    """
    if not 0 <= score <= 1:
        raise InputError(f"score is a number from 0 to 1, received {score}")
    image = checked(picture.convert("RGB") if isinstance(picture, Image.Image) else picture)
    task, pictures = pictures_of(prediction)
    if len(pictures) != 1:
        raise InputError(f"draw takes the prediction of one picture, received {len(pictures)}: draw them one by one")
    known = prediction if names is None else names
    class_names = known if isinstance(known, list | tuple) else getattr(known, "class_names", ())
    found = found_in(pictures[0], task, image.shape[:2], score)
    drawn = draw_targets(image, found, class_names, getattr(known, "skeleton", ()))
    return Image.fromarray(drawn)
