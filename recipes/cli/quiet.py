"""Imports the frameworks without the lines that their C++ parts print while they load."""

import logging
import os
from contextlib import nullcontext

from export.imports import without_optional
from export.quiet import native_stderr_held


def import_frameworks():
    """Imports Keras and TensorFlow; what they print is shown only if an import fails.

    The lines come before TensorFlow reads `TF_CPP_MIN_LOG_LEVEL`. oneDNN's kernels, which it takes by itself on
    processors with VNNI alone, train half as fast again on others.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    on_tensorflow = os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow"
    logging.getLogger("zoo").setLevel(logging.ERROR)  # what a model begins with is shown as a table
    with native_stderr_held(), without_optional() if on_tensorflow else nullcontext():
        import absl.logging
        import keras  # noqa: F401
        import tensorflow

    absl.logging.set_verbosity(absl.logging.ERROR)
    tensorflow.get_logger().setLevel("ERROR")  # it warns of a second model's first prediction as of a slow one
