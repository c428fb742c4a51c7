"""The files of an artifact: what they are called, of which format they are, and their bytes."""

import hashlib
from pathlib import Path

from zoo.errors import InputError
from zoo.weights.catalogue import find, hint

SUFFIXES = {"saved_model": "", "onnx": ".onnx", "tflite": ".tflite", "openvino": ".xml"}
"""By format of an artifact, how its name ends; a SavedModel is a folder."""
FORMATS = {suffix: format for format, suffix in SUFFIXES.items() if suffix} | {".keras": "keras"}
"""By suffix of a file, its format."""
KNOWN = "a SavedModel folder, .onnx, .tflite, .xml (OpenVINO) or .keras file"


def located(path_or_name):
    """Returns the path of a file, or of what a name stands for, fetched if need be: an artifact before a .keras file.

    A name itself is returned where Keras builds its model, as torchvision's.

    Raises:
        InputError: if no model has such a name, or it cannot be fetched.
    """
    entry = find(path_or_name)
    return Path(path_or_name) if entry is None else entry.located() or str(path_or_name)


def format_of(path):
    """Returns "saved_model", "onnx", "tflite", "openvino" or "keras", of what `located` returned.

    Raises:
        InputError: if `path` is missing or none of them.
    """
    if find(path):
        return "keras"
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist{hint(path)}: give {KNOWN}, or a name that `zoo weights` lists")
    if (path / "saved_model.pb").is_file():
        return "saved_model"
    if path.is_file() and path.suffix in FORMATS:
        return FORMATS[path.suffix]
    if (path / "model.keras").is_file():
        raise InputError(f"{path} is a run's folder: give the model in it, {path / 'model.keras'}, or an artifact")
    raise InputError(f"{path} is no artifact: give {KNOWN}")


def files(path):
    """Returns the file itself and an OpenVINO file's weights, or a folder's files in sorted order."""
    if path.is_file():
        return [path, weights] if (weights := weights_beside(path)) else [path]
    return sorted(p for p in path.rglob("*") if p.is_file())


def weights_beside(path):
    """Returns the .bin of OpenVINO that belongs to an .xml, `None` for other files and where there is none."""
    weights = path.with_suffix(".bin")
    return weights if path.suffix == ".xml" and weights.is_file() else None


def size(path):
    """Returns the bytes of a file or of all files of a folder."""
    return sum(p.stat().st_size for p in files(Path(path)))


def sha256(path):
    """Returns the hex digest of a file, or of the names and contents of a folder's files."""
    path, digest = Path(path), hashlib.sha256()
    for file in files(path):
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode())
        with open(file, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
