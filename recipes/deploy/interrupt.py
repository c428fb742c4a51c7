"""Ctrl-C that ends a camera or a video whole."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def interruptible():
    """Lets the block end by itself where Ctrl-C is pressed; pressed again, it interrupts as ever.

    Yields:
        `threading.Event` that is set once Ctrl-C was pressed. Outside the main thread, which alone hears it, never.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def ask(*_):
        asked.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
