"""What the optional parts of the installation bring, and what to say where one is missing."""

from contextlib import contextmanager

from zoo.errors import InputError

EXTRAS = {
    "train": ("tensorflow_datasets", "tensorboard", "yaml", "scipy", "sklearn", "skimage", "matplotlib"),
    "export": ("tf2onnx", "onnx", "ai_edge_quantizer"),
    "jax": ("jax",),
}
"""By the name in `pip install 'regionzoo[NAME]'`, the packages that it brings."""


class MissingExtra(ModuleNotFoundError, InputError):
    """A package that this use needs is not installed; the message says what to install."""


@contextmanager
def explained():
    """Turns a `ModuleNotFoundError` within, where an extra brings the package, into a `MissingExtra`."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        for extra, packages in EXTRAS.items():
            if package in packages:
                message = f"{package} is not installed, which this needs: pip install 'regionzoo[{extra}]'"
                raise MissingExtra(message, name=package) from error
        raise
