"""Picture files: found and read, the same way in training and in prediction.

Training decodes in tf.data, prediction by Pillow, which loads at once; both give the same pixels.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from recipes.data.files import DAMAGED
from zoo.errors import InputError

warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # above twice as many pixels it refuses
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
UNREADABLE = "is no complete JPEG, PNG, BMP, GIF or WebP picture"
UNREADABLE_LABELS = "is no complete PNG"
GREY = 0
PNG = b"\x89PNG\r\n\x1a\n"


def decode(contents):
    """Decodes an encoded picture; runs eagerly and in a tf.data graph.

    Args:
        contents: scalar string, the bytes of a JPEG, PNG, BMP, GIF (its first frame) or WebP file.

    Returns:
        `(H, W, 3)` uint8 RGB. Grey pictures get three equal channels, transparency is dropped, and the
        orientation note of a camera (EXIF) is not applied: annotations count in stored pixels.
    """
    import tensorflow as tf

    def other():
        # TensorFlow knows neither palettes and single bits of BMP nor moving WebP, and paints the ground of a GIF.
        return tf.cond(
            tf.equal(tf.strings.substr(contents, 0, len(PNG)), PNG),
            lambda: tf.io.decode_png(contents, channels=3),
            lambda: by_python(from_bytes, contents, tf.uint8),
        )

    # TensorFlow's quick transform for JPEG differs by up to 8 grey levels from what all other libraries decode.
    image = tf.cond(
        tf.io.is_jpeg(contents),
        lambda: tf.io.decode_jpeg(contents, channels=3, dct_method="INTEGER_ACCURATE"),
        other,
    )
    return tf.ensure_shape(image, (None, None, 3))


def decode_labels(contents):
    """Decodes a label map; runs eagerly and in a tf.data graph.

    Args:
        contents: scalar string, the bytes of a grey or palette PNG.

    Returns:
        `(H, W)` int32. Palette files, as Pascal VOC's, give their indices.
    """
    import tensorflow as tf

    # Bytes 24 and 25 of a PNG are bit depth and colour type. TensorFlow would give a palette's colours and
    # stretch 1-bit labels to 0 and 255, so all but plain grey goes to Pillow.
    plain = tf.equal(tf.strings.substr(contents, 24, 2), tf.constant(bytes([8, GREY])))
    labels = tf.cond(
        plain,
        lambda: tf.cast(tf.io.decode_png(contents, channels=1)[..., 0], tf.int32),
        lambda: by_python(labels_from_bytes, contents, tf.int32),
    )
    return tf.ensure_shape(labels, (None, None))


def by_python(function, contents, dtype):
    """Calls a function of bytes; in a graph its `ValueError` comes as `tf.errors.InvalidArgumentError`."""
    import tensorflow as tf

    def of_bytes(value):
        return function(value if isinstance(value, bytes) else value.item())  # eagerly it is an array of one

    return tf.numpy_function(of_bytes, [contents], dtype)


def loaded(contents, formats, unreadable):
    """Returns bytes as a `PIL.Image` that is read whole, or raises `ValueError` that says what is wrong with them."""
    try:
        image = Image.open(io.BytesIO(contents), formats=formats)
        image.load()
    except Image.DecompressionBombError as error:
        raise ValueError(f"has more than {2 * Image.MAX_IMAGE_PIXELS:,} pixels") from error
    except (*DAMAGED, SyntaxError, IndexError) as error:
        raise ValueError(unreadable) from error
    return image


def labels_from_bytes(contents):
    """As `decode_labels`, on Python bytes with Pillow.

    Raises:
        ValueError: if this is no complete grey or palette picture; the message lacks the file's name.
    """
    image = loaded(contents, ["PNG"], UNREADABLE_LABELS)
    if image.mode not in ("1", "L", "P", "I;16", "I"):
        raise ValueError(f"is a colour picture (mode {image.mode}), not one label a pixel")
    return np.asarray(image).astype(np.int32)


def read(path, channels=3):
    """Reads one picture as the pipeline does.

    Args:
        path: a picture file.
        channels: 3 for RGB, 1 for grey.

    Returns:
        `(H, W, channels)` uint8.

    Raises:
        InputError: if the file is missing, empty, cut short or not a picture.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such picture file")
        contents = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); replace or remove it") from error
    if not contents:
        raise InputError(f"{path}: the file is empty; replace or remove it")
    try:
        pixels = from_bytes(contents)
    except ValueError as error:
        raise InputError(f"{path}: {error}; replace or remove it") from error
    return pixels if channels == 3 else grey(pixels)


def from_bytes(contents):
    """As `decode`, on Python bytes with Pillow.

    Raises:
        ValueError: if this is no complete picture; the message lacks the file's name.
    """
    image = loaded(contents, FORMATS, UNREADABLE)
    if image.mode == "P":
        image.info.pop("transparency", None)  # is dropped, and Pillow warns of it
    if image.mode.startswith("I"):  # grey of 16 bits, of which Pillow would keep the lower ones
        return np.repeat((np.asarray(image).astype(np.int32) >> 8).astype(np.uint8)[..., None], 3, axis=-1)
    return np.asarray(image.convert("RGB"))


def head(path):
    """Returns `[height, width, turned]` of a picture, read from the head of its file."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return [image.height, image.width, False]
    except Image.UnidentifiedImageError as error:
        raise ValueError(UNREADABLE) from error


def grey(pixels):
    """Turns RGB `(H, W, 3)` uint8 into grey `(H, W, 1)`, as `recipes.data.transforms.to_channels` does."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32), -1, 0)
    return ((299 * red + 587 * green + 114 * blue + 500) // 1000).astype(np.uint8)[..., None]


def find(path):
    """Lists pictures.

    Args:
        path: a picture file, or a folder of them (its subfolders are not searched).

    Returns:
        Sorted list of `Path`.

    Raises:
        InputError: if the path is missing, or a folder without pictures.
    """
    path = Path(path)
    try:
        if path.is_file():
            return [path]
        if not path.is_dir():
            raise InputError(f"{path}: no such file or folder")
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
    if not found:
        raise InputError(f"{path}: the folder holds no pictures ({', '.join(SUFFIXES)})")
    return found
