"""`sbd:DIR[:split]`: the Semantic Boundaries Dataset, a class a pixel for more of Pascal VOC's pictures."""

import io
from pathlib import Path

import numpy as np
import scipy.io
import tensorflow as tf

from recipes.data.sources.label_maps import LabelMaps
from recipes.data.sources.voc_segmentation import pictures_of, stems_of
from zoo.errors import InputError
from zoo.weights.names import VOC

NEEDED = "sbd:DIR is benchmark_RELEASE/dataset of its archive and needs DIR/img/NAME.jpg and DIR/cls/NAME.mat"
UNREADABLE = 'is no complete MATLAB file with the map "GTcls.Segmentation" of SBD'


def read(contents):
    """Reads the map in the bytes of a file: `(H, W)` int32.

    Raises:
        ValueError: if there is none.
    """
    try:
        numbers = scipy.io.loadmat(io.BytesIO(contents), variable_names=["GTcls"])["GTcls"]["Segmentation"][0, 0]
    except Exception as error:  # SciPy raises a different type for every way a file can be broken
        raise ValueError(UNREADABLE) from error
    if numbers.ndim != 2 or numbers.dtype.kind not in "ui":
        raise ValueError(UNREADABLE)
    return numbers.astype(np.int32)


class Sbd(LabelMaps):
    """Pictures with VOC's 20 classes and background a pixel, without void; it joins with `voc_segmentation:`.

    Its splits are not VOC's: pictures of its train are in VOC's val.

    Args:
        rest: `DIR` for all pictures with a map, or `DIR:split` for those that DIR/SPLIT.txt names, one a line.

    Raises:
        InputError: if a folder, the split, a picture or a map is missing.
    Source: Hariharan et al. 2011, "Semantic Contours from Inverse Detectors"; README of the archive.
    """

    classes = VOC
    read = staticmethod(read)

    def __init__(self, rest):
        name, _, split = rest.partition(":")
        if not name:
            raise InputError(f"sbd: names no folder; {NEEDED}")
        folder = Path(name)
        for part in (folder, folder / "img", folder / "cls"):
            if not part.is_dir():
                raise InputError(f"{part}: no such folder; {NEEDED}")
        stems = stems_of(folder, split) if split else sorted(path.stem for path in (folder / "cls").glob("*.mat"))
        if not stems:
            raise InputError(f"{folder / 'cls'}: holds no maps; {NEEDED}")
        images = pictures_of(folder / "img", stems, NEEDED)
        super().__init__(f"sbd:{rest}", images, [folder / "cls" / f"{stem}.mat" for stem in stems], NEEDED)

    def numbers(self, contents):
        """As `Paired.numbers`."""
        numbers = tf.numpy_function(read, [contents], tf.int32, stateful=False)
        return tf.ensure_shape(numbers, (None, None))
