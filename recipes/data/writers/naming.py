"""The names that pictures of many folders get in one."""

import os
import re
import unicodedata

from recipes.data.pictures import SUFFIXES

FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\/\ud800-\udfff]")
"""What a line of a list, an XML or JSON file, or another system takes for something else."""


class Names:
    """Gives each picture a name of its own, also where large and small letters are the same.

    Args:
        taken: names without suffix that are given already.
    """

    def __init__(self, taken=()):
        self.taken, self.last, self.renamed = {key(stem) for stem in taken}, {}, 0

    def give(self, name, suffixes):
        """Returns the name of the next picture's file.

        Args:
            name: what the source calls it, perhaps a path, of which the last part counts.
            suffixes: those that tell what the file holds; the picture's own stays where it is among them.
        """
        last = re.split(r"[\\/]", name)[-1]
        own, suffix = os.path.splitext(last)
        if suffix.lower() not in SUFFIXES:
            own, suffix = last, ""
        stem = plain = allowed(own)
        while key(stem) in self.taken:
            number = self.last[key(plain)] = self.last.get(key(plain), 1) + 1
            stem = f"{plain}-{number}"
        self.taken.add(key(stem))
        self.renamed += stem != own
        return stem + (suffix if suffix.lower() in suffixes else suffixes[0])


def allowed(stem):
    """Returns a name such that every format can list it, and no program takes it for hidden."""
    stem = FORBIDDEN.sub("_", stem).strip()
    return re.sub(r"^\.+", lambda dots: "_" * len(dots[0]), stem) or "picture"


def key(stem):
    """Returns what is the same for two names that some disk takes for one."""
    return unicodedata.normalize("NFC", stem).casefold()
