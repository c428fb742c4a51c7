"""One process at a time: locks that end with the process that holds them, however it ends."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

from zoo.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path, refusal=None):
    """Holds a lock while the block runs.

    Where the system or the disk knows no locks (Windows, some network disks) the block runs without, and one line on
    stderr says so.

    Args:
        path: file of the lock, which stays: what counts is that a living process holds it, not that it is there.
        refusal: the error's words where another process holds it, `{}` standing for that process; `None` to wait.

    Raises:
        InputError: if another process holds it and `refusal` is given, or the file cannot be written.
    """
    try:
        file = open(path, "a+", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error
    with file:
        try:
            _take(file, wait=refusal is None)
        except BlockingIOError as error:
            file.seek(0)
            raise InputError(refusal.format(f"process {file.read().strip() or 'of unknown number'}")) from error
        except OSError as error:
            print(f"{Path(path).parent}: goes unlocked ({error.strerror}); use it by one process", file=sys.stderr)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _take(file, wait):
    if fcntl is None:
        raise OSError(0, "this system knows no such locks")
    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
