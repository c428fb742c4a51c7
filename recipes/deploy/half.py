"""A `.keras` file whose kernels are stored in halves; what opens it computes in float32 as before."""

import io
import zipfile

import h5py
import numpy as np

from zoo.errors import InputError
from zoo.weights.keras_file import DAMAGE

WEIGHTS, OPTIMIZER = "model.weights.h5", "optimizer"


def store_half(source, target):
    """Writes a `.keras` file anew, without its optimizer and with kernels as float16, about half as large.

    Vectors (biases, all of batch normalisation) stay as they are, as in `export.onnx_shrink`, and so do kernels with
    a number that float16 does not reach.

    Args:
        source: path of the file.
        target: path of the new one.
    Raises:
        InputError: if the file is damaged.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        entries[WEIGHTS] = halved_weights(entries[WEIGHTS])
    except DAMAGE as error:
        raise InputError(f"{source}: no .keras file, or damaged") from error
    with zipfile.ZipFile(target, "w") as written:
        for name, content in entries.items():
            written.writestr(name, content)


def halved_weights(content):
    """Returns an HDF5 file of weights with kernels as float16, as bytes as it is given."""
    small = io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as theirs, h5py.File(small, "w") as ours:
        copy(theirs, ours)
    return small.getvalue()


def copy(theirs, ours):
    """Copies a group of HDF5 and all below it."""
    ours.attrs.update(theirs.attrs)
    for name, item in theirs.items():
        if name == OPTIMIZER and theirs.name == "/":
            continue
        if isinstance(item, h5py.Group):
            copy(item, ours.create_group(name))
        else:
            ours.create_dataset(name, data=halved(item[()])).attrs.update(item.attrs)


def halved(array):
    """Returns a kernel as float16, other arrays as they are."""
    if array.ndim < 2 or array.dtype != np.float32:
        return array
    if np.abs(array).max(initial=0) > np.finfo(np.float16).max:
        return array
    return array.astype(np.float16)
