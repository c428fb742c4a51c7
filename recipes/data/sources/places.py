"""Where the picture lies that an annotation names, however it writes the path."""

import os
import reprlib
import unicodedata
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

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

        One that does not lie where it is said to is looked for in all subfolders: with folders of another machine
        before it, without some of its own, in other case, in the other of Unicode's two ways to write é, or as a web
        address writes blanks. A picture of that name in another folder (`b/1.jpg` for `a/1.jpg`) is not meant.

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
        meant = spellings(name)
        called = [path for parts in meant for path in self._by_name.get(parts[-1:], ())]
        found = [path for path in dict.fromkeys(called) if any(self._is(path, parts) for parts in meant)]
        if len(found) == 1:
            return found[0], ""
        if called:
            some = ", ".join(str(path) for path in (found or called)[:3])
            what = "as several are" if found else "but lies in another folder"
            return (
                direct or last,
                f"is called {shown}, {what} ({some}); mend the name, rename the folder, or give it as DIR",
            )
        if not inside:
            return (
                last,
                f"is called {shown}, which leaves the folder {self.folder}, where there is no {parts[-1][:200]}",
            )
        return direct, ""

    def _is(self, path, parts):
        """Says whether a picture's path ends as the name's parts do, or these as the path in the folder does."""
        own = spelt(path.relative_to(self.folder).parts)
        count = min(len(own), len(parts))
        return own[-count:] == parts[-count:]

    @cached_property
    def _by_name(self):
        """The pictures of all subfolders, looked for once."""
        found = {}
        for path in files_under(self.folder, SUFFIXES):
            found.setdefault(spelt([path.name]), []).append(path)
        return found


def can_be_encoded(name):
    """Says whether a name has bytes: JSON may have halves of characters."""
    try:
        return bool(os.fsencode(name))
    except UnicodeEncodeError:
        return False


def spellings(name):
    """Returns the parts of what a name may mean: as it stands, as a web address, or as Label Studio's `?d=PATH`."""
    words = dict.fromkeys([name, unquote(name), unquote(name.rpartition("?d=")[2])])
    parts = (PurePosixPath(word.replace("\\", "/")).parts for word in words)
    return [spelt(part for part in some if part not in ("/", "..")) for some in parts]


def spelt(parts):
    """Returns a tuple of the parts of a path that is the same however case and accents are written."""
    return tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)


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
