"""Our own trained models, "regionzoo/NAME": from the package, a folder or a web server, as `zoo publish` writes them.

All three are laid out alike, and nothing else is read there:

    index.json              of each model its files with size and SHA-256, its figure and licences
    NAME/model.keras        what it is trained on from, in halves; NAME/model.onnx and so on, what predicts

The package's own are looked up first, then those where REGIONZOO_WEIGHTS points, a folder or an http(s) address.
"""

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError
from zoo.weights import fetching
from zoo.weights.fetching import is_address
from zoo.weights.published import folder

BUNDLED = Path(__file__).parent / "bundled"
INDEX = "index.json"
SOURCE = "regionzoo"
RUN = (".onnx", ".tflite", ".keras")
"""Endings of the files that predict, what starts soonest first."""
MODEL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
SHA256 = re.compile(r"[0-9a-f]{64}")
TEXTS = ("model", "task", "figure", "licence", "data_licence")
MOST = 1 << 24
"""Bytes of an index."""


@dataclass(frozen=True)
class Trained:
    """A model that a recipe trained and `zoo publish` wrote.

    Attributes:
        shelf: the folder or the address that it lies in.
        own: its name there.
        model: the builder.
        task: its task.
        figure: what it reaches, and on which data.
        licence: of the weights.
        data_licence: of the data that it learned from.
        files: by name a pair of bytes and SHA-256; of several that end alike the first is the one to take.
        arguments: those of the builder beside the number of classes, such as `{"width": 0.25}`.
    """

    shelf: str
    own: str
    model: str
    task: str
    figure: str
    licence: str
    data_licence: str
    files: dict
    arguments: dict

    whole = True
    name = property(lambda self: f"{SOURCE}/{self.own}")
    model_name = name
    size = property(lambda self: sum(size for size, _ in self.files.values()))
    fetched = property(lambda self: all(map(self.here, self.files)))

    def path(self, file):
        """Returns where one of the files lies on this machine, or will."""
        if not is_address(self.shelf):
            return Path(self.shelf, self.own, file)
        version = hashlib.sha256("".join(digest for _, digest in self.files.values()).encode()).hexdigest()
        return folder() / f"{self.own}-{version[:8]}" / file

    def here(self, file):
        """Says whether one of the files is on this machine."""
        return os.path.isfile(self.path(file))

    def file(self, *endings):
        """Returns the path of the first file that ends so, fetched if need be and checked; `None` without one."""
        for ending in endings:
            for file in self.files:
                if file.endswith(ending):
                    return self.checked(file)
        return None

    def checked(self, file):
        """Returns the path of a file that is here and has its checksum.

        Raises:
            InputError: if it cannot be had, is another one, or lies outside of its folder.
        """
        path, (size, digest) = self.path(file), self.files[file]
        if self.here(file):
            if not is_address(self.shelf) and not path.resolve().is_relative_to(Path(self.shelf).resolve()):
                raise InputError(f"{path}: points out of {self.shelf}, where nothing is read")
            fetching.check(path, digest)
        elif is_address(self.shelf):
            fetching.fetch(f"{self.shelf.rstrip('/')}/{self.own}/{file}", path, digest, size)
        else:
            raise InputError(f"{path}: no such file, or none that may be read, but {INDEX} lists it")
        return path

    def located(self):
        """Returns the path of the file that predicts."""
        if path := self.file(*RUN):
            return path
        raise InputError(f"{self.name} has no file that predicts, only {', '.join(self.files)}")

    def weights(self):
        """Returns the path of the .keras file."""
        if path := self.file(".keras"):
            return path
        raise InputError(f"{self.name} is published as {', '.join(self.files)} alone: there is no .keras file of it")

    def load(self):
        """Opens the `keras.Model`."""
        from zoo.weights import models

        return models.read(self.weights())

    def fetch(self):
        """Fetches all files, unless they are here."""
        for file in self.files:
            self.checked(file)


def find(name):
    """Returns the `Trained` of "regionzoo/NAME", `None` without one."""
    own = str(name).removeprefix(f"{SOURCE}/")
    for shelf in shelves():
        if found := found_in(shelf, own):
            return found
    return None


