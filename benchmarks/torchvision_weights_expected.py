"""Writes the numbers that `tests/zoo/weights/test_torchvision_parity.py` expects: torchvision's own outputs.

The weights that PyTorch saves on the way are read by `zoo.weights.torch_file`, to the last bit.

ZOO_TORCH_PYTHON=... python -m benchmarks.torchvision_weights_expected
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

from benchmarks.peer import ROOT
from zoo.files import replace_file

PATH = ROOT / "tests/zoo/weights/torchvision_outputs.npz"
CLASSIFIERS = (
    *("alexnet", "vgg16", "vgg16_bn", "googlenet"),
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnext101_32x8d"),
)
SEGMENTERS = ("fcn_resnet50", "fcn_resnet101")
SAMPLES = {"logits": np.s_[::10], "out": np.s_[::32, ::32, ::5], "aux": np.s_[::32, ::32, ::5]}
"""What is kept of a model's outputs, `(C,)` or `(H, W, C)`."""


def picture():
    """Returns a face from a photograph that comes with scikit-image, `(224, 224, 3)` uint8: the astronaut's."""
    from skimage import data

    return data.astronaut()[:224, 112:336]


def main(python):
    from tests.zoo.detection.torchvision_weights import drawn
    from zoo.weights import torch_file

    kept = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{name}" for name in ("picture.npy", "weights.pth", "outputs.npz")]
        np.save(files[0], picture())
        for name in (*CLASSIFIERS, *SEGMENTERS):
            subprocess.run([python, "-m", "benchmarks.torchvision_outputs", name, *files], cwd=ROOT, check=True)
            for key, values in np.load(files[2]).items():
                kept[f"{name}/{key}"] = values[SAMPLES[key]]
            for key, tensor in torch_file.read(files[1]).items():
                if not key.endswith("num_batches_tracked"):
                    np.testing.assert_array_equal(tensor, drawn(key, tensor.shape))
    replace_file(PATH, lambda path: np.savez_compressed(path, **kept))


if __name__ == "__main__":
    main(os.environ.get("ZOO_TORCH_PYTHON") or sys.exit("error: ZOO_TORCH_PYTHON names no Python with torchvision"))
