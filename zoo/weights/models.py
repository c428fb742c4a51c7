"""Trained models in one call: by a name that `zoo weights` lists, or from a file."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.types import File
from zoo.weights import catalogue

if TYPE_CHECKING:
    import keras

MODELS = (".keras", ".h5", ".hdf5")
ARTIFACTS = (".onnx", ".tflite", ".xml")


def pretrained(name: str) -> "keras.Model":
    """Returns a trained model by its name, with its class names, thresholds and how it takes pictures.

    Args:
        name: "torchvision/BUILDER", such as "torchvision/mask_rcnn_resnet50_fpn"; "regionzoo/NAME" for one of our
            own; "hf://USER/REPOSITORY" or "hf://USER/REPOSITORY/FILE.keras" on the Hugging Face Hub. What is not on
            this machine is fetched once, checked and kept.
    Returns:
        A `keras.Model`, not compiled.
    Raises:
        InputError: if no model has that name, or it cannot be fetched; the message says which file to put where.
    """
    entry = catalogue.find(name)
    if entry is None:
        raise InputError(
            f"no model is called {name}{catalogue.hint(name)}: `zoo weights` lists all, zoo.load opens files"
        )
    return loaded(entry)


def load(path_or_name: File) -> "keras.Model":
    """Returns the model of a `.keras` file, or of a name as `pretrained`; a file of that name wins.

    Args:
        path_or_name: the file or the name.
    Returns:
        A `keras.Model`, not compiled.
    Raises:
        InputError: if there is no such file or name, or it is no model's, or the file is damaged.
    """
    if not isinstance(path_or_name, str | PathLike):
        raise InputError(f"load takes a .keras file or a name of `zoo weights`, received {path_or_name!r}")
    entry = catalogue.find(path_or_name)
    return read(Path(path_or_name)) if entry is None else loaded(entry)


def loaded(entry):
    """Returns the model of what `catalogue.find` found."""
    import zoo

    zoo.register()
    return entry.load()


def read(path):
    """Opens a `.keras` file without its optimizer."""
    import keras

    import zoo

    zoo.register()
    if not path.exists():
        raise InputError(
            f"{path} does not exist{catalogue.hint(path)}: give a .keras file or a name of `zoo weights`"
        )
    if path.is_dir():
        inside = path / "model.keras"
        which = f"{inside} is the model of the run there" if inside.is_file() else "export.load opens a SavedModel's"
        raise InputError(f"{path} is a folder, no .keras file: {which}")
    if path.suffix in ARTIFACTS:
        raise InputError(f"{path} is an artifact, no .keras file: export.load opens it")
    if path.suffix not in MODELS:
        raise InputError(f"{path} is no .keras file: give one, or a name of `zoo weights`")
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises a different type for every way a file can be broken
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise InputError(f"{path} cannot be read as a .keras file: {first}") from error
