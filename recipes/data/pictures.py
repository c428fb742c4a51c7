"""Picture files: found and read, the same way in training and in prediction.

Training decodes in tf.data, prediction by Pillow, which loads at once; both give the same pixels.
"""

import io
import os
import stat
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from recipes.data import labels
from recipes.data.headers import SWAPPED, head
from recipes.data.pixels import FORMATS, UNREADABLE, rgb
from zoo.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")


def decode(contents):
    """Decodes an encoded picture; runs eagerly and in a tf.data graph.

    Args:
        contents: scalar string, the bytes of a JPEG, PNG, BMP, GIF, WebP or TIFF file; of several frames or pages
            the first is taken.

    Returns:
        `(H, W, 3)` uint8 RGB, turned upright where a camera noted its orientation (EXIF). Grey pictures get three
        equal channels, and transparency is dropped. Of more than 8 bits a picture is brought to 0-255 by its own
        range, see `recipes.data.pixels.scaled`.

    Raises:
        ValueError: if this is no complete picture, or one of more than `recipes.data.headers.max_pixels()`, which is
            known before it is decoded; `tf.errors.InvalidArgumentError` in a graph, or where TensorFlow decodes.
    """
    import tensorflow as tf

    from recipes.data import natively

    def by_pillow():
        return natively.by_python(from_bytes, contents, tf.uint8)

    def jpeg():
        # TensorFlow's quick transform for JPEG differs by up to 8 grey levels from what all other libraries decode.
        image = tf.io.decode_jpeg(contents, channels=3, dct_method="INTEGER_ACCURATE")
        return tf.cond(
            natively.surely_upright(contents),
            lambda: image,
            lambda: natively.turned(image, natively.by_python(_orientation, contents, tf.int32)),
        )

    def other():
        # TensorFlow knows neither palettes and single bits of BMP nor moving WebP, and paints the ground of a GIF.
        plain = natively.plain_png(contents, depths=(1, 2, 4, 8), colours=(0, 2, 3, 4, 6))
        return tf.cond(plain, lambda: tf.io.decode_png(contents, channels=3), by_pillow)

    image = tf.cond(tf.io.is_jpeg(contents), lambda: tf.cond(natively.plain_jpeg(contents), jpeg, by_pillow), other)
    return tf.ensure_shape(image, (None, None, 3))


def _orientation(contents):
    return np.int32(head(io.BytesIO(contents), FORMATS, UNREADABLE).orientation)


def from_bytes(contents):
    """As `decode`, on Python bytes with Pillow.

    Raises:
        ValueError: if this is no complete picture, or too large; the message lacks the file's name.
    """
    return rgb(io.BytesIO(contents))


def read(path, channels=3):
    """Reads one picture as the pipeline does.

    Args:
        path: a picture file.
        channels: 3 for RGB, 1 for grey.

    Returns:
        `(H, W, channels)` uint8.

    Raises:
        InputError: if the file is missing, empty, cut short, too large or not a picture.
    """
    try:
        with opened(path) as file:
            pixels = rgb(file)
    except NoFile as error:
        raise InputError(f"{path}: {error}") from error
    except InputError:
        raise
    except ValueError as error:
        hint = "" if ";" in str(error) else "; replace or remove it"
        raise InputError(f"{path}: {error}{hint}") from error
    return pixels if channels == 3 else grey(pixels)


def size_of(source):
    """Reads a picture's size from the head of its file; its end is looked at too, its pixels are not decoded.

    A file whose end is not where it should be is decoded, so that whatever `read` takes is taken here.

    Args:
        source: a path, or the bytes of a file.

    Returns:
        `(height, width)` in pixels of the upright picture.

    Raises:
        ValueError: as `from_bytes`, or `NoFile` if there is none; the message lacks the file's name.
    """
    found = _head(source, FORMATS, UNREADABLE, rgb)
    return found.height, found.width


def is_turned(source):
    """Says whether a camera's note lays a picture on its side: its size may be stated either way. As `size_of`."""
    return _head(source, FORMATS, UNREADABLE, rgb).orientation in SWAPPED


