import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import pictures
from tests.recipes.data.odd import bmp, chunk, exif, png, tiff
from tests.recipes.data.test_upright import in_graph, saved

RANDOM = np.random.default_rng(1)
COLOURS = RANDOM.integers(0, 256, (7, 9, 4), dtype=np.uint8)


def grey(*rows):
    return np.repeat(np.array(rows, np.uint8)[..., None], 3, -1)


def words(*numbers, order=">", kind="H"):
    return struct.pack(f"{order}{len(numbers)}{kind}", *numbers)


DEEP = [300, 2000, 4395]  # of 12 bits; the middle lies at 1700 / 4095 = 105.86 / 255
SCALED = grey([0, 106, 255])
STILL = words(0, 255, 128)
FLAT = words(30000, 30000, 30000)
KINDS = {
    "png 16": (png(3, 1, 16, 0, [words(*DEEP)]), SCALED),
    "png 16 within 8": (png(3, 1, 16, 0, [STILL]), grey([0, 255, 128])),
    "png 16 flat": (png(3, 1, 16, 0, [FLAT]), grey([117, 117, 117])),
    "png 16 alpha": (png(3, 1, 16, 4, [words(300, 9, 2000, 9, 4395, 9)]), SCALED),
    "png 16 RGB": (png(1, 1, 16, 2, [words(300, 2000, 4395)]), np.array([[[0, 106, 255]]])),
    "png 16 RGBA": (png(1, 1, 16, 6, [words(300, 2000, 4395, 7)]), np.array([[[0, 106, 255]]])),
    "png 1": (png(8, 1, 1, 0, [b"\xb0"]), grey([255, 0, 255, 255, 0, 0, 0, 0])),
    "png 2": (png(4, 1, 2, 0, [b"\x1b"]), grey([0, 85, 170, 255])),
    "png 4": (png(2, 1, 4, 0, [b"\x1f"]), grey([17, 255])),
    "png alpha": (png(2, 1, 8, 4, [bytes([3, 255, 7, 0])]), grey([3, 7])),
    "tiff 8, 0 is white": (tiff(2, 1, 8, bytes([3, 9]), photometric=0), grey([252, 246])),
    "tiff 16 RGB": (tiff(1, 1, 16, words(*DEEP, order="<"), samples=3, photometric=2), np.array([[[0, 106, 255]]])),
    "tiff CMYK": (tiff(1, 1, 8, bytes([0, 255, 255, 0]), samples=4, photometric=5), np.array([[[255, 0, 0]]])),
    "bmp 1": (
        bmp(8, 1, 1, [b"\xb0"], b"\xff\xff\xff\0\0\0\xff\0"),
        np.array([[[255, 0, 0] if i in (0, 2, 3) else [255, 255, 255] for i in range(8)]]),
    ),
    "bmp 4": (bmp(2, 1, 4, [b"\x10"], b"\1\2\3\0\4\5\6\0"), np.array([[[6, 5, 4], [3, 2, 1]]])),
    "bmp 4, black and white": (bmp(2, 1, 4, [b"\x10"], b"\0\0\0\0\xff\xff\xff\0"), grey([255, 0])),
    "bmp 8, black and white": (bmp(3, 1, 8, [bytes([1, 0, 1])], b"\0\0\0\0\xff\xff\xff\0"), grey([255, 0, 255])),
    "bmp 16": (bmp(2, 1, 16, [struct.pack("<2H", 0x7C00, 0x001F)]), np.array([[[255, 0, 0], [0, 0, 255]]])),
    "bmp 24": (bmp(1, 1, 24, [bytes([1, 2, 3])]), np.array([[[3, 2, 1]]])),
    "bmp 32": (bmp(1, 1, 32, [bytes([1, 2, 3, 0])]), np.array([[[3, 2, 1]]])),
}
for order in "<>":
    KINDS |= {
        f"tiff {order}16": (tiff(3, 1, 16, words(*DEEP, order=order), order=order), SCALED),
        f"tiff {order}16 upright": (
            tiff(3, 1, 16, words(*DEEP, order=order), order=order, turn=6),
            grey([0], [106], [255]),
        ),
        f"tiff {order}16 signed": (
            tiff(3, 1, 16, words(-2000, -300, 2095, order=order, kind="h"), kind=2, order=order),
            SCALED,
        ),
        f"tiff {order}32": (tiff(3, 1, 32, words(*DEEP, order=order, kind="I"), order=order), SCALED),
        f"tiff {order}float": (
            tiff(4, 1, 32, words(0.25, 0.5, 1, np.nan, order=order, kind="f"), kind=3, order=order),
            grey([0, 85, 255, 0]),
        ),
        f"tiff {order}double, upright": (
            tiff(3, 1, 64, words(*DEEP, order=order, kind="d"), kind=3, order=order, turn=8),
            grey([255], [106], [0]),
        ),
        f"tiff {order}float within 8": (
            tiff(2, 1, 32, words(254.6, 2, order=order, kind="f"), kind=3, order=order),
            grey([255, 2]),
        ),
    }


