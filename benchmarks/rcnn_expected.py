"""Writes the numbers that `tests/zoo/detection/test_torchvision_parity.py` expects: what torchvision itself finds.

ZOO_TORCH_PYTHON=... python -m benchmarks.rcnn_expected
"""

import itertools
import os
import subprocess
import sys
import tempfile

import numpy as np

from benchmarks.peer import ROOT
from zoo.files import replace_file

PATH = ROOT / "tests/zoo/detection/torchvision_rcnn.npz"
MODELS = ("faster_rcnn", "mask_rcnn", "keypoint_rcnn")
SIZES = ((384, 512), (427, 640), (800, 1066))
"""Of its pictures, height and width; torchvision pads the last two to multiples of 32."""
SAMPLES = {"masks": np.s_[:12, 0, 1::5, 2::5], "keypoints": np.s_[:12, :, :2], "keypoints_scores": np.s_[:12]}
"""What is kept of the large arrays: of some detections, and of masks every fifth row and column."""


def picture(size):
    """Returns a photograph that comes with scikit-image, `(*size, 3)` uint8: the astronaut, mirrored beyond 512."""
    from skimage import data

    height, width = size
    beyond = ((0, max(0, height - 512)), (0, max(0, width - 512)), (0, 0))
    return np.pad(data.astronaut(), beyond, mode="symmetric")[:height, :width]


def main(python):
    kept = {}
    with tempfile.TemporaryDirectory() as folder:
        for (height, width), name in itertools.product(SIZES, MODELS):
            np.save(f"{folder}/picture.npy", picture((height, width)))
            program = [python, "-m", "benchmarks.torchvision_rcnn", "expected", name]
            subprocess.run([*program, f"{folder}/picture.npy", f"{folder}/found.npz"], cwd=ROOT, check=True)
            for key, values in np.load(f"{folder}/found.npz").items():
                if key != "proposals":
                    kept[f"{name}/{height}x{width}/{key}"] = values[SAMPLES.get(key, np.s_[:])]
    replace_file(PATH, lambda path: np.savez_compressed(path, **kept))


if __name__ == "__main__":
    main(os.environ.get("ZOO_TORCH_PYTHON") or sys.exit("error: ZOO_TORCH_PYTHON names no Python with torchvision"))
