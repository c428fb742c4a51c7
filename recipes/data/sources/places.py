"""Where the picture lies that an annotation names, however it writes the path."""

import os
import reprlib
from functools import cached_property
from pathlib import Path, PurePosixPath

from recipes.data.pictures import SUFFIXES


class Places:
    """The pictures of a folder, by the names that annotations give them.

    Args:
        folder: path of the folder, outside of which nothing is looked for.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    def find(self, name):
        """Finds a picture.

        Args:
            name: as it is annotated: with the folders of another machine perhaps, or back-slashes.

        Returns:
            Its path, whether or not it is there, and what is wrong with the name, "" for nothing.
        """
        shown = reprlib.repr(name)
        if not name or "\0" in name or not can_be_encoded(name):
            return self.folder / "picture", f"is called {shown}, which no file is"
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or parts[-1] in ("..", "/"):
            return self.folder / "picture", f"is called {shown}, which no file is"
        inside = ".." not in parts and parts[0] != "/" and not parts[0].endswith(":")
        direct = self.folder.joinpath(*parts) if inside else None
        if direct is not None and os.path.isfile(direct):
            return direct, ""
        last = self.folder / parts[-1]
        if os.path.isfile(last):
            return last, ""
        found = self._by_name.get(parts[-1], ())
        if len(found) == 1:
            return found[0], ""
        if not inside:
            return (
                last,
                f"is called {shown}, which leaves the folder {self.folder}, where there is no {parts[-1][:200]}",
            )
        return direct, ""

    @cached_property
    def _by_name(self):
        """The pictures of all subfolders, looked for once."""
        found = {}
        for path in files_under(self.folder, SUFFIXES):
            found.setdefault(path.name, []).append(path)
        return found


def can_be_encoded(name):
    """Says whether a name has bytes: JSON may have halves of characters."""
    try:
        return bool(os.fsencode(name))
    except UnicodeEncodeError:
        return False


def files_under(folder, suffixes, deep=True):
    """Lists the regular files of a folder; those whose name begins with a dot are no one's annotations.

    Args:
        folder: path.
        suffixes: of their names, in lower case.
        deep: whether those of subfolders are listed, too.

    Returns:
        Sorted list of `Path`, `[]` where there is no such folder.
    """
    found = []
    for top, folders, names in walked(folder):
        folders[:] = [name for name in folders if deep and name[0] != "." and name != "__MACOSX"]
        paths = [Path(top, name) for name in names if name[0] != "."]
        found += [path for path in paths if path.suffix.lower() in suffixes and os.path.isfile(path)]
    return sorted(found)


def walked(folder):
    """As `os.walk`, in order, and through links; one that leads round in a circle is followed once."""
    seen = set()
    for top, folders, names in os.walk(folder, followlinks=True):
        here = os.stat(top)
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        folders.sort()
        yield top, folders, names
