"""Files of class names, one a line, as classes.txt beside a set."""

import os

from recipes.data.files import numbered_lines
from zoo.errors import InputError


def named_classes(path):
    """Reads a file of class names, one a line.

    Args:
        path: `Path` of the file, which may be missing.

    Returns:
        Tuple of names, `()` without the file.

    Raises:
        InputError: if the file names no class, or one twice.
    """
    if not os.path.isfile(path):
        return ()
    lines = {}
    for number, name in numbered_lines(path):
        if lines.setdefault(name, number) != number:
            raise InputError(f"{path}: lines {lines[name]} and {number} both say {name!r}; a class has one line")
    if not lines:
        raise InputError(f"{path}: names no class; write one name a line, or remove the file")
    return tuple(lines)


def classes_near(folder):
    """Returns the names in the file classes.txt of a folder or its parent, `()` without one."""
    return named_classes(folder / "classes.txt") or named_classes(folder.resolve().parent / "classes.txt")