def found_in(shelf, own):
    """Returns a shelf's `Trained` of a name, `None` without one; a server is asked unless a file of it is here."""
    if not is_address(shelf):
        return index(shelf).get(own)
    known = index(shelf).get(own) if kept(shelf).is_file() else None
    if known and any(map(known.here, known.files)):
        return known
    try:
        return index(shelf, anew=True).get(own)
    except InputError:
        if known:
            return known  # to say where its file can be put
        raise


def listing():
    """Lists every `Trained` as it is now; where a server is out of reach, what it had last, and a line says so."""
    found = {}
    for shelf in shelves():
        try:
            models = index(shelf, anew=True)
        except InputError as error:
            if not is_address(shelf) or not kept(shelf).is_file():
                raise
            print(f"listed as it was last read: {error}", file=sys.stderr)
            models = index(shelf)
        found = {**models, **found}
    return list(found.values())


def names():
    """Lists the names of our models, those of a server as it was last read."""
    known = [index(shelf) for shelf in shelves() if not is_address(shelf) or kept(shelf).is_file()]
    return sorted({f"{SOURCE}/{own}" for models in known for own in models})


def shelves():
    """Lists where our models lie: the package's folder, if it brings any, and what REGIONZOO_WEIGHTS names."""
    bundled = [str(BUNDLED)] if (BUNDLED / INDEX).is_file() else []
    named = os.environ.get("REGIONZOO_WEIGHTS")
    return [*bundled, *([named] if named else [])]


def kept(shelf):
    """Returns where the index of a server is kept."""
    return folder() / f"index-{hashlib.sha256(shelf.encode()).hexdigest()[:8]}.json"


def index(shelf, anew=False):
    """Returns what a shelf holds, a dict of `Trained` by their names there.

    Args:
        shelf: a folder or an address.
        anew: whether that of a server is read again; else the one that was read last will do.
    Raises:
        InputError: if there is none, or it is damaged.
    """
    if not is_address(shelf):
        return parsed(content_of(Path(shelf, INDEX)), shelf, Path(shelf, INDEX))
    copy, url = kept(shelf), f"{shelf.rstrip('/')}/{INDEX}"
    if copy.is_file() and not anew:
        return parsed(content_of(copy), shelf, copy)
    try:
        content = fetching.read(url, MOST)
    except OSError as error:
        raise InputError(
            f"{url} cannot be fetched ({fetching.reason(error)}): let REGIONZOO_WEIGHTS name a folder of these models"
        ) from error
    models = parsed(content, shelf, url)
    with fetching.replacing(copy) as partial:
        partial.write_bytes(content)
    return models


def content_of(path):
    """Returns the bytes of an index."""
    try:
        with open(path, "rb") as file:
            return file.read(MOST)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}): REGIONZOO_WEIGHTS names a folder that zoo publish wrote"
        ) from error


def parsed(content, shelf, origin):
    """Reads an index: `{"models": {NAME: {..., "files": {FILE: {"size": n, "sha256": digest}}}}}`.

    Raises:
        InputError: if it is damaged, or names what is no file in a model's folder.
    """
    try:
        models = json.loads(content)["models"].items()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{origin}: no index that zoo publish wrote, or damaged") from error
    return {own: entry_of(own, entry, shelf, origin) for own, entry in models}


def entry_of(own, entry, shelf, origin):
    """Returns the `Trained` of an entry of an index."""
    check_name(own, MODEL_NAME, origin)
    try:
        texts = {name: entry[name] for name in TEXTS}
        files = {file: (facts["size"], facts["sha256"]) for file, facts in entry["files"].items()}
        arguments = dict(entry["arguments"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{origin}: the entry of {own} is damaged; publish the model again") from error
    for file, (size, digest) in files.items():
        check_name(file, FILE_NAME, origin)
        if type(size) is not int or size < 1 or not isinstance(digest, str) or not SHA256.fullmatch(digest):
            raise InputError(f"{origin}: size or SHA-256 of {own}/{file} is none; publish the model again")
    if not all(isinstance(text, str) for text in texts.values()):
        raise InputError(f"{origin}: the entry of {own} is damaged; publish the model again")
    return Trained(shelf=shelf, own=own, files=files, arguments=arguments, **texts)


def check_name(name, pattern, origin):
    """Raises `InputError` where a name in an index could lead out of its folder."""
    if not pattern.fullmatch(name):
        raise InputError(f"{origin}: {name!r} is no name of a model or a file: nothing of this index is read")
