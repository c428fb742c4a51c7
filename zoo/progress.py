"""What the user is told of work under way: lines, and a progress bar where it turns out to be long."""

import time

from rich.console import Console
from rich.progress import Progress

from zoo.errors import one_line


def say(line):
    """Prints a line for the user, whatever the names in it are."""
    print(one_line(line))


def track(items, description, total, patience=2.0, file=None):
    """Yields `items`, with a progress bar once more than `patience` seconds have passed.

    The bar is drawn on stderr where that is a terminal, so that logs stay clean.

    Args:
        items: any iterable.
        description: what is going on, e.g. "reading pictures".
        total: how many items there are.
        patience: seconds of silence.
        file: where it is drawn instead.

    Yields:
        The items.
    """
    console = Console(stderr=True, file=file)
    progress = Progress(console=console, transient=True)
    task = progress.add_task(description, total=total)
    begun, shown = time.monotonic(), False
    try:
        for done, item in enumerate(items):
            if not shown and console.is_terminal and time.monotonic() - begun > patience:
                progress.start()
                shown = True
            progress.update(task, completed=done)
            yield item
    finally:
        if shown:
            progress.stop()
