"""What a folder of YOLO's holds: the names of its classes, its splits, and where pictures and labels lie."""

import os
import re
import reprlib
from functools import cached_property
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from recipes.data import pictures
from recipes.data.files import MOST_OF_LISTS, contents_of, read_lines, text_of
from recipes.data.sources.class_names import named_classes
from recipes.data.sources.places import Places, files_under
from recipes.data.sources.yaml_files import read_yaml
from zoo.errors import InputError
from zoo.progress import say

NEEDED = "yolo:DIR needs DIR/data.yaml with names and one of train, val and test, or classes.txt beside the pictures"
SPLITS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
NAMES = ("classes.txt", "obj.names", "labels/classes.txt", "data/obj.names", "names.txt", "labels.txt")
NOTHING = ("", "null", "~", "None")
MOST_CLASSES = 100_000


class Layout:
    """The classes and pictures of a folder.

    Attributes:
        path: the file that names the classes.
        data: what data.yaml, or Darknet's obj.data, says; a dict of strings, lists and dicts.
        names: list of the classes' names, index for index.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        if self.folder.suffix.lower() in (".yaml", ".yml") and os.path.isfile(self.folder):
            self.path, self.folder = self.folder, self.folder.parent
        else:
            self.path = described_in(self.folder)
        self.data = {}
        if self.path is not None:
            self.data = read_yaml(self.path, NEEDED)
            self.names = names_in(self.path, self.data)
            return
        listed = self.folder / "obj.data"
        if os.path.isfile(listed):
            pairs = (line.partition("=") for line in read_lines(listed))
            self.data = {key.strip(): value.strip() for key, _, value in pairs}
        candidates = [self.data["names"]] if self.data.get("names") else []
        found = [self.under(self.folder, name) for name in (*candidates, *NAMES)]
        self.path = next((path for path in found if path is not None and os.path.isfile(path)), None)
        if self.path is None:
            raise InputError(f"{self.folder / 'data.yaml'}: no such file; {NEEDED}")
        self.names = list(named_classes(self.path))

    @cached_property
    def splits(self):
        """The places of each split by its name: folders, or .txt files of pictures; those that there are."""
        found = {}
        for split, words in SPLITS.items():
            said = [self.data[word] for word in words if word in self.data and self.data[word] not in NOTHING]
            if said:
                found[split] = said[0] if isinstance(said[0], list) else [said[0]]
        if not found:
            found = {split: [place] for split in SPLITS if (place := self.usual(split)) is not None}
        return found

    def usual(self, split):
        """Returns where a split lies by custom, `None` where it does not."""
        for word in SPLITS[split]:
            for name in (f"{word}/images", f"images/{word}", f"{word}.txt", f"obj_{word}_data", word):
                place = self.folder / name
                if os.path.isfile(place) or os.path.isdir(place) and has_pictures(place):
                    return name
        return None

    def pictures(self, split):
        """Lists the pictures of a split, or of all where it is "".

        Raises:
            InputError: if there is no such split, or it has no pictures.
        """
        if split:
            return self.of_split(split)
        if not self.splits:
            return self.unsplit()
        found, missing = [], None
        for name in self.splits:
            try:
                found += self.of_split(name)
            except InputError as error:
                missing = missing or error
        if missing and not found:
            raise missing
        return list(dict.fromkeys(found))

    def of_split(self, split):
        """As `pictures`, of one split."""
        found = []
        for place in self.splits[split]:
            chosen = self.place(split, place)
            if chosen.suffix.lower() == ".txt" and not os.path.isdir(chosen):
                lines = read_lines(chosen, MOST_OF_LISTS)
                if not lines:
                    raise InputError(f"{chosen}: the split is empty; it takes a picture a line")
                known = {line: self.listed(chosen, line) for line in dict.fromkeys(lines)}
                found += [known[line] for line in lines]
            else:
                found += pictures.find(chosen)
        return found

    def place(self, split, place):
        """Returns the folder or the .txt file that a place of data.yaml is."""
        if not isinstance(place, str) or "\0" in place:
            raise InputError(f"{self.path}: {split} is a folder or a file, received {reprlib.repr(place)}")
        base = self.data.get("path")
        base = base if isinstance(base, str) and base not in NOTHING else "."
        first = self.folder / base.replace("\\", "/") / place.replace("\\", "/")
        if os.path.exists(first):
            return first
        words, parts = SPLITS[split], place.replace("\\", "/").split("/")
        called = ["/".join(word if part in words else part for part in parts) for word in words]
        found = self.under(self.folder, *dict.fromkeys((place, *called)), keeping=words)
        if found is None:
            raise InputError(f"{self.path}: names {place[:200]}, but there is no {str(first)[:200]}")
        return found

    def under(self, folder, *names, keeping=()):
        """Finds what a path means that was written elsewhere: the longest end of it that lies in a folder.

        Args:
            folder: path.
            names: the path in one writing or several, of the same length.
            keeping: words of which one stands in what is found if it stands in the name.
        """
        written = [
            [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..")]
            for name in names
        ]
        for start in range(len(written[0])):
            for parts in written:
                lost = not {*keeping}.isdisjoint(parts) and {*keeping}.isdisjoint(parts[start:])
                end = folder.joinpath(*parts[start:])
                if not lost and os.path.exists(end):
                    return end
        return None

    def listed(self, file, line):
        """Returns the path of a picture that a .txt file lists."""
        if "\0" in line:
            return file.parent / "picture"
        name = line.replace("\\", "/")
        for folder in (file.parent, self.folder):
            if os.path.isfile(folder / name):
                return folder / name
        for folder in (file.parent, self.folder):
            found = self.under(folder, name)
            if found is not None and os.path.isfile(found):
                return found
        found, _ = self.places.find(name)
        return found if os.path.isfile(found) else file.parent / name

    @cached_property
    def places(self):
        """The pictures of the folder by name."""
        return Places(self.folder)

    def unsplit(self):
        """Lists the pictures of a folder without splits."""
        for name in ("images", "obj_train_data", "."):
            found = files_under(self.folder / name, pictures.SUFFIXES)
            if found:
                return found
        raise InputError(f"{self.folder}: no such split, and no pictures; {NEEDED}")

    @cached_property
    def meant(self):
        """The names, each once, and by a class's number its label; without a class that only names the project.

        Roboflow writes such a one, the first, of which there is no object.
        """
        numbered = list(enumerate(self.names))
        project = self.data.get("roboflow")
        project = plain(project.get("project")) if isinstance(project, dict) else ""
        first = plain(self.names[0])
        if len(numbered) > 1 and first and project.startswith(first) and not self.uses(0):
            numbered = numbered[1:]
        names = list(dict.fromkeys(name for _, name in numbered))
        places = {name: place for place, name in enumerate(names)}
        return names, {number: places[name] for number, name in numbered}

    def uses(self, number):
        """Says whether any picture has an object of a class."""
        labels = Labels()
        for picture in self.pictures(""):
            try:
                lines = text_of(contents_of(labels.of(picture))).split("\n")
            except ValueError:
                continue
            if any(line.split()[:1] in ([str(number)], [f"{number}.0"]) for line in lines):
                return True
        return False


class Labels:
    """Where the labels of pictures lie: in `labels` for `images`, or beside them; each folder is looked at once."""

    def __init__(self):
        self.folders, self.spelt = {}, {}

    def of(self, picture):
        """Returns the path of a picture's labels, whether or not they are there."""
        folder, names = picture.parent, (f"{picture.stem}.txt", f"{picture.name}.txt")  # some write the suffix, too
        if folder not in self.folders:
            places = candidates(folder)
            self.folders[folder] = places[0], [place for place in dict.fromkeys(places) if os.path.isdir(place)]
        expected, there = self.folders[folder]
        found = (path for name in names for place in there if os.path.isfile(path := place / name))
        return next(found, None) or self.spelt_otherwise(names, there) or expected / names[0]

    def spelt_otherwise(self, names, folders):
        """Returns the labels of one of these names in Unicode's other way to write accents, `None` without."""
        if all(map(str.isascii, names)):
            return None
        for place in folders:
            if place not in self.spelt:
                there = (name for name in os.listdir(place) if not name.isascii())
                self.spelt[place] = {normalize("NFC", name): place / name for name in there}
        found = (self.spelt[place].get(normalize("NFC", name)) for name in names for place in folders)
        return next(filter(None, found), None)


