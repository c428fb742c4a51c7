"""Writes the numbers that `tests/zoo/detection/test_torchvision_parity.py` expects: what torchvision itself finds.

ZOO_TORCH_PYTHON=... python -m benchmarks.rcnn_expected
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

from benchmarks.peer import ROOT
from recipes.data.files import replace_file

PATH = ROOT / "tests/zoo/detection/torchvision_rcnn.npz"
MODELS = ("faster_rcnn", "mask_rcnn", "keypoint_rcnn")
SAMPLES = {"masks": np.s_[:12, 0, 1::5, 2::5], "keypoints": np.s_[:12, :, :2], "keypoints_scores": np.s_[:12]}
"""What is kept of the large arrays: of some detections, and of masks every fifth row and column."""


def picture():
    """Returns a photograph that comes with scikit-image, `(320, 448, 3)` uint8: the astronaut."""
    from skimage import data

    return data.astronaut()[:320, :448]


def main(python):
    kept = {}
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/picture.npy", picture())
        for name in MODELS:
            program = [python, "-m", "benchmarks.torchvision_rcnn", "expected", name]
            subprocess.run([*program, f"{folder}/picture.npy", f"{folder}/{name}.npz"], cwd=ROOT, check=True)
            for key, values in np.load(f"{folder}/{name}.npz").items():
                if key != "proposals":
                    kept[f"{name}/{key}"] = values[SAMPLES.get(key, np.s_[:])]
    replace_file(PATH, lambda path: np.savez_compressed(path, **kept))


if __name__ == "__main__":
    main(os.environ.get("ZOO_TORCH_PYTHON") or sys.exit("error: ZOO_TORCH_PYTHON names no Python with torchvision"))
