"""Reading torchvision's weights of Mask R-CNN R50-FPN, 178 MB: the seconds and memory of a process that does it."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.peer import ROOT, memory

RUNS = 5


def run():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mask_rcnn.pth")
        write(path)
        measured = [measure(path) for _ in range(RUNS)]
        size = path.stat().st_size
    seconds, taken = (median(values) for values in zip(*measured, strict=True))
    return [
        {"figure": "file, MB", "value": round(size / 1e6, 1)},
        {"figure": "reading it into the model, seconds", "value": round(seconds, 2), "target": "<= 3"},
        {"figure": "memory that this takes, over the file", "value": round(taken / size, 2), "target": "<= 2"},
    ]


def write(path):
    """Writes weights as PyTorch would, drawn by their names."""
    from tests.zoo.detection.torchvision_weights import drawn
    from tests.zoo.weights import torch_writer
    from zoo.weights import torchvision

    torch_writer.write(path, {want.name: drawn(want.name, want.shape) for want in torchvision.wanted(model())})


def model():
    """Builds the network."""
    import zoo

    return zoo.mask_rcnn_resnet50_fpn(90, frozen_batch_norm=True)


def measure(path):
    """Returns the seconds and bytes that a new process takes for the file, beyond those for the model."""
    command = [sys.executable, "-m", "benchmarks.weights", str(path)]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, taken = child.stdout.split()[-2:]
    return float(seconds), int(taken)


def load(path):
    """Prints the seconds, and by how many bytes the process's memory peaks above what the model took."""
    from zoo import weights

    network = model()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    start = time.perf_counter()
    weights.load(network, path)
    print(time.perf_counter() - start, memory("VmHWM") - before)


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    load(sys.argv[1])
