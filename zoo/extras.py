"""What the optional parts of the installation bring, and what an import says where one is missing."""

import sys
import traceback
from importlib.abc import MetaPathFinder
from itertools import dropwhile

from zoo.errors import InputError

EXTRAS = {
    "train": ("tensorflow_datasets", "tensorboard", "yaml", "scipy", "sklearn", "skimage", "matplotlib"),
    "export": ("tf2onnx", "onnx", "ai_edge_quantizer"),
    "openvino": ("openvino",),
    "jax": ("jax",),
    "hf": ("huggingface_hub",),
    "track": ("supervision",),
    "tune": ("optuna",),
    "wandb": ("wandb",),
    "mlflow": ("mlflow",),
}
"""By the name in `pip install 'regionzoo[NAME]'`, the packages that our code imports of what it brings."""
OURS = "zoo", "recipes", "export"


class MissingExtra(ModuleNotFoundError, InputError):
    """A package that this use needs is not installed; the message says what to install."""


class Explain(MetaPathFinder):
    """Asked last, when nobody found a package: names the extra that brings it, where our code asked for it."""

    def find_spec(self, name, path=None, target=None):
        """Finds nothing.

        Raises:
            MissingExtra: if an extra brings the package.
        """
        package = name.partition(".")[0]
        for extra, packages in EXTRAS.items():
            if package in packages and asked_by_us():
                message = f"{package} is not installed, which this needs: pip install 'regionzoo[{extra}]'"
                raise MissingExtra(message, name=name)


def asked_by_us():
    """Says whether the import under way stands in a module of ours; others try what they can do without."""
    packages = (frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in traceback.walk_stack(None))
    # From here outwards: this module, then the import system, then who asked.
    before_import = dropwhile(lambda package: package in OURS, packages)
    asking = dropwhile(lambda package: package == "importlib", before_import)
    return next(asking, "") in OURS


def explain():
    """From here on an import that lacks its extra says which, as a `MissingExtra`."""
    if not any(isinstance(finder, Explain) for finder in sys.meta_path):
        sys.meta_path.append(Explain())