@pytest.mark.parametrize("name", KINDS)
def test_every_depth_becomes_8_bits(name):
    contents, pixels = KINDS[name]
    image = pictures.from_bytes(contents)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, pixels)
    np.testing.assert_array_equal(in_graph(contents), pixels)
    np.testing.assert_array_equal(pictures.decode(tf.constant(contents)), pixels)
    assert pictures.size_of(contents) == pixels.shape[:2]


FRAMES = {"save_all": True, "append_images": [Image.new("RGB", (9, 7))]}


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("webp", "RGBA", {"lossless": True, "exact": True}),
        ("webp", "RGB", FRAMES | {"lossless": True}),
        ("png", "RGB", FRAMES),
        ("png", "RGBA", {}),
        ("tiff", "RGB", FRAMES | {"compression": "tiff_lzw"}),
        ("tiff", "RGBA", {"compression": "tiff_deflate"}),
        ("tiff", "RGB", {"compression": "packbits"}),
    ],
)
def test_transparency_and_further_frames_are_dropped(kind, mode, options):
    contents = saved(kind, Image.fromarray(COLOURS).convert(mode), **options)
    np.testing.assert_array_equal(pictures.from_bytes(contents), COLOURS[..., :3])
    np.testing.assert_array_equal(in_graph(contents), COLOURS[..., :3])
    assert pictures.size_of(contents) == (7, 9)


def test_16_bits_compressed_and_of_several_pages():
    first, second = (np.full((7, 9), value, np.uint16) for value in (300, 0))
    first[2, 3], first[4, 5] = 4395, 2000
    for compression in ("tiff_lzw", "tiff_deflate", None):
        pages = {"save_all": True, "append_images": [Image.fromarray(second)], "compression": compression}
        image = pictures.from_bytes(saved("tiff", Image.fromarray(first), **pages))
        assert (image[2, 3, 0], image[4, 5, 0], image.sum()) == (255, 106, 3 * 361)


@pytest.mark.parametrize("size", [(16, 24), (33, 17)])
def test_inks_become_colours_the_same_in_the_graph(size):
    """A JPEG of four inks, as Pillow and Adobe's programs write it: inverted, and marked so."""
    red = Image.new("CMYK", size[::-1], (0, 255, 255, 0))
    contents = saved("jpeg", red, quality=95)
    assert b"Adobe" in contents
    image = pictures.from_bytes(contents)
    assert image.shape == (*size, 3)
    assert np.abs(image - np.array([255.0, 0, 0])).max() < 8
    np.testing.assert_array_equal(in_graph(contents), image)


def test_a_large_picture_is_read_in_strips(monkeypatch):
    monkeypatch.setattr("recipes.data.pixels.STRIP", 20)
    contents = saved("png", Image.fromarray(COLOURS))
    np.testing.assert_array_equal(pictures.from_bytes(contents), COLOURS[..., :3])
    np.testing.assert_array_equal(pictures.from_bytes(KINDS["png 16"][0]), SCALED)


def test_sixteen_bits_are_turned_upright_as_others_are():
    contents = png(3, 1, 16, 2, [words(*DEEP, 300, 300, 300, 4395, 300, 300)], early=chunk(b"eXIf", exif(6)))
    image = pictures.from_bytes(contents)
    assert image[..., 0].tolist() == [[0], [0], [255]]
    np.testing.assert_array_equal(in_graph(contents), image)
