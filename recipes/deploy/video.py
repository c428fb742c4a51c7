"""Videos and cameras, read and written by OpenCV."""

import os
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np

from recipes.data.pictures import NoFile, opened
from zoo.errors import InputError
from zoo.files import replacing

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".ts")
CAMERA = "camera:"
CODEC = "mp4v"
"""MPEG-4 part 2, which OpenCV's wheels write everywhere; they have no H.264."""
USUAL, HIGHEST = 25.0, 240.0
"""Frames a second where nobody says how many, and the most that are believed."""
LOST = 0.02
"""Share of the frames that a file announces: fewer than that missing is how containers count, not a cut."""


PICTURES = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
"""Brands of a container that hold pictures, where others hold videos."""


def is_video(text):
    """Says whether what the user wrote is a video file's name or a camera; folders may be called like videos."""
    if text.startswith(CAMERA):
        return not os.path.exists(text)
    return Path(text).suffix.lower() in SUFFIXES and not os.path.isdir(text)


def holds_video(head):
    """Says whether a file that begins so is a video's: MP4, AVI, Matroska and WebM, or MPEG."""
    if head[4:8] == b"ftyp":
        return head[8:12] not in PICTURES
    return head[:4] in (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba") or (head[:4], head[8:12]) == (b"RIFF", b"AVI ")


class Video:
    """A video file, or a camera, as a stream of frames.

    Attributes:
        name: what the user wrote.
        stem: what its results are called.
        live: whether it is a camera, whose frames nobody can wait for.
        size: `(height, width)` of a frame, pixels.
        rate: frames a second.
        count: frames that the file announces, `None` where it does not.

    Args:
        source: a file, or `camera:0`.
        name: what the user wrote, if that is another, as of a file that was fetched.

    Raises:
        InputError: if there is no such file or camera, or not one frame can be read.
    """

    def __init__(self, source, name=None):
        self.source, self.name, self.live = source, name or source, source.startswith(CAMERA)
        self.stem = source.replace(":", "_") if self.live else Path(source).stem
        self.capture = self.opened()
        whole, first = self.capture.read()
        if not whole:
            self.capture.release()
            fault = "gives no picture" if self.live else "holds no frame that can be read"
            raise InputError(f"{self.name}: {fault}")
        self.size = first.shape[:2]
        rate, announced = (self.capture.get(key) for key in properties("FPS", "FRAME_COUNT"))
        self.rate = rate if 0 < rate <= HIGHEST else USUAL
        self.count = int(announced) if 0 < announced < np.iinfo(np.int32).max and not self.live else None
        self.read = 0
        if not self.live:
            self.capture.release()

    def opened(self):
        """Returns a `cv2.VideoCapture` at the first frame."""
        if self.live:
            number = self.source.removeprefix(CAMERA)
            if not number.isdigit():
                raise InputError(f"{self.name}: a camera has a number, as in camera:0")
            capture = captured(int(number))
            if not capture.isOpened():
                raise InputError(f"{self.name}: there is no such camera, or another program holds it")
            return capture
        try:
            with opened(self.source):
                capture = captured(self.source)
        except NoFile as error:
            raise InputError(f"{self.name}: {error}".replace("picture file", "file")) from error
        if not capture.isOpened():
            raise InputError(f"{self.name}: cannot be opened as a video; it is cut short, or of a kind unknown here")
        return capture

    def frames(self):
        """Yields `(image, seconds)`: `(height, width, 3)` uint8 RGB, and its time from the beginning."""
        import cv2

        capture, begin = self.capture if self.live else self.opened(), time.monotonic()
        try:
            for number in count():
                whole, frame = capture.read()
                if not whole:
                    return
                if frame.shape[:2] != self.size:
                    raise InputError(f"{self.name}: frame {number} has another size than the first; cut it in two")
                self.read += 1
                if self.live:
                    seconds = time.monotonic() - begin
                else:
                    seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 or number / self.rate
                yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), seconds
        finally:
            capture.release()

    def lost(self):
        """Says in a line what of the file could not be read after the last frame, "" where nothing is missing."""
        if self.count is None or self.count - self.read <= max(1, LOST * self.count):
            return ""
        return f"{self.name}: is cut short: {self.read:,} of {self.count:,} frames could be read, which are kept"


def captured(source):
    """Returns a `cv2.VideoCapture` of a file's name or a camera's number; OpenCV prints nothing."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # is read when the first video is opened
    import cv2

    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(source)
    finally:
        cv2.utils.logging.setLogLevel(level)


def properties(*names):
    """Returns OpenCV's numbers of a capture's properties."""
    import cv2

    return [getattr(cv2, f"CAP_PROP_{name}") for name in names]


@contextmanager
def writing(path, rate, size):
    """Writes a video, see `CODEC`, in one step: it is there once the block is left.

    Args:
        path: the .mp4 file.
        rate: frames a second.
        size: `(height, width)` of the frames, pixels; of an odd side the last pixel is cut off, as the codec wants.

    Yields:
        Function of an image, `(height, width, 3)` uint8 RGB, that appends it.

    Raises:
        InputError: if OpenCV cannot write it.
    """
    import cv2

    height, width = (side - side % 2 for side in size)
    with replacing(path, durable=False) as temporary:
        temporary.touch()  # says where a folder takes no files; OpenCV would not say why
        writer = cv2.VideoWriter(str(temporary), cv2.VideoWriter_fourcc(*CODEC), rate, (width, height))
        if not writer.isOpened():
            raise InputError(f"{path}: OpenCV writes no video of {size[0]}x{size[1]} at {rate:g} frames a second")
        try:
            yield lambda image: writer.write(cv2.cvtColor(image[:height, :width], cv2.COLOR_RGB2BGR))
        finally:
            writer.release()
