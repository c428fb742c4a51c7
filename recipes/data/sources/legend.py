"""What the numbers or colours of a mask mean: a file of a class a line, as classes.txt or CVAT's labelmap.txt."""

import os
import re
from dataclasses import dataclass

import numpy as np

from recipes.data import pictures
from recipes.data.files import numbered_lines
from zoo.constants import VOID
from zoo.errors import InputError

FILES = ("classes.txt", "labelmap.txt", "label_colors.txt", "class_dict.csv")
HEADER = ("name,r,g,b", "name,red,green,blue", "class,r,g,b")
"""Of class_dict.csv, in lower case and without spaces."""
RGB = r"(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})"
AFTER = re.compile(rf"(.+?)(?:\s*[:=,]\s*|\s+)\(?{RGB}\)?\s*(?::.*)?")
BEFORE = re.compile(rf"{RGB}[\s,:]+(.+)")
HEX = re.compile(r"(.+?)(?:\s*[:=,]\s*|\s+)#([0-9a-fA-F]{6})")
VALUE = re.compile(r"(.+?)\s*=\s*(\d{1,5})")
MOST_BYTES, LONGEST = 1 << 19, 500
"""Of the file, and characters of a line."""
NO_CLASS = ("void", "ignore", "ignored", "unlabeled", "unlabelled")
BORDERS = 224 << 16 | 224 << 8 | 192
"""The colour of borders and of what is hard to tell, in Pascal VOC's masks."""


@dataclass(frozen=True)
class Legend:
    """Classes and what stands for them in masks.

    Attributes:
        path: the file that says so.
        classes: tuple of names.
        meant: dict of class or 255 for void, by number; colours count as red x 65536 + green x 256 + blue.
        coloured: whether the numbers are colours.
    """

    path: object
    classes: tuple
    meant: dict
    coloured: bool

    def labels(self, numbers):
        """Returns the labels `(H, W)` int32 of numbers `(H, W)`; void for what the legend does not name."""
        known = np.array(sorted(self.meant), np.int64)
        values = np.array([self.meant[number] for number in known.tolist()], np.int32)
        place = np.searchsorted(known, numbers).clip(max=len(known) - 1)
        return np.where(known[place] == numbers, values[place], np.int32(VOID)).astype(np.int32)

    def fault(self, numbers):
        """Returns which numbers, `(N,)`, the legend does not name, or `None`."""
        odd = [number for number in numbers.tolist() if number not in self.meant]
        if not odd:
            return None
        what = "colour" if self.coloured else "pixel label"
        some = ", ".join(shown(number) if self.coloured else str(number) for number in odd[:3])
        more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
        return f"{what} {some}{more} is none of the {len(self.meant)} that {self.path.name} names"


def legend_near(folder):
    """Returns the `Legend` of a folder or its parent, `None` where no file there names colours or numbers."""
    for place in (folder, folder.resolve().parent):
        for name in FILES:
            if os.path.isfile(place / name):
                return legend_in(place / name)
    return None


def legend_in(path):
    """Reads a file of a class a line: `name r g b`, `r g b name`, `name #rrggbb`, `name:r,g,b::` or `name = 255`.

    Classes count from 0 in the order of the lines; a name that stands twice is one class. Those called void or
    ignore are none, nor is the colour of VOC's borders. Lines that begin with # are passed over.

    Args:
        path: `Path` of the file.

    Returns:
        A `Legend`, `None` where the lines are names alone.

    Raises:
        InputError: if only some lines have a colour or a number, or one stands for two classes.
    Source: the layouts of CVAT's masks, of CamVid's label_colors.txt, and of class_dict.csv, as DeepGlobe's set
    and many on Kaggle have it.
    """
    lines = [
        (place, " ".join(line.split()))  # of many blanks the forms would try each
        for place, line in numbered_lines(path, MOST_BYTES, LONGEST)
        if line[0] != "#"
    ]
    if lines and lines[0][1].lower().replace(" ", "") in HEADER:
        del lines[0]
    for coloured, reads in ((True, colour_of), (False, value_of)):
        found = [(place, reads(line)) for place, line in lines]
        missing = [place for place, pair in found if pair is None]
        if len(missing) < len(found):
            if missing:
                what = "a colour, 0 to 255" if coloured else "a number"
                raise InputError(f"{path}: line {missing[0]} has no name with {what}, as other lines have")
            return numbered(path, found, coloured)
    return None


def numbered(path, found, coloured):
    """Returns the `Legend` of pairs of line and `(name, number)`."""
    names, meant, lines = [], {}, {}
    for place, (name, number) in found:
        if name.lower() not in NO_CLASS and name not in names:
            names.append(name)
        label = VOID if name.lower() in NO_CLASS else names.index(name)
        if meant.setdefault(number, label) != label:
            what = shown(number) if coloured else number
            raise InputError(f"{path}: lines {lines[number]} and {place} both have {what}; a class has its own")
        lines.setdefault(number, place)
    if not names or len(names) > VOID:
        raise InputError(f"{path}: names {len(names)} classes; a mask has 1 to {VOID}")
    meant.setdefault(BORDERS if coloured else VOID, VOID)
    return Legend(path, tuple(names), meant, coloured)


def colour_of(line):
    """Returns name and colour of a line, or `None`."""
    if match := HEX.fullmatch(line):
        return match[1].strip(), int(match[2], 16)
    if match := BEFORE.fullmatch(line):
        *rgb, name = match.groups()
    elif match := AFTER.fullmatch(line):
        name, *rgb = match.groups()
    else:
        return None
    red, green, blue = map(int, rgb)
    return (name.strip(), red << 16 | green << 8 | blue) if max(red, green, blue) < 256 else None


def value_of(line):
    """Returns name and number of a line, or `None`."""
    match = VALUE.fullmatch(line)
    return match and (match[1].strip(), int(match[2]))


def colours_from_bytes(contents):
    """Reads a picture's colours as numbers `(H, W)` int32: red x 65536 + green x 256 + blue.

    Raises:
        ValueError: if it is no complete picture; the message lacks the file's name.
    """
    red, green, blue = np.moveaxis(pictures.from_bytes(contents).astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def shown(number):
    """Returns a colour as a message shows it."""
    return f"({number >> 16}, {number >> 8 & 255}, {number & 255})"
