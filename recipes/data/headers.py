"""What the head of a picture file says: how large the picture is and which way up it stands; no pixel is decoded."""

import io
import os
import re
import struct
import threading
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from zoo.errors import InputError

MAX_PIXELS = 100_000_000
"""How many pixels a picture may have, where the environment variable REGIONZOO_MAX_PIXELS says nothing else: decoded,
with the copies on the way, those of 8 bits take less than 1 GB."""
TAIL = 8192
ORIENTATION, WIDTH, HEIGHT = 274, 256, 257
STRIPS = ((273, 279), (324, 325))  # offsets and lengths of TIFF's strips, and of its tiles
SWAPPED, MIRRORED, UPSIDE_DOWN = (5, 6, 7, 8), (2, 3, 6, 7), (3, 4, 7, 8)
OPENING = threading.Lock()
BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"hevc": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC"}
BRANDS |= {b"avif": "AVIF", b"avis": "AVIF"}
"""By the bytes 8 to 12 of a file of ISO's base media format, what it is called: phones save pictures so."""


@dataclass(frozen=True)
class Head:
    """What is known of a picture before it is decoded.

    Attributes:
        height: in pixels, of the upright picture.
        width: likewise.
        orientation: EXIF's number, 1-8, of how decoded pixels are still to be turned, see `upright`.
        image: the `PIL.Image`, not loaded yet; `None` where Pillow does not know the kind of pixels, but OpenCV may.
        layout: Pillow's name of how pixels are stored, such as "L;4"; "" where it has none.
        whole: whether the end of the file is where it should be; if not, only decoding tells.
    """

    height: int
    width: int
    orientation: int
    image: Image.Image | None
    layout: str
    whole: bool


def head(file, formats, unreadable):
    """Reads the head of a picture.

    Args:
        file: a binary file that can seek.
        formats: Pillow's names of the formats to allow.
        unreadable: what to say of anything else.

    Returns:
        `Head`.

    Raises:
        ValueError: if this is no such picture, or one of more than `max_pixels()`; the message lacks the file's name.
    """
    limit, start = max_pixels(), file.read(32)
    if start[4:8] == b"ftyp" and start[8:12] in BRANDS:
        raise ValueError(f"is {BRANDS[start[8:12]]}, which is not read; convert it to JPEG or PNG")
    if "WEBP" in formats and start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        check_pixels(*webp_size(start))  # before Pillow, which makes room for the pixels as it opens the file
    file.seek(0)
    try:
        image = opened(file, formats, limit)
    except Image.DecompressionBombError as error:
        raise too_large(int(re.search(r"\d+", str(error))[0])) from error
    except UnidentifiedImageError as error:
        if "TIFF" not in formats or start[:4] not in (b"II*\0", b"MM\0*"):
            raise ValueError(unreadable) from error
        return unknown_tiff(file, unreadable)
    except Exception as error:  # of a damaged file Pillow raises nearly every kind there is
        raise ValueError(unreadable) from error
    check_pixels(image.width, image.height)
    resting, size = file.tell(), file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL))
    tail = file.read(TAIL)
    # Pillow turns TIFF by itself.
    turn = 1 if image.format == "TIFF" else orientation(image.info.get("exif") or late_exif(image, tail))
    swapped = turn in SWAPPED
    height, width = (image.width, image.height) if swapped else (image.height, image.width)
    whole = is_whole(file, image, start, tail, size, resting)
    file.seek(resting)
    return Head(height, width, turn, known(image, start), layout(image), whole)


def opened(file, formats, limit):
    """Returns a `PIL.Image` that is not loaded, without a word of Pillow's about odd notes in the file."""
    with OPENING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if Image.MAX_IMAGE_PIXELS and limit > 2 * Image.MAX_IMAGE_PIXELS:  # beyond which Pillow refuses by itself
            Image.MAX_IMAGE_PIXELS = limit
        return Image.open(file, formats=formats)


def max_pixels():
    """Returns how many pixels a picture may have.

    Raises:
        InputError: if REGIONZOO_MAX_PIXELS is no whole number from 1.
    """
    given = os.environ.get("REGIONZOO_MAX_PIXELS", "")
    try:
        limit = int(given) if given else MAX_PIXELS
    except ValueError:
        limit = 0
    if limit < 1:
        raise InputError(f"REGIONZOO_MAX_PIXELS is a number of pixels, such as {MAX_PIXELS}, received {given!r}")
    return limit


def check_pixels(width, height):
    """Raises `ValueError` if these are too many pixels."""
    if width * height > max_pixels():
        raise too_large(width * height)


