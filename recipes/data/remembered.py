"""What reading a file once has shown, remembered by its path, size and time of change."""

import json
import math
import os
import sqlite3
import stat
from collections import deque
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from recipes.data import pictures
from recipes.data.headers import TAIL
from recipes.data.labels import UNREADABLE
from recipes.data.processes import in_processes
from zoo.progress import track

CHUNK = 128
PART = 10_000
"""Files that are looked up together: a question to the memory, which takes up to 32,766 names."""
PNG, END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
MOST = 1000
VERSION = 3  # counts up when a function comes to find something else


def folder():
    """Returns the folder of what is remembered, which may be removed at any time: REGIONZOO_CACHE, or the user's."""
    return Path(os.environ.get("REGIONZOO_CACHE") or Path.home() / ".cache" / "regionzoo")


def remembered(function, paths, description):
    """Calls a function for each file, in processes; files that did not change since are not read again.

    Args:
        function: of a module, or a `functools.partial` of such ones; takes a path and returns what JSON can hold, a
            string where the file is at fault, which is not remembered.
        paths: sequence of strings.
        description: what is going on, for a progress bar.

    Returns:
        List of what it returned, `None` for what is no regular file.
    """
    memory, facts, fresh, asked = Memory(f"{VERSION}:{name_of(function)}"), [None] * len(paths), {}, deque()

    def unknown():
        for start in range(0, len(paths), PART):
            part = [os.path.abspath(paths[i]) for i in range(start, min(start + PART, len(paths)))]
            known, new = memory.read(part), []
            for i, path in enumerate(part, start):
                now, (then, fact) = state(path), known.get(path, (None, None))
                facts[i] = fact if now == then else None
                if now and now != then:
                    new.append((i, path, now))
            for first in range(0, len(new), CHUNK):
                asked.append(new[first : first + CHUNK])
                yield function, [path for _, path, _ in asked[-1]]

    for found in track(in_processes(each, unknown()), description, math.ceil(len(paths) / CHUNK)):
        for (i, path, now), fact in zip(asked.popleft(), found, strict=True):
            facts[i] = fact
            if not isinstance(fact, str):
                fresh[path] = now, fact
        if len(fresh) >= PART:
            memory.write(fresh)
            fresh.clear()
    memory.write(fresh)
    return facts


def picture_facts(paths, description):
    """Returns of each picture its `[height, width]`, as it is decoded, from the head of its file.

    A string stands for one that is no picture, and says so, and `None` for one that is not there.
    """
    return remembered(picture_fact, paths, description)


def picture_fact(path):
    """Returns the fact of one picture."""
    try:
        return [int(side) for side in pictures.size_of(path)]
    except ValueError as error:
        return str(error).removesuffix("; replace or remove it")  # of all that is at fault the source says so


def label_facts(paths, read, description):
    """Returns of each label map `[height, width, numbers, count]`: those that occur, `MOST` at most, and how many.

    A string stands for one that cannot be read, and says so, and `None` for one that is not there.

    Args:
        paths: list of strings.
        read: function of a module that takes bytes and returns `(H, W)` integers, or raises `ValueError`.
        description: what is going on.
    """
    return remembered(partial(label_fact, read), paths, description)


def label_fact(read, path):
    """Returns the fact of one label map."""
    try:
        with pictures.opened(path) as file:
            contents = file.read()
        numbers = read(contents)
        if contents.startswith(PNG) and END not in contents[-TAIL:]:
            return UNREADABLE  # Pillow reads what TensorFlow will not
    except ValueError as error:
        return str(error).removesuffix("; replace or remove it")  # of all that is at fault the source says so
    found = np.unique(numbers).tolist()
    return [*numbers.shape, found if len(found) <= MOST else [*found[: MOST - 1], found[-1]], len(found)]


def name_of(function):
    """Returns what tells a function from others."""
    if isinstance(function, partial):
        return f"{name_of(function.func)}({', '.join(map(name_of, function.args))})"
    return f"{function.__module__}.{function.__qualname__}"


def state(path):
    """Returns the size and time of change of a regular file, `None` where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def each(function, paths):
    """Returns what a function says of each path; named, so that another process finds it."""
    return [function(path) for path in paths]


class Memory:
    """The facts of one function, on disk, where that can be written; nothing is lost but time where it cannot.

    Args:
        function: its name.
    """

    def __init__(self, function):
        self.function = function

    def read(self, paths):
        """Returns `{path: (state, fact)}` of those of some paths that are known."""
        folders, found = {}, {}
        for path in paths:
            name, _, last = path.rpartition(os.sep)
            folders.setdefault(name or os.sep, []).append(last)
        try:
            with closing(self._open()) as database:
                for name, lasts in folders.items():
                    rows = database.execute(
                        "SELECT name, size, time, fact FROM facts WHERE function = ? AND folder = ? "
                        f"AND name IN ({', '.join('?' * len(lasts))})",
                        (self.function, *map(os.fsencode, (name, *lasts))),
                    )
                    found |= {
                        os.path.join(name, os.fsdecode(file)): ((size, time), json.loads(fact))
                        for file, size, time, fact in rows
                    }
        except (OSError, sqlite3.Error, ValueError):
            return {}  # damaged, or not to be had: all is read anew
        return found

    def write(self, facts):
        """Adds `{path: (state, fact)}`."""
        if not facts:
            return
        rows = [
            (self.function, *map(os.fsencode, os.path.split(path)), *now, json.dumps(fact))
            for path, (now, fact) in facts.items()
        ]
        try:
            with closing(self._open()) as database, database:
                database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?)", rows)
        except (OSError, sqlite3.Error):
            return

    def _open(self):
        folder().mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(folder() / "facts.sqlite", timeout=30)
        database.execute(
            "CREATE TABLE IF NOT EXISTS facts (function TEXT, folder BLOB, name BLOB, size INTEGER, time INTEGER, "
            "fact TEXT, PRIMARY KEY (function, folder, name)) WITHOUT ROWID"
        )
        return database
