"""Work that a thread does ahead of who needs it, a few items at most."""

import queue
import threading
from contextlib import suppress

PATIENCE = 0.1
"""Seconds after which a waiting thread looks whether anybody still wants its items."""
FAREWELL = 5.0
"""Seconds that are waited for a thread to end; one that hangs in a camera is left to the end of the process."""
END = object()


def ahead(items, count=2, latest=False):
    """Yields items that a thread of its own draws while the caller works.

    Args:
        items: a generator; it runs, and is closed, in that thread. What it raises is raised here, in its turn.
        count: items that wait at most, so memory stays bounded.
        latest: whether an item that nobody has taken yet gives way to a newer one, as a camera's frames do.
    """
    waiting, unwanted = queue.Queue(count), threading.Event()

    def put(item, replaces=False):
        while not unwanted.is_set():
            try:
                return waiting.put(item, timeout=0 if replaces else PATIENCE)
            except queue.Full:
                if replaces:
                    with suppress(queue.Empty):
                        waiting.get_nowait()

    def work():
        try:
            for item in items:
                put((item, None), latest)
                if unwanted.is_set():
                    break
            items.close()
            put((END, None))
        except BaseException as error:  # is the caller's
            put((END, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is END:
                return
            yield item
    finally:
        unwanted.set()
        thread.join(FAREWELL)