def too_large(count):
    """Returns the error of a picture of so many pixels."""
    return ValueError(f"has {count:,} pixels, more than {max_pixels():,}; raise REGIONZOO_MAX_PIXELS")


def known(image, start):
    """Returns the image, or `None` where it is a BMP of few colours whose bits Pillow takes for others."""
    if image.format != "BMP":
        return image
    at = 24 if start[14:18] == struct.pack("<I", 12) else 28
    (bits,) = struct.unpack("<H", start[at : at + 2])
    return image if bits == {"1": 1, "L": 8}.get(layout(image), bits) else None


def layout(image):
    """Returns Pillow's name of how pixels are stored, such as "L;4"."""
    arguments = image.tile[0][3] if image.tile else ""
    name = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return name if isinstance(name, str) else ""


def unknown_tiff(file, unreadable):
    """Returns the `Head` of a TIFF whose kind of pixels Pillow does not know, such as 64-bit floats."""
    found = tags(file)
    width, height = found.get(WIDTH, 0), found.get(HEIGHT, 0)
    if not width or not height:
        raise ValueError(unreadable)
    check_pixels(width, height)
    if found.get(ORIENTATION) in SWAPPED:
        width, height = height, width
    return Head(height, width, 1, None, "", whole=False)  # OpenCV turns TIFF by itself


def webp_size(start):
    """Returns `(width, height)` from the first 30 bytes of a WebP file, `(0, 0)` where they are damaged."""
    kind, data = start[12:16], start[20:30]
    if len(data) < 10:
        return 0, 0
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", data[6:10])
    return width & 0x3FFF, height & 0x3FFF


def tags(file):
    """Returns whole numbers of the first directory of a TIFF file or of EXIF data, by tag; `{}` of damaged ones."""
    file.seek(0)
    start = file.read(8)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None or len(start) < 8:
        return {}
    file.seek(struct.unpack(order + "I", start[4:])[0])
    count = int.from_bytes(file.read(2), "little" if order == "<" else "big")
    rows = file.read(12 * count)
    kinds = {1: "B3x", 3: "H2x", 4: "I"}
    return {
        tag: struct.unpack(order + kinds[kind], value)[0]
        for tag, kind, number, value in struct.iter_unpack(order + "HHI4s", rows[: len(rows) // 12 * 12])
        if kind in kinds and number == 1
    }


def orientation(exif):
    """Returns EXIF's number of how a picture is to be turned, 1 (not at all) where the bytes say nothing sensible."""
    turn = tags(io.BytesIO((exif or b"").removeprefix(b"Exif\0\0"))).get(ORIENTATION)
    return turn if turn in range(1, 9) else 1


def late_exif(image, tail):
    """Returns the EXIF data of a PNG that has it after the pixels, else `b""`."""
    at = tail.rfind(b"eXIf")
    if image.format != "PNG" or at < 4:
        return b""
    end = at + 4 + int.from_bytes(tail[at - 4 : at], "big")
    return tail[at + 4 : end] if zlib.crc32(tail[at:end]).to_bytes(4, "big") == tail[end : end + 4] else b""


def is_whole(file, image, start, tail, size, resting):
    """Says whether a file ends as its format wants it to; one that does not may still be read."""
    if image.format == "PNG":
        return b"IEND" in tail
    if image.format == "GIF":
        return tail.rstrip(b"\0").endswith(b";")
    if image.format == "WEBP":
        return int.from_bytes(start[4:8], "little") + 8 <= size
    if image.format == "BMP":
        return int.from_bytes(start[2:6], "little") <= size
    if image.format == "TIFF":
        pieces = [(image.tag_v2.get(at, ()), image.tag_v2.get(length, ())) for at, length in STRIPS]
        return all(
            at + length <= size for where, lengths in pieces for at, length in zip(where, lengths, strict=False)
        )
    for first in (max(resting, size - TAIL), resting):  # behind a JPEG may lie a video or a second picture
        file.seek(first)
        if b"\xff\xd9" in file.read():
            return True
    return False


def upright(pixels, turn):
    """Turns a picture or label map as EXIF's orientation says.

    Args:
        pixels: `(H, W)` or `(H, W, C)`.
        turn: 1-8.

    Returns:
        The same, `(W, H, ...)` where `turn` is 5-8.
    Source: EXIF 2.32, tag 274.
    """
    if turn in SWAPPED:
        pixels = np.swapaxes(pixels, 0, 1)
    if turn in MIRRORED:
        pixels = pixels[:, ::-1]
    return pixels[::-1] if turn in UPSIDE_DOWN else pixels
