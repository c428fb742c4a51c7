"""`sbd:DIR[:split]`: the Semantic Boundaries Dataset, a class a pixel for more of Pascal VOC's pictures."""

import io
import os
import zlib
from pathlib import Path

import numpy as np
import scipy.io
import tensorflow as tf

from recipes.data.headers import max_pixels
from recipes.data.natively import by_python
from recipes.data.sources.label_maps import LabelMaps
from recipes.data.sources.voc_segmentation import pictures_of, stems_of
from zoo.errors import InputError
from zoo.weights.names import VOC

NEEDED = "sbd:DIR is benchmark_RELEASE/dataset of its archive and needs DIR/img/NAME.jpg and DIR/cls/NAME.mat"
PACKED = 15
UNREADABLE = 'is no complete MATLAB file with the map "GTcls.Segmentation" of SBD'


def read(contents):
    """Reads the map in the bytes of a file: `(H, W)` int32.

    Raises:
        ValueError: if there is none.
    """
    if unpacked(contents) > max_pixels():
        raise ValueError(f"unpacks to more than {max_pixels():,} bytes; raise REGIONZOO_MAX_PIXELS")
    try:
        numbers = scipy.io.loadmat(io.BytesIO(contents), variable_names=["GTcls"])["GTcls"]["Segmentation"][0, 0]
    except Exception as error:  # SciPy raises a different type for every way a file can be broken
        raise ValueError(UNREADABLE) from error
    if numbers.ndim != 2 or numbers.dtype.kind not in "ui":
        raise ValueError(UNREADABLE)
    return numbers.astype(np.int32)


def unpacked(contents):
    """Returns how many bytes a file's packed elements have when unpacked; counting stops above `max_pixels()`.

    Source: MathWorks, "MAT-File Format", level 5: after 128 bytes elements of a kind, a length and so many bytes.
    """
    at, total, most = 128, 0, max_pixels() + 1
    order = "big" if contents[126:128] == b"MI" else "little"
    while at + 8 <= len(contents) and total < most:
        kind, length = (int.from_bytes(contents[at + part : at + part + 4], order) for part in (0, 4))
        if kind == PACKED:
            try:
                total += len(zlib.decompressobj().decompress(contents[at + 8 : at + 8 + length], most))
            except zlib.error:
                break  # is said by who reads it
        at += 8 + length
    return total


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
            if not os.path.isdir(part):
                raise InputError(f"{part}: no such folder; {NEEDED}")
        stems = stems_of(folder, split) if split else sorted(path.stem for path in (folder / "cls").glob("*.mat"))
        if not stems:
            raise InputError(f"{folder / 'cls'}: holds no maps; {NEEDED}")
        images = pictures_of(folder / "img", stems, NEEDED)
        super().__init__(f"sbd:{rest}", images, [folder / "cls" / f"{stem}.mat" for stem in stems], NEEDED)

    def numbers(self, contents):
        """As `Paired.numbers`."""
        return tf.ensure_shape(by_python(read, contents, tf.int32), (None, None))
