"""A folder that is written under another name, so that a kill leaves nothing that looks like a whole set."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from zoo.errors import InputError
from zoo.files import PARTIAL, left_over

WHOLE = "whole"
LAST = ("data.yaml", "ImageSets")
"""What names the pictures of a split is the last to reach a folder that has another."""


@contextmanager
def staged(folder):
    """Gives a folder to write in, and puts it in place when the block has run.

    It lies beside the folder, and takes its name; or in it, if that holds something, and then what was written is
    moved to what is there. What a killed process left of the same folder is removed first, or moved if it was whole.

    Args:
        folder: path.

    Yields:
        Path of the folder to write in, which is lost if the block raises, and whether it lies in the other.

    Raises:
        InputError: if it cannot be written, or another process is at it.
    """
    given, folder = folder, Path(os.path.realpath(folder))
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{given}: is a file; name a folder")
    finish_interrupted(folder)
    adding = folder.is_dir() and any(folder.iterdir())
    place = folder if adding else folder.parent
    stage = place / f".{folder.name}{PARTIAL}{os.getpid()}."
    whole = stage.with_name(stage.name + WHOLE)
    try:
        stage.mkdir(parents=True)
        others = [other for other in place.glob(f".{folder.name}{PARTIAL}*") if other != stage]
        if others:
            what = "another process is writing the same; wait for it, or remove this if there is none"
            raise InputError(f"{others[0]}: {what}")
        yield stage, adding
        if hasattr(os, "sync"):  # not on Windows
            os.sync()
        if adding:
            stage.rename(whole)
            merge(whole, folder)
        else:
            if folder.is_dir():
                folder.rmdir()
            stage.rename(folder)
    except OSError as error:
        raise InputError(f"{given}: cannot be written ({error.strerror or error}); choose another place") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def merge(stage, folder):
    """Moves all that a whole folder holds into another, what names the pictures last."""
    for path in sorted(stage.iterdir(), key=lambda path: path.name in LAST):
        move(path, folder / path.name)
    stage.rmdir()


def move(path, place):
    """Moves a file or a folder; a folder into the one that is there."""
    if not (path.is_dir() and place.is_dir()):
        os.replace(path, place)
        return
    for part in path.iterdir():
        move(part, place / part.name)
    path.rmdir()


def finish_interrupted(folder):
    """Ends what killed processes left of a folder: what was whole is moved into it, the rest removed."""
    for place in (folder, folder.parent):
        for stage in left_over(place):
            if stage.is_dir() and stage.name.startswith(f".{folder.name}{PARTIAL}"):
                if stage.name.endswith(WHOLE):
                    merge(stage, folder)
                    print(f"{folder}: what an interrupted process had written for it is now there")
                else:
                    shutil.rmtree(stage)


def check_settled(folder):
    """Raises `InputError` while a whole split is on its way into a folder, or if that was broken off."""
    if any(Path(folder).glob(f".*{PARTIAL}*.{WHOLE}")):
        raise InputError(f"{folder}: pictures are being added, or were when that was broken off: run that again")
