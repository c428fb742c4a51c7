import io
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import pictures
from zoo.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def encoded(kind, mode="RGB"):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["jpeg", "png", "bmp", "gif", "webp"])
def test_reads_every_kind(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(encoded(kind))
    image = pictures.read(path)
    assert image.shape == (24, 32, 3) and image.dtype == np.uint8
    np.testing.assert_array_equal(image, pictures.decode(tf.io.read_file(str(path))))
    if kind in ("png", "bmp"):
        np.testing.assert_array_equal(image, PIXELS)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "LA"])
def test_grey_palette_and_transparent_pictures(tmp_path, mode):
    path = tmp_path / "a.png"
    path.write_bytes(encoded("png", mode))
    np.testing.assert_array_equal(pictures.read(path), Image.open(path).convert("RGB"))


MOVING = {"save_all": True, "append_images": [Image.new("RGB", (32, 24))]}
OF_FEW = Image.fromarray(PIXELS).quantize(16)


@pytest.mark.parametrize(
    ("kind", "picture", "options"),
    [
        ("bmp", OF_FEW, {}),
        ("bmp", Image.fromarray(PIXELS).convert("1"), {}),
        ("gif", OF_FEW, {"transparency": 3}),
        ("gif", OF_FEW, MOVING),
        ("webp", OF_FEW.convert("RGB"), MOVING | {"lossless": True}),
        ("png", OF_FEW, {"transparency": bytes(range(16))}),
    ],
)
def test_odd_kinds_are_learned_from_as_they_are_predicted(tmp_path, kind, picture, options):
    path = tmp_path / f"a.{kind}"
    picture.save(path, **options)
    np.testing.assert_array_equal(pictures.read(path), picture.convert("RGB"))
    decoded = tf.data.Dataset.from_tensors(str(path)).map(lambda file: pictures.decode(tf.io.read_file(file)))
    np.testing.assert_array_equal(pictures.read(path), next(decoded.as_numpy_iterator()))


def test_a_picture_too_large_to_be_true_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("REGIONZOO_MAX_PIXELS", "767")
    path = tmp_path / "large.png"
    path.write_bytes(encoded("png"))
    with pytest.raises(InputError, match="large.png: has 768 pixels, more than 767; raise REGIONZOO_MAX_PIXELS$"):
        pictures.read(path)


def test_reads_grey(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded("png", "L"))
    np.testing.assert_array_equal(pictures.read(path, channels=1)[..., 0], Image.open(path))


@pytest.mark.parametrize("kind", ["jpeg", "png", "bmp", "gif", "webp"])
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_truncated_pictures_are_refused(tmp_path, kind, kept):
    contents = encoded(kind)
    path = tmp_path / "a"
    path.write_bytes(contents[: int(kept * len(contents))])
    with pytest.raises(InputError, match="a: is no complete JPEG"):
        pictures.read(path)


def test_missing_empty_and_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="nothing.png: no such picture file"):
        pictures.read(tmp_path / "nothing.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(InputError, match="empty.png: the file is empty"):
        pictures.read(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(InputError, match="text.png: is no complete"):
        pictures.read(tmp_path / "text.png")


def test_finds_pictures(tmp_path):
    for name in ("b.PNG", "a.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert pictures.find(tmp_path) == [tmp_path / "a.jpg", tmp_path / "b.PNG"]
    assert pictures.find(tmp_path / "a.jpg") == [tmp_path / "a.jpg"]
    with pytest.raises(InputError, match="nothing: no such file or folder"):
        pictures.find(tmp_path / "nothing")
    (tmp_path / "inner").mkdir()
    with pytest.raises(InputError, match="inner: the folder holds no pictures"):
        pictures.find(tmp_path / "inner")


def test_a_folder_s_other_files_are_counted(tmp_path):
    for name in ("a.TIF", "b.jfif", "c.jpe", "notes.txt", "._a.jpg", ".DS_Store"):
        (tmp_path / name).touch()
    (tmp_path / "inner.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "gone.jpg").symlink_to("missing.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "link.jpg").symlink_to("b.jfif")
    assert [file.name for file in pictures.find(tmp_path)] == ["a.TIF", "b.jfif", "c.jpe", "link.jpg"]
    assert pictures.ignored(tmp_path) == (7, "gone.jpg")
    assert pictures.ignored(tmp_path / "a.TIF") == (0, "")
    line = "ignored 7 files that are no pictures, e.g. gone.jpg"
    assert pictures.ignored_line([tmp_path / "a.TIF", tmp_path]) == line
    assert pictures.ignored_line([tmp_path / "a.TIF"]) == ""
    for name, words in {
        "pipe.jpg": "is a pipe, not a picture file",
        "gone.jpg": "is a link to nothing",
        "loop.jpg": "cannot be read",
    }.items():
        with pytest.raises(InputError, match=f"{name}: {words}"):
            pictures.find(tmp_path / name)


def test_jpeg_decodes_as_elsewhere(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("jpeg"))
    np.testing.assert_array_equal(pictures.read(path), Image.open(path).convert("RGB"))
