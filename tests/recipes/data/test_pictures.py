import io

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recipes.data import pictures, transforms
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


def test_fit_of_the_same_size_changes_nothing():
    fitted, placement = pictures.fit(PIXELS, (24, 32))
    np.testing.assert_array_equal(fitted, PIXELS)
    logits = np.random.default_rng(1).normal(size=(24, 32, 5)).astype("float32")
    np.testing.assert_array_equal(placement.restore(logits), logits)


def test_fit_by_hand():
    fitted, placement = pictures.fit(PIXELS, (64, 64))
    assert fitted.shape == (64, 64, 3) and fitted.dtype == np.uint8
    assert (placement.top, placement.left, placement.height, placement.width) == (8, 0, 48, 64)
    assert np.all(fitted[:8] == 114) and np.all(fitted[56:] == 114)


@pytest.mark.parametrize("size", [(24, 32), (64, 64), (10, 40), (7, 5), (600, 32)])
def test_fit_agrees_with_the_pipeline(size):
    fitted, _ = pictures.fit(PIXELS, size)
    dataset = tf.data.Dataset.from_tensors({"image": PIXELS}).map(lambda x: transforms.letterbox(x, size))
    (boxed,) = dataset.as_numpy_iterator()
    np.testing.assert_array_equal(fitted, boxed["image"])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_restore_undoes_fit(h0, w0, height, width):
    _, placement = pictures.fit(np.zeros((h0, w0, 3), np.uint8), (height, width))
    logits = np.full((height, width, 2), -9.0, np.float32)
    rows, columns = (
        slice(placement.top, placement.top + placement.height),
        slice(placement.left, placement.left + placement.width),
    )
    logits[rows, columns] = 3.0
    restored = placement.restore(logits)
    assert restored.shape == (h0, w0, 2)
    np.testing.assert_allclose(restored, 3.0)


def test_restored_ramp_runs_over_the_picture():
    _, placement = pictures.fit(np.zeros((10, 20, 3), np.uint8), (20, 40))
    ramp = np.tile(np.arange(40, dtype="float32")[None, :, None], (20, 1, 1))
    restored = placement.restore(ramp)[..., 0]
    # Centres of the picture's pixels lie between two of the frame's.
    np.testing.assert_allclose(restored, np.tile(0.5 + 2 * np.arange(20), (10, 1)))


def test_restore_wants_the_frame():
    _, placement = pictures.fit(PIXELS, (64, 64))
    with pytest.raises(InputError, match=r"\(h, w\) = \(64, 64\), received \(32, 32, 5\)"):
        placement.restore(np.zeros((32, 32, 5)))
