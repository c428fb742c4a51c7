"""What was read of a large file of annotations, kept on disk: a hundred thousand pictures open again in seconds.

It lies in the folder of `remembered`, a set in a folder of its own: arrays as .npy, which are mapped and not read,
and words as JSON. It is made anew when the file or any folder of the pictures changes. Sets whose file is gone are
forgotten when another is kept, and beyond `MOST` bytes those that were opened longest ago.
"""

import gc
import hashlib
import json
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict

import numpy as np

from recipes.data.files import DAMAGED
from recipes.data.remembered import folder, state
from recipes.data.sources.entries import Fault
from recipes.data.sources.places import walked
from recipes.data.texts import Texts
from zoo.errors import InputError
from zoo.files import remove_left_over, replace_file

LARGE = 1 << 24
"""Bytes of a file that is worth it."""
MOST = 8 << 30
"""Bytes of all sets that are kept together; COCO's 118,000 pictures with polygons take 0.3 GB."""
FILE = "file.txt"
"""Names the file of annotations; its time of change is when the set was opened last."""
VERSION = 2  # counts up when sources come to read something else
TEXTS = ("pictures", "where")
"""Attributes of an `Annotated` that are `Texts`."""


def read_once(source, file, pictures, read):
    """Fills an `Annotated`, from what was kept of it or else by reading it.

    Args:
        source: an `Annotated`, its `spec` alone set.
        file: path of the annotations.
        pictures: path of the folder of their pictures.
        read: function without arguments that calls `Annotated.__init__`.
    """
    if os.path.getsize(file) < LARGE:
        read()
        return
    before = set(vars(source))
    place = place_of(f"{type(source).__name__} {source.spec}", file, pictures)
    kept = recall(place)
    if kept is None:
        with uncollected():
            read()
        own = {name: value for name, value in vars(source).items() if name[0] != "_" and name not in before}
        keep(own, place, file)
    else:
        with suppress(OSError):
            os.utime(place / FILE)
        vars(source).update(kept)
        source.settle()


@contextmanager
def uncollected():
    """Holds the collector off, which would look again and again through millions of objects that are all in use."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def place_of(name, file, pictures):
    """Returns the folder of a set as it now is: its annotations, and which pictures there are."""
    there = [(top, os.stat(top).st_mtime_ns) for top, _, _ in walked(pictures)]
    words = json.dumps([VERSION, os.path.abspath(file), state(file), os.path.abspath(pictures), sorted(there)])
    names = (hashlib.blake2b(text.encode(), digest_size=12).hexdigest() for text in (name, words))
    return folder() / "sets" / "-".join(names)


def recall(place):
    """Returns the attributes that were kept, `None` where there are none, or no whole ones."""
    try:
        words = json.loads((place / "words.json").read_text(encoding="utf-8"))
        kept = {"faults": [(index, Fault(**fault), of_object) for index, fault, of_object in words.pop("faults")]}
        for name in words.pop("arrays"):
            attribute, _, column = name.partition("-")
            values = np.load(place / f"{name}.npy", mmap_mode="r")
            if column:
                kept.setdefault(attribute, {})[column] = values
            else:
                kept[attribute] = values
        texts = {name: Texts(kept[name]) for name in TEXTS}
    except (*DAMAGED, TypeError, AttributeError):
        return None
    return {**kept, **texts, **{name: as_tuple(value) for name, value in words.items()}}


def as_tuple(value):
    """Returns lists as tuples, which JSON has none of."""
    return tuple(map(as_tuple, value)) if isinstance(value, list) else value


def keep(attributes, place, file):
    """Writes a source's attributes in the place of an older state of it; nothing but time is lost where it cannot."""
    arrays, words = {}, {}
    for name, value in attributes.items():
        value = value.columns if isinstance(value, Texts) else value
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif isinstance(value, dict):
            arrays |= {f"{name}-{column}": values for column, values in value.items()}
        else:
            words[name] = value
    words["faults"] = [(index, asdict(fault), of_object) for index, fault, of_object in words["faults"]]
    words["arrays"] = list(arrays)

    def write(temporary):
        temporary.mkdir()
        for name, values in arrays.items():
            np.save(temporary / f"{name}.npy", values)
        (temporary / "words.json").write_text(json.dumps(words), encoding="utf-8")
        (temporary / FILE).write_bytes(os.fsencode(os.path.abspath(file)))

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        remove_left_over(place.parent)
        for older in place.parent.glob(f"{place.name.partition('-')[0]}-*"):
            shutil.rmtree(older, ignore_errors=True)
        replace_file(place, write, durable=False)
        forget(place)
    except (OSError, InputError):
        return


def forget(newest):
    """Removes of the sets beside `newest` those whose file is gone, and what is beyond `MOST` bytes, oldest first."""
    left = MOST - size_of(newest)
    there = [place for place in newest.parent.iterdir() if place != newest and place.name[0] != "."]
    for place in sorted(there, key=opened_last, reverse=True):
        left -= size_of(place)
        if left < 0 or not os.path.exists(file_of(place)):
            shutil.rmtree(place, ignore_errors=True)


def file_of(place):
    """Returns the path of the annotations that a set was read from, "" where none is noted."""
    try:
        return os.fsdecode((place / FILE).read_bytes())
    except OSError:
        return ""


def opened_last(place):
    """Returns when a set was opened last, in seconds; 0 where that is not noted."""
    try:
        return os.stat(place / FILE).st_mtime
    except OSError:
        return 0.0


def size_of(place):
    """Returns the bytes of a set."""
    try:
        with os.scandir(place) as files:
            return sum(file.stat().st_size for file in files)
    except OSError:
        return 0
