"""A segmenter whose maps a dense CRF refines, for `zoo evaluate` and `zoo predict`."""

from itertools import tee

import numpy as np

from export.tasks import largest
from recipes.evaluation.ways import Over
from zoo.errors import InputError
from zoo.segmentation.dense_crf import dense_crf


class WithCrf(Over):
    """A predictor over another whose maps it refines.

    Args:
        predictor: what `export.load` returns for a segmenter, or one over it.

    Raises:
        InputError: if the task is another.
    """

    def __init__(self, predictor):
        if predictor.task != "segmentation":
            raise InputError(f"--crf is for segmentation, received a model of {predictor.task or 'no known task'}")
        super().__init__(predictor)

    def predict_each(self, pictures):
        """Yields one dict a picture, its `logits (H, W, C)` the logarithms of the CRF's probabilities."""
        pictures, ahead = tee(pictures)
        for picture, prediction in zip(pictures, self.predictor.predict_each(ahead), strict=True):
            beliefs = dense_crf(picture, prediction["logits"])
            logits = np.log(np.maximum(beliefs, np.finfo(np.float32).tiny))
            yield {**prediction, "logits": logits, "classes": largest(logits)}
