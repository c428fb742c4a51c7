import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import pictures
from recipes.data.labels import decode_labels, labels_from_bytes
from tests.recipes.data.odd import bmp, chunk, exif, png, tiff
from tests.recipes.data.test_upright import in_graph, saved

PALETTE = chunk(b"PLTE", bytes(range(48)))
NUMBERS = np.random.default_rng(2).integers(0, 256, (7, 9), dtype=np.uint8)
EQUAL = np.repeat(NUMBERS[..., None], 3, -1)
OPAQUE = np.dstack([EQUAL, np.full((7, 9), 255, np.uint8)])
BLACK_WHITE = b"\0\0\0\0\xff\xff\xff\0"
KINDS = {
    "png 1": (png(8, 1, 1, 0, [b"\xb0"]), [[1, 0, 1, 1, 0, 0, 0, 0]]),
    "png 2": (png(4, 2, 2, 0, [b"\x1b", b"\xe4"]), [[0, 1, 2, 3], [3, 2, 1, 0]]),
    "png 4": (png(3, 1, 4, 0, [b"\x1f\xa0"]), [[1, 15, 10]]),
    "png 4, interlaced": (png(2, 2, 4, 0, [b"\x10", b"\xf0", b"\xa2"], interlaced=1), [[1, 15], [10, 2]]),
    "png 8": (png(2, 1, 8, 0, [bytes([7, 255])]), [[7, 255]]),
    "png 8, interlaced": (png(2, 2, 8, 0, [b"\1", b"\2", b"\3\4"], interlaced=1), [[1, 2], [3, 4]]),
    "png 16": (png(2, 1, 16, 0, [struct.pack(">HH", 300, 65535)]), [[300, 65535]]),
    **{
        f"png palette {bits}": (png(8 // bits, 1, bits, 3, [b"\x1b"], early=PALETTE), [numbers])
        for bits, numbers in ((1, [0, 0, 0, 1, 1, 0, 1, 1]), (2, [0, 1, 2, 3]), (4, [1, 11]))
    },
    "png alpha": (png(2, 1, 8, 4, [bytes([3, 255, 7, 0])]), [[3, 7]]),
    "png alpha 16": (png(2, 1, 16, 4, [struct.pack(">4H", 300, 9, 4000, 9)]), [[300, 4000]]),
    "png RGB 16": (png(2, 1, 16, 2, [struct.pack(">6H", *[300] * 3, *[7] * 3)]), [[300, 7]]),
    "png RGB": (saved("png", Image.fromarray(EQUAL)), NUMBERS),
    "png RGBA": (saved("png", Image.fromarray(OPAQUE)), NUMBERS),
    "tiff": (saved("tiff", Image.fromarray(NUMBERS), compression="tiff_lzw"), NUMBERS),
    "tiff 4": (tiff(2, 1, 4, b"\x1f"), [[1, 15]]),
    "tiff 16": (tiff(2, 1, 16, struct.pack("<HH", 300, 5)), [[300, 5]]),
    "tiff 32": (tiff(2, 1, 32, struct.pack(">II", 70000, 5), order=">"), [[70000, 5]]),
    "tiff float": (tiff(2, 1, 32, struct.pack("<ff", 70000, 5), kind=3), [[70000, 5]]),
    "tiff turned": (tiff(2, 1, 8, bytes([1, 2]), turn=6), [[1], [2]]),
    "bmp": (bmp(2, 1, 8, [bytes([1, 0])], b"\1\2\3\0\4\5\6\0"), [[1, 0]]),
    "bmp, black and white": (bmp(2, 1, 8, [bytes([1, 0])], BLACK_WHITE), [[1, 0]]),
    "bmp 4, black and white": (bmp(2, 1, 4, [b"\x10"], BLACK_WHITE), [[1, 0]]),
    "gif": (saved("gif", Image.fromarray(NUMBERS % 4)), NUMBERS % 4),
}


@pytest.mark.parametrize("name", KINDS)
def test_labels_keep_their_numbers(name):
    contents, numbers = KINDS[name]
    labels = labels_from_bytes(contents)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, numbers)
    np.testing.assert_array_equal(in_graph(contents, decode_labels), numbers)
    np.testing.assert_array_equal(decode_labels(tf.constant(contents)), numbers)
    assert pictures.label_size_of(contents) == labels.shape


def test_what_is_no_number_a_pixel_is_refused(monkeypatch):
    unequal = EQUAL.copy()
    unequal[6, 8, 2] ^= 1
    with pytest.raises(ValueError, match=r"is a colour picture \(mode RGB\), not one label a pixel"):
        labels_from_bytes(saved("png", Image.fromarray(unequal)))
    with pytest.raises(ValueError, match=r"is a colour picture \(mode CMYK\)"):
        labels_from_bytes(saved("tiff", Image.new("CMYK", (2, 2))))
    with pytest.raises(ValueError, match="has fractions, not one label a pixel"):
        labels_from_bytes(tiff(2, 1, 32, struct.pack("<ff", 0.5, np.nan), kind=3))
    for contents in (saved("jpeg"), b"", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(ValueError, match="is no complete PNG, TIFF, BMP or GIF"):
            labels_from_bytes(contents)
        with pytest.raises(
            (ValueError, tf.errors.InvalidArgumentError), match="is no complete PNG, TIFF, BMP or GIF"
        ):
            in_graph(contents, decode_labels)
    monkeypatch.setenv("REGIONZOO_MAX_PIXELS", "62")
    for function in (labels_from_bytes, pictures.label_size_of):
        with pytest.raises(ValueError, match="has 63 pixels, more than 62; raise REGIONZOO_MAX_PIXELS"):
            function(KINDS["tiff"][0])


def test_a_palette_is_turned_by_its_own_note():
    contents = png(2, 1, 4, 3, [b"\x1b"], early=PALETTE + chunk(b"eXIf", exif(3)))
    assert labels_from_bytes(contents).tolist() == [[11, 1]]
