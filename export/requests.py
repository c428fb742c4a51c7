"""What `export` is asked for, checked before anything is written."""

import os

from export.files import SUFFIXES
from export.source import fixed_size
from export.ways import CALIBRATED, QUANTIZE, SEARCHED
from zoo.errors import InputError


def check_way(format, quantize, search, opset):
    """Raises `InputError` if a format is unknown, or it cannot be quantized so, or its options do not go with it."""
    check_choice("format", format, QUANTIZE)
    check_choice(f"quantize for {format}", quantize, QUANTIZE[format])
    check_search(search, quantize)
    if opset is not None and format != "onnx":
        raise InputError(f"opset is a number of ONNX's, received {opset!r}: leave it out for {format}")


def check_choice(name, value, known):
    """Raises `InputError` with the known values if `value` is none of them."""
    if value not in known:
        raise InputError(f"unknown {name} {value!r}: choose one of {', '.join(map(str, known))}")


def check_search(search, quantize):
    """Raises `InputError` if layers are sought for no noise, or where none can stay in float."""
    if search is None:
        return
    if quantize not in SEARCHED:
        raise InputError(f"search finds layers that stay float in {' or '.join(SEARCHED)}, received {quantize!r}")
    if not isinstance(search, int | float) or not search > 0:
        raise InputError(f"search takes the noise that may be left, a number above 0, received {search!r}")


def check_loops(model, quantize):
    """Raises `InputError` for R-CNN in integers: its network runs in a loop, and nothing is calibrated inside."""
    from zoo.detection.region_features import RegionFeatures

    if quantize in CALIBRATED and any(isinstance(layer, RegionFeatures) for layer in model.layers):
        raise InputError(
            f"model {model.name!r} cannot become {quantize}: its network runs in a loop over the regions, inside of "
            "which no activations are measured; choose dynamic, whose kernels have 8 bits too"
        )


def check_class_names(model):
    """Raises `InputError` if a class name has a line break: other programs read the names a line each."""
    for name in getattr(model, "class_names", ()):
        if "\n" in name or "\r" in name:
            raise InputError(
                f"the class name {name!r} has a line break, and files name a class a line: change model.class_names"
            )


def check_target(path, format):
    """Returns the absolute path to write, or raises `InputError` if nothing of this format can stand there."""
    path = path.absolute()
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: make the folder {path.parent} first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: the folder {path.parent} is not writable")
    if format == "saved_model":
        if path.exists() and not (path / "saved_model.pb").is_file():
            raise InputError(f"{path} is there and no SavedModel: choose another path")
        return path
    suffix = SUFFIXES[format]
    if path.suffix != suffix:
        raise InputError(f"{path} must end in {suffix} for the format {format}")
    if path.is_dir():
        raise InputError(f"{path} is a folder: choose another path")
    return path


def check_size(model, image_size, format):
    """Returns `(height, width)`, or raises `InputError` if it is unknown, no size, or not the model's or format's."""
    image_size = image_size or getattr(model, "image_size", None)
    fixed = fixed_size(model)
    if image_size is None:
        if None in fixed:
            raise InputError("the picture size is unknown: pass image_size=(height, width)")
        return fixed
    try:
        height, width = (None if side is None else int(side) for side in image_size)
    except (TypeError, ValueError):
        raise InputError(f"image_size must be (height, width), received {image_size!r}") from None
    asked = f"{height or 'any'}x{width or 'any'}"
    if any(side is not None and side < 1 for side in (height, width)):
        raise InputError(f"image_size must be positive, received {height}x{width}")
    if any(side not in (None, given) for side, given in zip(fixed, (height, width), strict=True)):
        raise InputError(f"the model takes pictures of {fixed[0]}x{fixed[1]}, received image_size {asked}")
    if format == "tflite" and None in (height, width):
        raise InputError(f"tflite takes a fixed image_size, received {asked}: name it, or choose onnx or saved_model")
    return height, width


def check_batch_size(batch_size, format):
    """Raises `InputError` if `batch_size` is neither a positive integer nor, where it may be, `None`."""
    if batch_size is None:
        if format == "tflite":
            raise InputError("tflite takes a fixed batch_size: pass a number, or choose onnx or saved_model")
    elif not isinstance(batch_size, int) or batch_size < 1:
        raise InputError(f"batch_size must be a positive number or None, received {batch_size!r}")