def candidates(folder):
    """Returns the folders in which the labels of a folder of pictures may lie, the likeliest first."""
    parts = folder.parts
    places = [place for place, part in enumerate(parts) if part.lower() == "images"]
    found = [Path(*parts[:place], "labels", *parts[place + 1 :]) for place in places[-1:]]
    found += [Path(*parts[:place], "Labels", *parts[place + 1 :]) for place in places[-1:]]
    return [*found, folder, folder / "labels", folder.parent / "labels"]


def plain(name):
    """Returns the letters and digits of a name, in lower case; "" for what is none."""
    return re.sub(r"[\W_]", "", name.lower()) if isinstance(name, str) else ""


def has_pictures(folder):
    """Says whether a folder holds a picture."""
    with os.scandir(folder) as found:
        return any(Path(file.name).suffix.lower() in pictures.SUFFIXES for file in found)


def described_in(folder):
    """Returns the path of a folder's data.yaml, by whatever name, `None` without one."""
    if os.path.exists(folder / "data.yaml"):
        return folder / "data.yaml"
    for file in files_under(folder, (".yaml", ".yml"), deep=False):
        try:
            if "names" in text_of(contents_of(file)):
                return file
        except ValueError:
            continue
    return None


def names_in(path, data):
    """Returns the list of names that data.yaml has."""
    names, count = data.get("names"), data.get("nc")
    count = int(count) if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) < 7 else None
    if isinstance(names, dict):
        numbers = {str(key).strip(): name for key, name in names.items()}
        names = [numbers.get(str(number)) for number in range(len(numbers))]
    if names is None and "names" not in data and count and count <= MOST_CLASSES:
        return [f"class_{number}" for number in range(count)]
    if not names or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        received = reprlib.repr(data.get("names"))
        what = "names is a list, as in names: [cat, dog], or numbers from 0 with their names"
        raise InputError(f"{path}: {what}; received {received}")
    if count is not None and count != len(names):
        say(f"{path}: nc is {count}, but there are {len(names)} names, which count")
    return [name.strip() for name in names]
