"""Sample predictions as rows of small pictures, ready for a web page."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from recipes.report.errors import draw_errors
from zoo.constants import VOID
from zoo.drawing.depict import draw_targets
from zoo.drawing.heat import draw_heat

LONGEST_SIDE = 560


@dataclass(frozen=True)
class Sample:
    """One picture, what is in it and what the model saw.

    Attributes:
        name: what to call it, e.g. the file's name.
        image: `(H, W, 3)` uint8.
        truth: targets, see `zoo.drawing.depict`; `None` where nobody knows.
        prediction: what was found, as targets.
        score: the main figure on this picture alone, or `None`.
        heat: the name of a class and `(H, W)` float, 0 to 1, what it looks at; `None` where nobody asked.
    """

    name: str
    image: np.ndarray
    truth: dict | None
    prediction: dict
    score: float | None = None
    heat: tuple | None = None


def worst_first(samples, higher_is_better=True):
    """Sorts samples from the worst score to the best; those without one (`None`, NaN) follow in their own order."""

    def rank(sample):
        if sample.score is None or np.isnan(sample.score):
            return np.inf
        return sample.score if higher_is_better else -sample.score

    return sorted(samples, key=rank)


def classes_in(samples):
    """Returns the set of classes that occur in the samples, true or predicted; without void."""
    targets = [t for sample in samples for t in (sample.truth, sample.prediction) if t is not None]
    labels = [t[key] for t in targets for key in ("segmentation", "labels") if key in t]
    return {int(label) for array in labels for label in np.unique(array)} - {VOID, -1}


def panels(sample, class_names=(), skeleton=()):
    """Draws a sample.

    Args:
        sample: a `Sample`.
        class_names: names of the labels, index for index.
        skeleton: pairs of keypoints to join.
    Returns:
        list of `(caption, picture)`, each picture a `data:` address: the picture itself, ground truth,
        prediction and errors; without ground truth the picture itself and the prediction; and the heat map.
    Raises:
        InputError: if ground truth or prediction is not of the picture's size.
    """
    drawn = [("picture", sample.image)]
    if sample.truth is not None:
        drawn.append(("ground truth", draw_targets(sample.image, sample.truth, class_names, skeleton)))
    drawn.append(("prediction", draw_targets(sample.image, sample.prediction, class_names, skeleton)))
    if sample.truth is not None:
        drawn.append(("errors", draw_errors(sample)))
    if sample.heat is not None:
        drawn.append((f"what {sample.heat[0]} looks at", draw_heat(sample.image, sample.heat[1])))
    return [(caption, data_address(picture)) for caption, picture in drawn]


def data_address(picture):
    """Returns a `(H, W, 3)` uint8 picture as a JPEG inside a `data:` address, shrunk where it is large."""
    picture = Image.fromarray(picture)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
