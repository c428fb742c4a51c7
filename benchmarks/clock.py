"""How long a run took, its killed attempts included, and when it is to stop."""

import signal
import threading
import time
from contextlib import contextmanager

from zoo.errors import InputError
from zoo.files import replace_text

BEAT = 5.0
"""Seconds from one note of the time to the next."""


@contextmanager
def timed(path):
    """Keeps the seconds that all attempts together took in a file, so that one that was killed counts, too.

    Yields:
        Function without arguments to the seconds so far.
    """
    try:
        before = float(path.read_text()) if path.is_file() else 0.0
    except ValueError as error:
        raise InputError(f"{path}: is damaged; write the seconds so far into it, or 0") from error
    start, over = time.perf_counter(), threading.Event()
    path.parent.mkdir(parents=True, exist_ok=True)

    def so_far():
        return before + time.perf_counter() - start

    def note():
        while not over.wait(BEAT):
            replace_text(path, f"{so_far():.1f}\n")

    noting = threading.Thread(target=note, daemon=True)
    noting.start()
    try:
        yield so_far
    finally:
        over.set()
        noting.join()
        replace_text(path, f"{so_far():.1f}\n")


class Stopped(BaseException):
    """The time is over. No `Exception`: nothing that mends errors on its way shall take it for one."""


@contextmanager
def stopped_after(seconds):
    """Raises `Stopped` in the main thread after so many seconds, 0 for never."""

    def stop(*_):
        raise Stopped(f"stopped after {seconds:.0f} seconds: the same command goes on from the last whole epoch")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
