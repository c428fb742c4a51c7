"""Reads the arrays of Keras's weights files: `.h5` of all its versions, `.weights.h5` and `.keras`."""

import io
import json
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
    return opened(Path(path), arrays)


def is_of_applications(path):
    """Says whether a file has the layers of keras.applications' VGG16, and is none of the zoo's.

    Raises:
        InputError: as `read`.
    """
    return of_applications(opened(Path(path), lambda path, file: {layer for layer, _, _ in saved(file)}))


def of_applications(layers):
    """Says so of the names of a file's layers."""
    return "block1_conv1" in layers and OURS not in layers


def opened(path, function):
    """Returns what a function of the path and the open HDF5 file of weights returns."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        with h5py.File(io.BytesIO(unpacked(path)) if path.suffix == ".keras" else path, "r") as file:
            return function(path, file)
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"{path}: no weights file of Keras, or damaged; fetch it again") from error


def unpacked(path, name="model.weights.h5"):
    """Returns the bytes of an entry of a `.keras` archive."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(name)
        check_size(path, entry.filename, entry.file_size)
        return archive.read(entry)


def described(path):
    """Returns the configuration of the model in a `.keras` file, a dict; its `layers` are one by their names.

    Raises:
        InputError: if the file's description of the model is damaged.
    """
    try:
        config = json.loads(unpacked(path, "config.json"))["config"]
        return {**config, "layers": {layer["config"]["name"]: layer for layer in config["layers"]}}
    except DAMAGE as error:
        raise InputError(f"{path}: its config.json describes no model of the zoo; save the model again") from error


def arrays(path, file):
    """Returns the arrays and the layers of an open file."""
    found, layers = {}, set()
    for layer, group, places in saved(file):
        layers.add(layer)
        for place, within in places:
            name, dataset = f"{layer}/{place}", group[within]
            if not isinstance(dataset, h5py.Dataset) or elsewhere(dataset, file):
                raise InputError(f"{path}: {name!a:.80} is no array that the file itself holds")
            check_size(path, name, dataset.nbytes)
            found[name] = np.asarray(dataset)
    if not found:
        raise InputError(f"{path}: holds no weights of layers")
    return found, layers


def saved(file):
    """Lists the layers of an open file: the name, a group, and pairs of each array's place and its name there."""
    found = []

    def visit(name, group):
        if "weight_names" in group.attrs:  # to version 2: a group a layer, which lists its arrays
            found.append((name.rpartition("/")[2], group, list(enumerate(group.attrs["weight_names"]))))
        elif name.endswith("/vars"):  # since version 3: numbered arrays
            found.append((str(group.attrs["name"]), group, [(place, place) for place in group]))

    file.visititems(visit)
    return found


def elsewhere(dataset, file):
    """Says whether the numbers of a dataset lie in another file than the open one."""
    return dataset.is_virtual or bool(dataset.external) or dataset.file.filename != file.filename


def check_size(path, name, size):
    """Raises `InputError` where something in a file claims more bytes than the file can hold."""
    if size > LARGEST * path.stat().st_size:
        raise InputError(f"{path}: {name!a:.80} claims {size:,} bytes, which the file cannot hold")
