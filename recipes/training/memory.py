"""How much memory there is to train in, and how much of it a picture takes."""

import shutil
import subprocess

import keras
import psutil

SHARE = 0.5
"""Of the memory that is free, how much a training may take: others are at work, and kernels need room to work in."""
KEPT = 3
"""Times that a layer's output is in memory: itself, its gradient, and what the layer computes it with."""
COPIES = 4
"""Of each weight: itself, its gradient, and up to two moments of the optimizer."""


def free():
    """Returns the bytes that are free where Keras computes: of the first GPU, else of this machine."""
    if keras.distribution.list_devices("gpu") and (tool := shutil.which("nvidia-smi")):
        words = [tool, "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
        found = subprocess.run(words, capture_output=True, text=True)
        if found.returncode == 0 and found.stdout.strip():
            return int(found.stdout.splitlines()[0]) << 20
    return psutil.virtual_memory().available


def of_picture(model):
    """Estimates the bytes that one picture takes in training, of a model of a fixed picture size."""
    nodes = [node for operation in model.operations for node in operation._inbound_nodes]
    return KEPT * 4 * sum(elements(tensor.shape[1:]) for node in nodes for tensor in node.output_tensors)


def of_weights(model):
    """Estimates the bytes that the weights take in training."""
    return COPIES * 4 * model.count_params()


def fitting(model):
    """Returns how many pictures a batch may have, 1 at least."""
    return max(1, int((SHARE * free() - of_weights(model)) // of_picture(model)))


def elements(shape):
    """Returns the number of elements of a shape, an unknown side counted as 1."""
    count = 1
    for side in shape:
        count *= side or 1
    return count