def label_size_of(source):
    """As `size_of`, of a label map; its kind of pixels is not looked at."""
    found = _head(source, labels.FORMATS, labels.UNREADABLE, labels.numbers_of)
    return found.height, found.width


def _head(source, formats, unreadable, decoded):
    with io.BytesIO(source) if isinstance(source, bytes) else opened(source) as file:
        found = head(file, formats, unreadable)
        if not found.whole:
            file.seek(0)
            decoded(file)
        return found


class NoFile(ValueError):
    """There is nothing to read where a picture should be."""


@contextmanager
def opened(path):
    """Opens a file, of which there is one: a pipe is not waited for.

    Raises:
        NoFile: if it cannot be opened or is empty; the message lacks the file's name.
    """
    fault = no_file(path)
    if fault:
        raise NoFile(fault)
    try:
        file = open(path, "rb")
    except OSError as error:
        raise NoFile(f"cannot be read ({error.strerror}); replace or remove it") from error
    with file:
        if not os.fstat(file.fileno()).st_size:
            raise NoFile("the file is empty; replace or remove it")
        yield file


def no_file(path, missing="no such picture file"):
    """Says why a path is no file that can be read from beginning to end, `None` where it is one."""
    try:
        kind = os.stat(path).st_mode
    except FileNotFoundError:
        return "is a link to nothing; replace or remove it" if os.path.islink(path) else missing
    except OSError as error:
        return f"cannot be read ({error.strerror}); replace or remove it"
    if stat.S_ISREG(kind):
        return None
    names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return f"is {names.get(stat.S_IFMT(kind), 'a device')}, not a picture file"


def grey(pixels):
    """Turns RGB `(H, W, 3)` uint8 into grey `(H, W, 1)`, as `recipes.data.transforms.to_channels` does."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32), -1, 0)
    return ((299 * red + 587 * green + 114 * blue + 500) // 1000).astype(np.uint8)[..., None]


def find(path, suffixes=SUFFIXES):
    """Lists pictures.

    Args:
        path: a picture file, or a folder of them: files of those suffixes, written large or small, but no hidden
            ones; its subfolders are not searched. `ignored` counts what else lies in it.
        suffixes: of what is looked for in a folder, as in `SUFFIXES`, small.

    Returns:
        Sorted list of `Path`.

    Raises:
        InputError: if the path is missing or no file (a pipe is not opened), or a folder without pictures.
    """
    path = Path(path)
    if not os.path.isdir(path):
        fault = no_file(path, "no such file or folder")
        if fault:
            raise InputError(f"{path}: {fault}")
        return [path]
    found = sorted(path / name for name, fits in _listed(path, suffixes) if fits)
    if not found:
        raise InputError(f"{path}: the folder holds no pictures ({', '.join(suffixes)})")
    return found


def ignored(path, suffixes=SUFFIXES):
    """Counts what `find` leaves out of a folder: other files, hidden ones, subfolders, links to nothing, pipes.

    Args:
        path: what `find` was given.
        suffixes: likewise.

    Returns:
        `(count, name)` with the first name of them by the alphabet, hidden ones last; `(0, "")` where nothing is left
        out.
    """
    names = [name for name, fits in _listed(path, suffixes) if not fits] if os.path.isdir(path) else []
    return len(names), min(names, key=lambda name: (name.startswith("."), name), default="")


def ignored_line(paths, suffixes=SUFFIXES):
    """Says what `find` leaves out of paths: "ignored 3 files that are no pictures, e.g. notes.txt", or ""."""
    found = [ignored(path, suffixes) for path in paths]
    count, example = sum(count for count, _ in found), next((name for _, name in found if name), "")
    if count == 0:
        return ""
    what = "file that is no picture" if count == 1 else "files that are no pictures"
    return f"ignored {count:,} {what}, e.g. {example}"


def _listed(folder, suffixes):
    """Lists the names in a folder, each with whether it is that of a file with such a suffix."""
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); make it readable") from error
    return [(name, _is_file(folder, name, suffixes)) for name in names]


def _is_file(folder, name, suffixes):
    suffix = os.path.splitext(name)[1].lower()
    return not name.startswith(".") and suffix in suffixes and os.path.isfile(os.path.join(folder, name))
