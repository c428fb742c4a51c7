"""Label maps: files of one number a pixel, which is read as it was written."""

import io

import numpy as np

from recipes.data.headers import upright
from recipes.data.pixels import array, by_opencv, loaded

FORMATS = ("PNG", "TIFF", "BMP", "GIF")
UNREADABLE = "is no complete PNG, TIFF, BMP or GIF"
COLOURED = "is a colour picture"
GREY = 0
STRETCHED = {"L;2": 85, "L;4": 17}  # by which Pillow multiplies numbers of 2 and 4 bits
NUMBERS = ("1", "L", "P", "I", "F", "LA", "RGB", "RGBA")


def decode_labels(contents):
    """Decodes a label map; runs eagerly and in a tf.data graph.

    Args:
        contents: scalar string, the bytes of a PNG, TIFF, BMP or GIF, grey or with a palette, of 1 to 16 bits.

    Returns:
        `(H, W)` int32. Palette files, as Pascal VOC's, give their indices; colours count as grey where the three
        channels are the same everywhere; transparency is dropped. A map is turned where it has an orientation (EXIF)
        of its own.
    """
    import tensorflow as tf

    from recipes.data.natively import by_python, plain_png

    # TensorFlow would give a palette's colours and stretch 1-bit labels to 0 and 255.
    labels = tf.cond(
        plain_png(contents, depths=(8,), colours=(GREY,)),
        lambda: tf.cast(tf.io.decode_png(contents, channels=1)[..., 0], tf.int32),
        lambda: by_python(labels_from_bytes, contents, tf.int32),
    )
    return tf.ensure_shape(labels, (None, None))


def labels_from_bytes(contents):
    """As `decode_labels`, on Python bytes.

    Raises:
        ValueError: if this is no complete file of labels, or too large; the message lacks the file's name.
    """
    return numbers_of(io.BytesIO(contents))


def numbers_of(file):
    """As `labels_from_bytes`, of a binary file that can seek."""
    found = loaded(file, FORMATS, UNREADABLE)
    if found.image is None:
        mode, numbers = "RGB", by_opencv(file, UNREADABLE)
        if found.layout == "1":  # a BMP of two colours, black and white
            numbers = numbers // 255
    else:
        mode, numbers = found.image.mode, array(found.image)
        if mode.partition(";")[0] not in NUMBERS:
            raise ValueError(f"{COLOURED} (mode {mode}), not one label a pixel")
        if found.layout in STRETCHED:
            numbers = numbers // STRETCHED[found.layout]
    if mode in ("LA", "RGBA") and (numbers[..., :-1] == numbers[:1, :1, :-1]).all() and np.ptp(numbers[..., -1]):
        raise ValueError(
            "has its labels in the transparency (alpha) alone, which is dropped; save them as grey levels"
        )
    if mode == "LA":
        numbers = numbers[..., 0]
    if numbers.ndim == 3:
        first = numbers[..., 0]
        if any((first != numbers[..., channel]).any() for channel in (1, 2)):
            raise ValueError(f"{COLOURED} (mode {mode}), not one label a pixel")
        numbers = first
    if numbers.dtype.kind == "f" and not (np.isfinite(numbers) & (numbers == np.rint(numbers))).all():
        raise ValueError("has fractions, not one label a pixel")
    if numbers.dtype.kind == "f" and np.abs(numbers).max() >= 1 << 31:
        raise ValueError("has numbers of more than 31 bits, which are no labels")
    return np.ascontiguousarray(upright(numbers, found.orientation).astype(np.int32))
