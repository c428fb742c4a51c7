import os
import resource
import time
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import headers, pictures
from recipes.data.labels import labels_from_bytes
from tests.recipes.data.odd import bmp, chunk, png
from tests.recipes.data.test_upright import PHOTO, in_graph, saved
from zoo.errors import InputError

KINDS = ("jpeg", "png", "bmp", "gif", "webp", "tiff")
MANY = "has 400,000,000 pixels, more than 100,000,000; raise REGIONZOO_MAX_PIXELS"


def black(side):
    """A PNG of a few kB with `side` x `side` pixels, each a bit."""
    packed = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    data = b"".join(packed.compress(row) for _ in range(side)) + packed.flush()
    start = png(side, side, 1, 0, [])
    return start[:33] + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def claiming(kind, side):
    """A small file whose head claims more pixels than it has."""
    contents = bytearray(saved(kind, lossless=True) if kind == "webp" else saved(kind))
    if kind == "jpeg":
        at = contents.index(b"\xff\xc0") + 5
        contents[at : at + 4] = side.to_bytes(2, "big") * 2
    if kind == "gif":
        contents[6:10] = side.to_bytes(2, "little") * 2
    if kind == "bmp":
        contents[18:26] = side.to_bytes(4, "little") * 2
    if kind == "webp":
        contents[21:25] = (side - 1 | side - 1 << 14).to_bytes(4, "little")
    return bytes(contents)


@pytest.mark.parametrize("function", [pictures.from_bytes, pictures.size_of, in_graph])
def test_a_huge_picture_is_refused_before_it_is_decoded(function):
    contents = black(20_000)
    assert len(contents) < 60_000
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match=MANY):
        function(contents)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(("kind", "side"), [("jpeg", 20_000), ("gif", 20_000), ("bmp", 20_000), ("webp", 16_384)])
def test_what_a_head_claims_is_not_made_room_for(tmp_path, kind, side):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(claiming(kind, side))
    message = f"has {side**2:,} pixels, more than 100,000,000; raise REGIONZOO_MAX_PIXELS"
    with pytest.raises(InputError, match=f"a.{kind}: {message}$"):
        pictures.read(path)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        in_graph(path.read_bytes())


def test_the_limit_can_be_raised_and_lowered(monkeypatch):
    contents = saved("png")
    monkeypatch.setenv("REGIONZOO_MAX_PIXELS", "959")
    for function in (pictures.from_bytes, pictures.size_of, in_graph):
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="has 960 pixels, more than 959"):
            function(contents)
    monkeypatch.setenv("REGIONZOO_MAX_PIXELS", "960")
    assert in_graph(contents).shape == pictures.from_bytes(contents).shape == (24, 40, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)
    assert pictures.from_bytes(contents).shape == (24, 40, 3)
    for word in ("many", "0", "-3"):
        monkeypatch.setenv("REGIONZOO_MAX_PIXELS", word)
        with pytest.raises(InputError, match=f"is a number of pixels, such as 100000000, received '{word}'"):
            headers.max_pixels()


@pytest.mark.parametrize("kind", KINDS)
def test_a_size_is_read_of_files_and_bytes(tmp_path, kind):
    for size in ((40, 24), (17, 31)):
        path = tmp_path / f"{size}.{kind}"
        path.write_bytes(saved(kind, PHOTO.resize(size)))
        assert pictures.size_of(path) == pictures.size_of(path.read_bytes()) == size[::-1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_files_cut_short_have_no_size(kind, kept):
    contents = saved(kind)
    for function in (pictures.size_of, pictures.from_bytes):
        with pytest.raises(ValueError, match="is no complete JPEG"):
            function(contents[: int(kept * len(contents))])


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_decoded_has_a_size(kind):
    """Files with something behind their end, and those that lack a few bytes which Pillow does without."""
    contents = saved(kind)
    noise = np.random.default_rng(0).bytes(30_000).replace(b"\xff\xd9", b"")
    for changed in (contents + b"\0", contents + noise, *(contents[:-cut] for cut in (1, 2, 8, 12, 13))):
        try:
            size = pictures.from_bytes(changed).shape[:2]
        except ValueError:
            continue
        assert pictures.size_of(changed) == size
    assert pictures.size_of(contents + noise) == (24, 40)


def test_a_thumbnail_is_not_the_end_of_a_photograph():
    note = Image.Exif()
    note[274] = 1
    contents = saved("jpeg", exif=note.tobytes() + saved("jpeg", PHOTO.resize((8, 8))))
    assert pictures.size_of(contents) == (24, 40)
    with pytest.raises(ValueError, match="is no complete JPEG"):
        pictures.size_of(contents[:-300])


def test_a_size_costs_little(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)).save(path, compress_level=0)
    seconds = []
    for _ in range(10):
        begun = time.process_time()
        pictures.size_of(path)
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 1e-3


def test_what_is_no_file_has_no_size(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "nothing.jpg").symlink_to("missing")
    (tmp_path / "empty.jpg").touch()
    found = {
        "pipe.jpg": "is a pipe, not a picture file",
        "loop.jpg": "cannot be read (Too many levels of symbolic links); replace or remove it",
        "nothing.jpg": "is a link to nothing; replace or remove it",
        "empty.jpg": "the file is empty; replace or remove it",
        "missing.jpg": "no such picture file",
        ".": "is a folder, not a picture file",
    }
    for name, words in found.items():
        with pytest.raises(ValueError) as raised:
            pictures.size_of(tmp_path / name)
        assert str(raised.value) == words
        with pytest.raises(InputError) as raised:
            pictures.read(tmp_path / name)
        assert str(raised.value) == f"{tmp_path / name}: {words}"


@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_is_worse_than_a_line(kind):
    """Bytes changed at random: read or refused in words, by both ways and the head alone."""
    rng = np.random.default_rng(KINDS.index(kind))
    whole = saved(kind, PHOTO.resize((16, 12)))
    for _ in range(60):
        contents = bytearray(whole)
        for at in rng.integers(0, min(len(whole), 120), 3):
            contents[at] = rng.integers(256)
        for function in (pictures.from_bytes, pictures.size_of, labels_from_bytes):
            try:
                function(bytes(contents))
            except ValueError as error:
                assert "\n" not in str(error)


def test_a_bitmap_may_lie_about_its_length():
    contents = bytearray(bmp(1, 1, 24, [bytes([1, 2, 3])]))
    contents[2:6] = b"\xff\xff\xff\0"
    assert pictures.size_of(bytes(contents)) == (1, 1)


@pytest.mark.parametrize(("brand", "name"), [(b"heic", "HEIC"), (b"mif1", "HEIC"), (b"avif", "AVIF")])
@pytest.mark.parametrize("function", [pictures.from_bytes, pictures.size_of])
def test_what_phones_save_is_told(function, brand, name):
    with pytest.raises(ValueError, match=f"^is {name}, which is not read; convert it to JPEG or PNG$"):
        function(b"\0\0\0\x18ftyp" + brand + bytes(100))
