"""Holds back what C++ code prints to the process's standard error, past Python's `sys.stderr`."""

import os
import sys
import tempfile
import threading
from contextlib import contextmanager

from zoo.errors import InputError

KEPT: list[int] = []
"""Descriptors of standard error from before it was held, the user's first."""
TURN = threading.RLock()
"""Standard error is the process's: two threads that held it at once would leave it lost."""


@contextmanager
def native_stderr_held():
    """Keeps standard error from the terminal while the block runs; shows it after all if the block fails.

    An `InputError` is no failure: its own message says all. Threads take turns.
    """
    with TURN, tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        own = os.dup(2)
        KEPT.append(own)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException as error:
            if not isinstance(error, InputError):
                held.seek(0)
                os.write(own, held.read())
            raise
        finally:
            os.dup2(own, 2)
            os.close(KEPT.pop())


@contextmanager
def shown_stderr():
    """Yields the user's standard error as a text file, also where it is held."""
    with os.fdopen(os.dup(KEPT[0] if KEPT else 2), "w") as file:
        yield file
