"""Reads the numbers of Darknet's .weights files."""

from pathlib import Path

import numpy as np

from zoo.errors import InputError


def read(path):
    """Reads a weights file.

    The header is three int32, major, minor and revision, and the number of pictures seen: int64 from version 0.2 on
    and int32 before.

    Returns:
        `(N,)` float32, and whether dense kernels are stored input by output, as a version above 1000 says.
    Raises:
        InputError: if there is no such file, or it is no header and a whole number of float32.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such .weights file")
    version = np.fromfile(path, "<i4", count=3)
    if version.size < 3:
        raise InputError(f"{path}: the file ends within its header; fetch it again")
    # As Python's integers, which do not overflow.
    major, minor, _ = version.tolist()
    header = 20 if major * 10 + minor >= 2 and major < 1000 and minor < 1000 else 16
    length = path.stat().st_size - header
    if length < 0 or length % 4:
        raise InputError(f"{path}: the file is cut short: {length:,} bytes after its header are no float32 numbers")
    return np.fromfile(path, "<f4", offset=header), major > 1000 or minor > 1000
