"""What is to be written, picture by picture: a few are read ahead, in threads, and none is kept."""

import io
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import tensorflow as tf

from recipes.data.headers import head
from recipes.data.pixels import FORMATS, UNREADABLE
from recipes.data.sources.outlines import outline_in
from recipes.data.sources.problems import UNDECODABLE, Problem

AHEAD = 2
ENDINGS = {"JPEG": (".jpg", ".jpeg"), "MPO": (".jpg", ".jpeg"), "PNG": (".png",)}
"""By the format of a file, as Pillow calls it, that every program reads: the suffixes that tell it."""


@dataclass(frozen=True)
class Picture:
    """One picture and what is annotated on it.

    Attributes:
        name: what the source calls it.
        contents: bytes of its file.
        suffixes: those that tell what these are.
        rewritten: whether they are not those of the source's own file.
        size: `(height, width)` in pixels.
        targets: dict of arrays, see `Source.decode`; for "masks" a list of "outlines", see `outlines.Outlines`.
    """

    name: str
    contents: bytes
    suffixes: tuple
    rewritten: bool
    size: tuple
    targets: dict

    @property
    def ignored(self):
        """`(N,)` bool, which objects are ignored ones."""
        return self.targets.get("ignored", np.zeros(len(self.targets["labels"]), bool))

    @property
    def outlines(self):
        """List of outlines, `None` for objects without; of all without where the source has no masks."""
        return self.targets.get("outlines", [None] * len(self.targets["labels"]))


def pictures_of(source):
    """Yields `(Picture, None)` of each record, in order, but those left out; `(None, Problem)` of a damaged one."""
    decode = tf.function(
        lambda record: source.decode_as(record, ("outlines",)),
        input_signature=[source.all_records().element_spec],
        autograph=False,
    )
    waiting = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for index, record in enumerate(source.all_records()):
            if index not in source.left_out:
                waiting.append(pool.submit(read, source, decode, index, record))
            if len(waiting) > AHEAD * os.cpu_count():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def read(source, decode, index, record):
    """Reads one record."""
    try:
        with tf.device("cpu"):
            targets = {key: value.numpy() for key, value in decode(record).items()}
            contents = source.stored(record)
    except (tf.errors.OpError, ValueError):
        return None, Problem(source.name_of(index), UNDECODABLE, index)
    image, name = targets.pop("image"), os.fsdecode(targets.pop("name"))
    suffixes = kept_as(contents)
    if "outlines" in targets:
        targets["outlines"] = [outline_in(words) for words in targets["outlines"]]
    if "segmentation" in targets:
        targets["segmentation"] = targets["segmentation"].astype(np.uint8)
    size = image.shape[:2]
    if suffixes:
        return Picture(name, contents, suffixes, False, size, targets), None
    return Picture(name, png(image[..., ::-1]), ENDINGS["PNG"], True, size, targets), None


def kept_as(contents):
    """Returns the suffixes of a file that all programs read to the pixels that are annotated, `()` of others."""
    if contents is None:
        return ()
    found = head(io.BytesIO(contents), FORMATS, UNREADABLE)
    return ENDINGS.get(found.image.format, ()) if found.image is not None and found.orientation == 1 else ()


def png(pixels):
    """Encodes a grey `(H, W)` or BGR `(H, W, 3)` uint8 picture."""
    return cv2.imencode(".png", pixels)[1].tobytes()
