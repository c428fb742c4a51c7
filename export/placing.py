"""Puts what is finished in its place: written in a folder beside it, renamed at once, nothing left behind."""

import glob
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from export.files import FORMATS, weights_beside


@contextmanager
def folder_beside(path):
    """Makes a temporary folder next to `path`, removed at the end whatever happens.

    A killed process cannot remove its folder: the name holds the process id, and the next export to the same path
    removes what processes left that are gone.
    """
    import psutil

    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        if not psutil.pid_exists(int(left.name.split(".")[-3])):
            shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.{os.getpid()}.", suffix=".tmp", dir=path.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def put_in_place(written, path, folder):
    """Renames the finished artifact to `path`; the one that was there moves aside first if it is more than a file.

    A file is replaced in one step. A folder that holds files cannot be, nor an OpenVINO file with its weights, so for
    an instant there is none at `path`.
    """
    weights = weights_beside(written)
    parts = {written: path, **({weights: path.with_suffix(".bin")} if weights else {})}
    aside = {}
    try:
        for target in parts.values() if weights or path.is_dir() else ():
            if target.exists():
                aside[target] = folder / f"previous{target.suffix}"
                target.rename(aside[target])
        for part in reversed(parts):  # the weights first: a graph without them is broken
            os.replace(part, parts[part])
    except OSError:
        for target, previous in aside.items():
            os.replace(previous, target)
        raise


def unverified(path):
    """Returns under which name an artifact is kept that should stand at `path` and differs from its model."""
    suffix = path.suffix if path.suffix in FORMATS else ""  # of a folder v1.2 no part is one
    return path.with_name(f"{path.name.removesuffix(suffix)}.unverified{suffix}")
