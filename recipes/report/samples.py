"""Sample predictions as rows of small pictures, ready for a web page."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from recipes.drawing import VOID, overlay
from zoo.errors import InputError

LONGEST_SIDE = 560
WRONG = (213, 40, 40)


@dataclass(frozen=True)
class Sample:
    """One picture, what is in it and what the model saw.

    Attributes:
        name: what to call it, e.g. the file's name.
        image: `(H, W, 3)` uint8.
        truth: `(H, W)` integers, 255 = void, or `None`.
        prediction: `(H, W)` integers.
        score: the main figure on this picture alone, higher is better, or `None`.
    """

    name: str
    image: np.ndarray
    truth: np.ndarray | None
    prediction: np.ndarray
    score: float | None = None


def worst_first(samples):
    """Sorts samples by rising score; those without one (`None`, NaN) follow in their own order."""

    def rank(sample):
        return np.inf if sample.score is None or np.isnan(sample.score) else sample.score

    return sorted(samples, key=rank)


def classes_in(samples):
    """Returns the set of classes that occur in the samples, true or predicted; without void."""
    maps = [m for sample in samples for m in (sample.truth, sample.prediction) if m is not None]
    return {int(c) for m in maps for c in np.unique(m)} - {VOID}


def panels(sample):
    """Draws a sample.

    Returns:
        list of `(caption, picture)`, each picture a `data:` address: the picture itself, ground truth,
        prediction and errors; without ground truth the picture itself and the prediction.
    Raises:
        InputError: if ground truth or prediction is not of the picture's size.
    """
    drawn = [("picture", sample.image), ("prediction", overlay(sample.image, sample.prediction))]
    if sample.truth is not None:
        drawn.insert(1, ("ground truth", overlay(sample.image, sample.truth)))
        drawn.append(("errors", errors(sample)))
    return [(caption, data_address(picture)) for caption, picture in drawn]


def errors(sample):
    """Returns the picture in grey, `(H, W, 3)` uint8, its labelled but wrongly predicted pixels in red."""
    if np.shape(sample.truth) != np.shape(sample.prediction):
        raise InputError(
            f"sample {sample.name}: ground truth {np.shape(sample.truth)} and prediction "
            f"{np.shape(sample.prediction)} differ in size"
        )
    wrong = (sample.truth != sample.prediction) & (sample.truth != VOID)
    grey = np.asarray(Image.fromarray(sample.image).convert("L"))
    drawn = np.repeat(grey[..., None] // 2 + 96, 3, axis=-1)
    drawn[wrong] = WRONG
    return drawn


def data_address(picture):
    """Returns a `(H, W, 3)` uint8 picture as a JPEG inside a `data:` address, shrunk where it is large."""
    picture = Image.fromarray(picture)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
