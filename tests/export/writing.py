"""Artifacts written without a process of their own, as a test makes many, and models worth writing."""

from importlib import import_module

import numpy as np
from skimage import data

SUFFIXES = {"onnx": ".onnx", "tflite": ".tflite", "saved_model": ""}


def write(model, folder, format, image_size, batch_size=1):
    """Writes a model; returns the path and its operators."""
    path = folder / f"model{SUFFIXES[format]}"
    writer = import_module(f"export.{format}")
    writer.write(model, path, image_size=image_size, batch_size=batch_size)
    return path, writer.inspect(path)[2]


def settled(model):
    """Trains a segmenter of five classes for two steps, for batch statistics of real pictures; returns these."""
    height, width = model.inputs[0].shape[1:3]
    images = np.stack([data.astronaut()[i : i + height, i : i + width] for i in (60, 200)])
    labels = np.random.default_rng(0).integers(0, 5, (2, height, width))
    model.compile("adam", run_eagerly=True)  # two steps are not worth compiling
    model.fit(images, labels, epochs=2, verbose=0)
    return images
