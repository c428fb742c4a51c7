import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import zoo

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    return zoo.grid_detector(2, grid=(2, 3), width=1 / 8, input_shape=(32, 48, 3), name="small")


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("street.jpg", "received the path 'street.jpg': give np.asarray(PIL.Image.open(path).convert('RGB'))[None]"),
        (Path("street.jpg"), "received the path 'street.jpg'"),
        (Image.new("RGB", (48, 32)), "received a PIL picture: give it as np.asarray(picture)[None]"),
        ([Image.new("RGB", (48, 32))] * 2, "received a list of 2: give pictures of one size as np.stack("),
        ([PIXELS[0], PIXELS[1][:16]], "received a list of 2: give pictures of one size as np.stack("),
        (["a.jpg", "b.jpg"], "received a list of 2 paths: give np.stack([np.asarray(PIL.Image.open(path).convert("),
        (PIXELS[0].tolist(), "received lists within a list: give np.asarray(pictures)"),
        ({"image": "a.jpg"}, "received the path 'a.jpg': give np.asarray("),
        (None, "received None: give an array of pictures"),
        ([], "received []: give an array of pictures"),
        (7, "received 7: give an array of pictures"),
        (np.float32(7), "received np.float32(7.0): give an array of pictures"),
        (np.array(7), "received array(7): give an array of pictures"),
        (PIXELS.astype("object"), "received an array of object: give pixels of 0 to 255, numbers of one type"),
        (PIXELS.astype(">f4"), "received an array of >f4: give pixels"),  # which JAX reads the wrong way round
        (PIXELS.astype("str"), "received an array of <U32: give pixels"),
        (tf.data.Dataset.from_tensor_slices(PIXELS).batch(2).take(0), "received none: an empty data set"),
        ({"image": PIXELS, "regions": PIXELS[:1]}, "received 2 and 1 of its inputs: give as many of each"),
        (PIXELS[:0], "received none: an array of shape (0, 32, 48, 3)"),
        (PIXELS[0], "shape (32, 48, 3): a batch has a dimension more, picture[None]"),
        (PIXELS.transpose(0, 3, 1, 2), "(2, 3, 32, 48): channels come last, np.transpose(pictures, (0, 2, 3, 1))"),
        (PIXELS[..., :1], "(2, 32, 48, 1): grey and transparent pictures become RGB by PIL's convert('RGB')"),
    ],
)
def test_a_mistake_is_one_line_with_its_remedy(model, given, remedy):
    with pytest.raises(zoo.InputError) as error:
        model.predict(given, verbose=0)
    assert str(error.value).startswith("small takes pictures (B, H, W, 3), received ") and remedy in str(error.value)


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, "8", [2], True])
def test_a_batch_is_a_number_of_pictures(model, batch_size):
    with pytest.raises(zoo.InputError, match="batch_size is a whole number of pictures, 1 or more, received"):
        model.predict(PIXELS, batch_size=batch_size, verbose=0)
    assert model.predict(PIXELS, batch_size=np.int64(1), verbose=0)["scores"].shape[0] == 2


BEYOND = (PIXELS.astype("int8"), PIXELS > 128, PIXELS.astype("uint16") * 256, PIXELS * np.nan)


@pytest.mark.parametrize("scaled", [PIXELS / 255, PIXELS / 127.5 - 1, *BEYOND])
def test_pixels_that_are_scaled_already_are_warned_of(model, scaled):
    with pytest.warns(UserWarning, match="small takes raw pixels of 0 to 255 and normalises them itself, received"):
        model.predict(scaled, verbose=0)


@pytest.mark.parametrize(
    "pixels", [PIXELS, PIXELS * 0, np.minimum(PIXELS, 1), PIXELS.astype("int64"), PIXELS.astype("uint8")]
)
def test_dark_pictures_are_not_warned_of(model, pixels):
    with warnings.catch_warnings(action="error"):
        model.predict(pixels, verbose=0)


def test_sources_are_opened_under_the_name_that_is_looked_for():
    with pytest.raises(zoo.InputError, match="nowhere"):
        zoo.datasets.open("masks:nowhere")
