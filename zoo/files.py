"""Files written in one step, so that a kill leaves the old one or the new one whole."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from zoo.errors import InputError

PARTIAL = ".partial-"
_writing: set = set()  # by threads of this process


@contextmanager
def replacing(path, durable=True, remedy="choose another place"):
    """Puts a file in place in one step: what the block writes under the name that this gives, a rename brings there.

    Args:
        path: the file, or a folder where there is none of that name. A device or a pipe, `/dev/null` or
            `/dev/stdout`, is written to and stays what it is.
        durable: whether it is on the disk when the block is left, so that a loss of power leaves the old one or the
            new one whole, too. That takes 1 to 10 ms a file: many small ones that are made anew easily do without.
        remedy: what to do where the place cannot be written.

    Yields:
        The other name, in the same folder. If the block fails, what it wrote is removed.

    Raises:
        InputError: if the place cannot be written.
    """
    path = Path(path)
    if is_device(path):
        with TemporaryDirectory() as folder:
            yield (made := Path(folder, path.name))
            _pour(made, path, remedy)
        return
    # Keras chooses the format by the ending, so the temporary name keeps it.
    temporary = path.with_name(f".{path.name.split('.')[0]}{PARTIAL}{os.getpid()}.{path.name.partition('.')[2]}")
    _writing.add(temporary.absolute())
    try:
        yield temporary
        if durable:
            _flush(temporary)
        os.replace(temporary, path)
        if durable and os.name != "nt":  # which opens no folders
            _flush(path.parent)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); {remedy}") from error
    finally:
        _remove(temporary)
        _writing.discard(temporary.absolute())


def replace_file(path, write, durable=True):
    """Writes a file in one step, see `replacing`: `write(temporary_path)` makes it."""
    with replacing(path, durable) as temporary:
        write(temporary)


def replace_text(path, text):
    """Writes a text file in one step."""
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def make_folder(path, remedy="name another folder"):
    """Makes a folder, and those above it, where there is none; raises `InputError` where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be made ({error.strerror}); {remedy}") from error


def left_over(folder):
    """Lists the partial files in a folder that no process will finish.

    The name of a partial file holds the number of its process, which is one of this machine. It is left over if that
    process is gone, or is this one and not writing it.
    """
    found = []
    for file in Path(folder).absolute().glob(f".*{PARTIAL}*"):
        number = file.name.rpartition(PARTIAL)[2].partition(".")[0]
        gone = number.isdigit() and (int(number) == os.getpid() or not psutil.pid_exists(int(number)))
        if gone and file not in _writing:
            found.append(file)
    return found


def remove_left_over(folder):
    """Removes what `left_over` lists."""
    for file in left_over(folder):
        _remove(file)


def is_device(path):
    """Says whether a path is that of a device, a pipe or a stream of this process, which no file may replace."""
    streams = ("/dev", "/dev/fd", "/proc/self/fd")
    return path.exists() and (str(path.absolute().parent) in streams or not (path.is_file() or path.is_dir()))


def _pour(file, device, remedy):
    """Writes what a file holds to a device."""
    try:
        with open(file, "rb") as source, open(device, "wb") as target:
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise InputError(f"{device}: cannot be written ({error.strerror or error}); {remedy}") from error


def _remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):  # which, as `isdir`, takes names that no file can have
        path.unlink(missing_ok=True)


def _flush(path):
    """Waits until a file, or the names in a folder, are on the disk."""
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)
