import functools
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from recipes.data import headers, pictures
from recipes.data.labels import decode_labels, labels_from_bytes
from tests.recipes.data.odd import chunk, exif, png

# What is seen when `STORED` is turned, for each of EXIF's eight numbers; by hand from the standard's table.
STORED = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
SEEN = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[4, 1], [5, 2], [6, 3]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[3, 6], [2, 5], [1, 4]],
}
ROWS = [bytes(row) for row in STORED]
PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8))


@functools.cache
def graph_of(function, max_pixels):
    return tf.function(function, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)


def in_graph(contents, function=pictures.decode):
    """Decodes in a graph, which is traced once: it knows the limit of that moment."""
    return graph_of(function, headers.max_pixels())(contents).numpy()


def saved(kind, picture=PHOTO, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("turn", SEEN)
@pytest.mark.parametrize("order", "<>")
def test_a_png_is_turned_upright_wherever_it_says_so(turn, order):
    note = chunk(b"eXIf", exif(turn, order))
    for contents in (png(3, 2, 8, 0, ROWS, early=note), png(3, 2, 8, 0, ROWS, late=note)):
        image = pictures.from_bytes(contents)
        np.testing.assert_array_equal(image, np.repeat(np.array(SEEN[turn])[..., None], 3, -1))
        np.testing.assert_array_equal(image, in_graph(contents))
        np.testing.assert_array_equal(image, pictures.decode(tf.constant(contents)))
        assert pictures.size_of(contents) == image.shape[:2]
        labels = labels_from_bytes(contents)
        np.testing.assert_array_equal(labels, SEEN[turn])
        np.testing.assert_array_equal(labels, in_graph(contents, decode_labels))
        assert pictures.label_size_of(contents) == labels.shape


@pytest.mark.parametrize("turn", SEEN)
@pytest.mark.parametrize("kind, options", [("jpeg", {}), ("jpeg", {"progressive": True}), ("webp", {}), ("tiff", {})])
def test_photographs_are_turned_upright(tmp_path, turn, kind, options):
    contents = saved(kind, exif=tiff_note(turn) if kind == "tiff" else b"Exif\0\0" + exif(turn), **options)
    path = tmp_path / f"a.{kind}"
    path.write_bytes(contents)
    seen = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    image = pictures.read(path)
    assert image.shape == ((40, 24, 3) if turn > 4 else (24, 40, 3))
    np.testing.assert_array_equal(image, seen)
    np.testing.assert_array_equal(image, in_graph(contents))
    assert pictures.size_of(path) == image.shape[:2]


def tiff_note(turn):
    note = Image.Exif()
    note[274] = turn
    return note


def test_grey_photographs_are_turned_in_the_graph_too():
    contents = saved("jpeg", PHOTO.convert("L"), exif=b"Exif\0\0" + exif(6))
    np.testing.assert_array_equal(in_graph(contents), pictures.from_bytes(contents))
    assert pictures.from_bytes(contents).shape == (40, 24, 3)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@pytest.mark.parametrize(
    "note",
    [
        b"nonsense",
        b"II",
        b"II*\0\xff\xff\xff\xff",
        exif(0),
        exif(9),
        exif(6)[:-8],
        exif(6)[:8] + b"\xff\xff" + exif(6)[10:14] + b"\xff" * 8,
        b"MM\0*\0\0\0\x08\0\x02\x01\x1a\0\x05\0\0\0\x01\xff\xff\xff\xf0\x01\x1b\0\x05\0\0\0\x01\xff\xff\xff\xff",
    ],
)
def test_damaged_notes_change_nothing(kind, note):
    contents = saved(kind, exif=b"Exif\0\0" + note)
    plain = pictures.from_bytes(saved(kind))
    np.testing.assert_array_equal(pictures.from_bytes(contents), plain)
    np.testing.assert_array_equal(in_graph(contents), plain)
    assert pictures.size_of(contents) == (24, 40)
