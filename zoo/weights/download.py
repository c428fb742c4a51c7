"""The arrays of published files: downloaded, checked, converted, and kept on this machine."""

import zipfile

import numpy as np

from zoo.errors import InputError
from zoo.weights.fetching import check, fetch, replacing
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
        with replacing(entry.cached) as cached:
            np.savez(cached, **read(file))
        file.unlink()
    try:
        with np.load(entry.cached, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, LookupError, zipfile.BadZipFile) as error:
        raise InputError(f"{entry.cached}: the file is damaged; remove it, it is then fetched again") from error


def fetched(entry):
    """Returns the path of the file as its publisher offers it."""
    path = folder() / entry.file
    if path.is_file():
        check(path, entry.sha256)
    else:
        fetch(entry.url, path, entry.sha256)
    return path
