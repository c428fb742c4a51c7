"""What is given to a model as pictures, and the one line about it where it is something else."""

import os
import warnings
from numbers import Integral

import numpy as np

from zoo.errors import InputError, written

NORMALIZING = ("normalize", "rescale", "to_unit")
"""Layers by which our networks normalise pixels themselves; one made of others' layers may take what it likes."""
OPENED = "np.asarray(PIL.Image.open(path).convert('RGB'))"
"""What makes a picture of a path."""


def check_pictures(model, x, some=False):
    """Raises `InputError` where pictures have another size than a model's, or what is given are no pictures.

    Floats that are no pixels of 0 to 255, but scaled to 1 or normalised, are warned of.

    Args:
        model: the `ZooModel`.
        x: what Keras takes. The sizes in a generator, and those that a data set does not state, are not known.
        some: whether there must be a picture in it, as `predict` wants.
    """
    *fixed, channels = model.inputs[0].shape[1:]
    takes, name = f"{model.name} takes pictures (B, H, W, {channels})", model.inputs[0].name
    if (remedy := no_array(x[name] if isinstance(x, dict) and name in x else x)) is not None:
        raise InputError(f"{takes}, received {remedy}")
    pictures = pictures_in(x, name)
    shape = shape_of(pictures)
    if some and shape[:1] == (0,):
        raise InputError(f"{takes}, received none: an array of shape {shape}")
    if some and hasattr(x, "cardinality") and int(x.cardinality()) == 0:
        raise InputError(f"{takes}, received none: an empty data set")
    if len(set(lengths := lengths_in(x))) > 1:
        raise InputError(f"{takes}, received {' and '.join(map(str, lengths))} of its inputs: give as many of each")
    if shape and (len(shape) != 4 or shape[3] not in (None, channels)):
        raise InputError(f"{takes}, received an array of shape {shape}{remedy_of(shape, channels)}")
    size = shape[1:3]
    if any(None not in pair and pair[0] != pair[1] for pair in zip(fixed, size, strict=False)):
        height, width = size
        raise InputError(
            f"{model.name} takes pictures of {written(fixed)}, received {written(size)}: build it with "
            f"input_shape=({height}, {width}, {channels}), or let zoo predict fit them in"
        )
    if any(layer.name in NORMALIZING for layer in model.layers):
        warn_of_scaled(pictures, model.name)


def check_batch_size(batch_size):
    """Raises `InputError` where a number of pictures a batch is none; `None` leaves it to Keras."""
    whole = isinstance(batch_size, Integral) and not isinstance(batch_size, bool)
    if batch_size is not None and not (whole and batch_size > 0):
        raise InputError(f"batch_size is a whole number of pictures, 1 or more, received {batch_size!r}")


def no_array(x):
    """Says what was given in place of an array, and the remedy; `None` where it may be one."""
    if paths := paths_in(x):
        return f"{paths}: give " + (f"{OPENED}[None]" if is_path(x) else f"np.stack([{OPENED} for path in paths])")
    scalar = isinstance(x, int | float | bytes | np.generic) or getattr(x, "shape", None) == ()
    if x is None or (isinstance(x, list | tuple | dict) and not x) or scalar:
        return f"{x!r}: give an array of pictures"
    if isinstance(x, np.ndarray) and (x.dtype.kind in "OUSMmc" or not x.dtype.isnative):
        return f"an array of {x.dtype}: give pixels of 0 to 255, numbers of one type, as np.asarray(x, 'uint8')"
    if is_pil(x):
        return "a PIL picture: give it as np.asarray(picture)[None]"
    if isinstance(x, list | tuple) and x and isinstance(x[0], list | tuple):
        return "lists within a list: give np.asarray(pictures)"
    if isinstance(x, list | tuple) and x and (is_pil(x[0]) or is_one(x[0])):
        return (
            f"a list of {len(x)}: give pictures of one size as np.stack([np.asarray(p) for p in pictures]), those of "
            "several sizes to export.load(path).predict_each"
        )
    return None


def paths_in(x):
    """Says that a path, or a list of them, was given in place of pictures; "" where it was not."""
    if is_path(x):
        return f"the path {os.fspath(x)!r}"
    return f"a list of {len(x)} paths" if isinstance(x, list | tuple) and x and is_path(x[0]) else ""


def is_path(x):
    """Says whether something is a path."""
    return isinstance(x, str | os.PathLike)


def is_pil(x):
    """Says whether something is a PIL picture, without loading PIL."""
    return type(x).__module__.partition(".")[0] == "PIL"


def is_one(x):
    """Says whether something is the array of one picture."""
    return isinstance(x, np.ndarray) and x.ndim == 3


def remedy_of(shape, channels):
    """Returns what to do about an array whose shape is no batch's, as the end of a message; "" where nobody knows."""
    if len(shape) == 3 and shape[2] == channels:
        return ": a batch has a dimension more, picture[None]"
    if len(shape) == 4 and shape[1] == channels:
        return ": channels come last, np.transpose(pictures, (0, 2, 3, 1))"
    if len(shape) == 4 and shape[3] in (1, 4) and channels == 3:
        return ": grey and transparent pictures become RGB by PIL's convert('RGB')"
    return ""


def remedy_of_one(picture):
    """Returns what to do about an array that is not one uint8 picture, likewise."""
    if picture.ndim == 4 and len(picture) == 1:
        return ": give the one picture of the batch, picture[0]"
    if picture.ndim in (2, 3) and picture.dtype.kind == "f":
        return ": give pixels of 0 to 255 as picture.astype('uint8')"
    if picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] in (1, 4)):
        return ": grey and transparent pictures become RGB by PIL's convert('RGB')"
    return ""


def warn_of_scaled(pictures, name):
    """Warns of what lies beyond 0 to 255, of floats that are all 1 or less and some between 0 and 1, and of bools."""
    kind = pictures.dtype.kind if isinstance(pictures, np.ndarray) and pictures.size else ""
    if kind not in ("f", "i", "u", "b") or pictures.dtype == np.uint8:
        return
    low, high = pictures.min(), pictures.max()
    scaled = kind == "f" and high <= 1 and ((pictures > 0) & (pictures < 1)).any()
    if kind == "b" or scaled or not (low >= 0 and high < 256):  # NaN is neither; resized pixels may be 255.0001
        received = f"{float(low):.3g} to {float(high):.3g}"
        warnings.warn(
            f"{name} takes raw pixels of 0 to 255 and normalises them itself, received {received}", stacklevel=4
        )


def pictures_in(x, name):
    """Returns the pictures, or their spec, in what Keras takes as `x`.

    Args:
        x: an array `(B, H, W, C)`, a dict of inputs with one of that name, a list of inputs whose first it is, or a
            data set of these, alone or with targets.
        name: of the input.
    """
    if hasattr(x, "element_spec"):
        x = x.element_spec[0] if isinstance(x.element_spec, tuple) else x.element_spec
    if isinstance(x, dict):
        x = x.get(name)
    elif isinstance(x, (list, tuple)) and x:
        x = x[0]
    return x


def lengths_in(x):
    """Returns the number of rows of each array of a dict of inputs."""
    arrays = x.values() if isinstance(x, dict) else ()
    return [len(array) for array in arrays if isinstance(array, np.ndarray) and array.ndim]


def shape_of(pictures):
    """Returns the shape of pictures, `None` for a side that is not known; `()` where there are none, or no shape."""
    shape = getattr(pictures, "shape", ())
    return () if getattr(shape, "rank", 0) is None else tuple(shape)
