"""Reads the arrays of Keras's weights files: `.h5` of all its versions, `.weights.h5` and `.keras`."""

import io
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np

from zoo.errors import InputError

OURS = "normalize"
"""A layer of the zoo's models on VGG16 that those of keras.applications do not have."""
LARGEST = 2  # times its own size that a file may claim: Keras compresses nothing
DAMAGE = (OSError, ValueError, LookupError, RuntimeError, TypeError, zipfile.BadZipFile, zlib.error)


def read(path):
    """Reads a file of a model's weights.

    Args:
        path: the `.h5`, `.weights.h5` or `.keras` file.
    Returns:
        A dict of arrays by layer and place, "block1_conv1/0" the kernel and "block1_conv1/1" the bias; and the names
        of all layers that the file lists.
    Raises:
        InputError: if the file is missing, damaged, no file of weights, or refers to other files.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        with h5py.File(io.BytesIO(unpacked(path)) if path.suffix == ".keras" else path, "r") as file:
            return arrays(path, file)
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"{path}: no weights file of Keras, or damaged; fetch it again") from error


def unpacked(path):
    """Returns the bytes of the weights in a `.keras` archive."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("model.weights.h5")
        check_size(path, entry.filename, entry.file_size)
        return archive.read(entry)


def arrays(path, file):
    """Returns the arrays and the layers of an open file."""
    found, layers = {}, set()

    def take(name, dataset):
        if not isinstance(dataset, h5py.Dataset) or dataset.is_virtual or dataset.external:
            raise InputError(f"{path}: {name!a:.80} is no array that the file itself holds")
        check_size(path, name, dataset.nbytes)
        found[name] = np.asarray(dataset)

    def visit(name, group):
        if "weight_names" in group.attrs:  # to version 2: a group a layer, which lists its arrays
            layer = name.rpartition("/")[2]
            layers.add(layer)
            for place, within in enumerate(group.attrs["weight_names"]):
                take(f"{layer}/{place}", group[within])
        elif name.endswith("/vars"):  # since version 3: numbered arrays
            layer = str(group.attrs["name"])
            layers.add(layer)
            for place in group:
                take(f"{layer}/{place}", group[place])

    file.visititems(visit)
    if not found:
        raise InputError(f"{path}: holds no weights of layers")
    return found, layers


def check_size(path, name, size):
    """Raises `InputError` where something in a file claims more bytes than the file can hold."""
    if size > LARGEST * path.stat().st_size:
        raise InputError(f"{path}: {name!a:.80} claims {size:,} bytes, which the file cannot hold")
