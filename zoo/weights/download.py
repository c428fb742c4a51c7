"""The arrays of published files: downloaded, checked, converted, and kept on this machine."""

import hashlib
import os
import zipfile
from pathlib import Path

import keras
import numpy as np

from zoo.errors import InputError
from zoo.weights.published import folder


def tensors(entry, read):
    """Returns the arrays of a published file, which is downloaded, checked and converted the first time.

    Args:
        entry: a `Published`.
        read: function of the file's path to its arrays.
    Raises:
        InputError: if it cannot be downloaded, or does not have its checksum; it says where to put the file.
    """
    if not entry.cached.is_file():
        file = fetched(entry)
        check_sum(file, entry)
        store(entry.cached, read(file))
        file.unlink()
    try:
        with np.load(entry.cached, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, LookupError, zipfile.BadZipFile) as error:
        raise InputError(f"{entry.cached}: the file is damaged; remove it, it is then fetched again") from error


def fetched(entry):
    """Returns the path of the file as its publisher offers it."""
    path = folder() / entry.file
    try:
        folder().mkdir(parents=True, exist_ok=True)
        return Path(keras.utils.get_file(entry.file, entry.url, cache_dir=str(folder()), cache_subdir=""))
    except Exception as error:  # what get_file raises where there is no network
        raise InputError(f"{entry.url} cannot be fetched ({error}): put the file at {path} yourself") from error


def check_sum(file, entry):
    """Raises `InputError` where a file does not have the checksum that its name ends with."""
    with open(file, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    wanted = Path(entry.file).stem.rpartition("-")[2]
    if not digest.startswith(wanted):
        raise InputError(f"{file}: its SHA-256 begins with {digest[:8]}, not {wanted}: remove it and try again")


def store(path, arrays):
    """Writes arrays in one step."""
    temporary = path.with_name(f".{path.stem}.partial-{os.getpid()}.npz")
    try:
        np.savez(temporary, **arrays)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); KERAS_HOME names another folder") from error
    finally:
        temporary.unlink(missing_ok=True)
