"""What `zoo predict` is given: pictures, folders, globs, addresses, videos and cameras, as streams of frames."""

import glob
import re
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recipes.data import pictures
from recipes.deploy.fetch import fetched
from recipes.deploy.video import SUFFIXES, Video, holds_video, is_video
from zoo.errors import InputError, written
from zoo.progress import track
from zoo.weights.fetching import is_address

TAKEN = (*pictures.SUFFIXES, *SUFFIXES)
"""Suffixes of what is taken of a folder."""


class Picture(NamedTuple):
    """A picture file: what the user calls it, and where it lies."""

    name: str
    path: Path


class Frame(NamedTuple):
    """One picture of a stream: what it is of, its number from 0, its time in seconds where there is one."""

    name: str
    stem: str
    image: np.ndarray
    number: int
    seconds: float | None


class Pictures:
    """Picture files, one after the other, as a stream.

    Attributes:
        name: what the stream is of.
        stem: what its results are called, where they are not those of a picture each.
        rate: frames a second where the pictures are those of a video, or `None`.
        live: `False`.
        count: of the pictures.

    Args:
        files: list of `Picture`.
        readable: function of a function of a `Picture` and a list of them, see `Readable`.
        fps: as `rate`.
    """

    live = False

    def __init__(self, files, readable, fps=None):
        self.files, self.readable, self.rate, self.count = files, readable, fps, len(files)
        self.name, self.stem = str(files[0].path.parent), files[0].path.absolute().parent.name or "frames"

    def frames(self):
        """Yields a `Frame` a picture."""
        for number, (file, image) in enumerate(self.readable(lambda file: pictures.read(file.path), self.files)):
            seconds = number / self.rate if self.rate else None
            yield Frame(file.name, self.stem if self.rate else file.path.stem, image, number, seconds)

    def lost(self):
        """Returns ""."""
        return ""


class Moving:
    """A video or a camera as a stream; attributes as those of `Pictures`.

    Args:
        video: a `Video`.
    """

    def __init__(self, video):
        self.video, self.name, self.stem = video, video.name, video.stem
        self.rate, self.live, self.count, self.lost = video.rate, video.live, video.count, video.lost

    def frames(self):
        """Yields a `Frame` a frame."""
        for number, (image, seconds) in enumerate(self.video.frames()):
            yield Frame(self.name, self.stem, image, number, seconds)


class Readable:
    """Reads what can be read; what cannot is an error, or with `skip_bad` a line in `skipped`.

    Args:
        skip_bad: as in `recipes.deploy.predict.predict_each`.
    """

    def __init__(self, skip_bad):
        self.skip_bad, self.skipped = skip_bad, []

    def __call__(self, read, given):
        """Yields each of some items with what a function reads of it."""
        for one in given:
            try:
                yield one, read(one)
            except ValueError as error:
                words = str(error) if isinstance(error, InputError) else f"{one.name}: {error}"
                if not self.skip_bad:
                    raise InputError(f"{words}, or predict with --skip-bad") from error
                self.skipped.append(words)


def open_streams(inputs, folder, readable, fps=None, check_size=None):
    """Looks at all that is given, before the first frame of it is predicted.

    Args:
        inputs: pictures, videos, folders and globs of them, addresses and cameras, texts or paths.
        folder: an empty folder for what is fetched.
        readable: a `Readable`.
        fps: where pictures are the frames of one video, how many a second; else `None`.
        check_size: function of a picture's `(height, width)` that raises `InputError` where that will not do.

    Returns:
        List of `Pictures` and `Moving`, in the order of the inputs.

    Raises:
        InputError: if one is missing or no picture and no video.
    """

    def size_of(one):
        size = one.size if isinstance(one, Video) else pictures.size_of(one.path)
        try:
            if check_size:
                check_size(size)
        except InputError as error:
            raise InputError(f"{one.name}: {error}") from error
        return size

    given = list(found(inputs, folder, readable))
    looked_at = list(readable(size_of, track(given, "looking at pictures", len(given))))
    usable = [one for one, _ in looked_at]
    if fps is not None:
        check_frames(looked_at, fps)
        return [Pictures(usable, readable, fps)] if usable else []
    streams, files = [], []
    for one in [*usable, None]:
        if isinstance(one, Picture):
            files.append(one)
            continue
        if files:
            streams.append(Pictures(files, readable))
            files = []
        if one:
            streams.append(Moving(one))
    return streams


def found(inputs, folder, readable):
    """Yields a `Picture` or a `Video` for each that the inputs stand for."""
    for place, text in enumerate(map(str, inputs)):
        if is_address(text):
            own = folder / str(place)
            own.mkdir()
            yield from (file for _, file in readable(lambda one, own=own: behind(one, own), [text]))
        elif is_video(text):
            yield from (video for _, video in readable(Video, [text]))
        elif glob.has_magic(text) and not Path(text).exists():
            matches = sorted(glob.glob(text, recursive=True), key=naturally)
            files = [match for match in matches if Path(match).is_file()]
            if not files:
                raise InputError(f"{text}: no file is called like this")
            yield from found(files, folder, readable)
        else:
            files = pictures.find(text, TAKEN)
            moving = [is_video(str(path)) for path in files]
            yield from (Picture(str(path), path) for path, moves in zip(files, moving, strict=True) if not moves)
            yield from (video for _, video in readable(Video, map(str, compress(files, moving))))


def behind(address, folder):
    """Fetches a `Picture` or a `Video`."""
    path = fetched(address, folder)
    with open(path, "rb") as file:
        moving = is_video(str(path)) or holds_video(file.read(12))
    return Video(str(path), address) if moving else Picture(address, path)


def naturally(text):
    """Returns the key that sorts frame2 before frame10."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", text)]


def check_frames(looked_at, fps):
    """Raises `InputError` where pictures cannot be the frames of one video."""
    if not 0 < fps <= 240:
        raise InputError(f"--fps takes a number above 0, up to 240, received {fps:g}")
    for one, size in looked_at:
        if isinstance(one, Video):
            raise InputError(f"{one.name}: has a rate of its own: --fps is for pictures that are frames of one video")
        if size != looked_at[0][1]:
            first = written(looked_at[0][1])
            raise InputError(f"{one.name}: is {written(size)}, the first {first}: frames of a video have one size")
