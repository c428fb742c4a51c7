"""Work shared out to other processes.

What they import to begin with, this module, is light: they load Keras after `_start`.
"""

import multiprocessing
import os
import threading
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from zoo.errors import InputError

AHEAD = 2
PATIENCE = 2.0  # seconds; processes take longer to start


def in_processes(function, items, processes=None, patience=None):
    """Calls a function for each item, soon in processes of their own, and yields what it returns, in order.

    Items are taken as they are needed, so that a long stream of pictures never stands in memory. A program that calls
    this needs its `if __name__ == "__main__":`, as its processes import it.

    Args:
        function: of a module, so that another process finds it by name.
        items: iterable of tuples, the function's arguments.
        processes: how many; as many as there are cores if `None`, none but this one if 1.
        patience: seconds that are worked in this process before others are started; `PATIENCE` if `None`.

    Yields:
        The results.

    Raises:
        InputError: if a process is killed, as by a system that runs out of memory.
    """
    processes, patience = processes or os.cpu_count(), PATIENCE if patience is None else patience
    items, begun = iter(items), time.monotonic()
    for item in items if processes == 1 or patience else ():
        yield function(*item)
        if processes > 1 and time.monotonic() - begun > patience:
            break
    # A copy of this process (fork) would share the locks of TensorFlow's threads, and wait for them for ever.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_start)
    running = deque()
    try:
        for item in items:
            running.append(pool.submit(function, *item))
            if len(running) > AHEAD * processes:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    except BrokenProcessPool as error:
        raise InputError(
            "a process that computed was killed, perhaps for want of memory: run again with fewer processes; "
            "what was finished is kept"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start():
    """Runs first in a new process: the Keras that the zoo imports then leaves out TensorFlow, which has no work."""
    os.environ["KERAS_BACKEND"] = "numpy"
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    """Ends this process when its parent is gone, however it went: it would wait for work for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)
