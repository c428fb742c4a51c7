"""Which files TensorFlow decodes by itself in a graph, to the same pixels as Pillow; all others go through Python."""

import tensorflow as tf

from recipes.data.headers import MIRRORED, SWAPPED, TAIL, UPSIDE_DOWN, max_pixels

PNG = b"\x89PNG\r\n\x1a\n"
# What most writers of JPEG without EXIF begin with: a JFIF segment of 16 bytes, and then the tables at once.
JFIF, TABLES = b"\xff\xd8\xff\xe0\x00\x10", b"\xff\xdb"


def by_python(function, contents, dtype):
    """Calls a function of bytes; in a graph its `ValueError` comes as `tf.errors.InvalidArgumentError`."""

    def of_bytes(value):
        return function(value if isinstance(value, bytes) else value.item())  # eagerly it is an array of one

    return tf.numpy_function(of_bytes, [contents], dtype)


def plain_png(contents, depths, colours):
    """Says, as a tensor, whether a file is a PNG that is not too large and has no EXIF data.

    Args:
        contents: scalar string tensor.
        depths: bits a channel that are allowed.
        colours: PNG's colour types that are allowed.
    """

    def plain():
        size = tf.cast(tf.io.decode_raw(part(contents, 16, 8), tf.int32, little_endian=False), tf.int64)
        kind = part(contents, 24, 2)
        kinds = [tf.equal(kind, bytes([depth, colour])) for depth in depths for colour in colours]
        early = part(contents, 0, TAIL)
        late = part(contents, tf.maximum(0, tf.strings.length(contents) - TAIL), TAIL)
        return tf.reduce_all(
            [
                tf.reduce_all(size > 0) & (tf.reduce_prod(size) <= max_pixels()),
                tf.reduce_any(kinds),
                has(early, "IDAT"),
                ~has(early, "eXIf"),
                ~has(late, "eXIf"),
            ]
        )

    return tf.cond(
        tf.equal(part(contents, 0, len(PNG)), PNG) & (tf.strings.length(contents) > 64), plain, lambda: False
    )


def plain_jpeg(contents):
    """Says, as a tensor, whether a JPEG is grey or coloured by three channels, and not too large."""
    height, width, channels = tf.unstack(tf.cast(tf.io.extract_jpeg_shape(contents), tf.int64))
    return (height * width <= max_pixels()) & ((channels == 1) | (channels == 3))


def surely_upright(contents):
    """Says, as a tensor, whether a JPEG plainly has no EXIF data."""
    return tf.equal(part(contents, 0, len(JFIF)), JFIF) & tf.equal(part(contents, 20, len(TABLES)), TABLES)


def turned(image, turn):
    """As `recipes.data.headers.upright`, by a scalar int32 tensor."""
    image = tf.cond(tf.reduce_any(turn == SWAPPED), lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
    turned_axes = tf.stack([tf.reduce_any(turn == UPSIDE_DOWN), tf.reduce_any(turn == MIRRORED)])
    return tf.reverse(image, tf.where(turned_axes)[:, 0])


def part(contents, start, length):
    """Returns bytes of a string tensor, fewer where it ends, none where it ends before."""
    return tf.strings.substr(contents, tf.minimum(start, tf.strings.length(contents)), length)


def has(contents, word):
    """Says whether bytes hold an ASCII word."""
    return tf.strings.regex_full_match(contents, rf"\C*{word}\C*")
