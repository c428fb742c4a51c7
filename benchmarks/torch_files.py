"""Writes the files of `torch.save` that `tests/zoo/weights/test_torch_file.py` reads, in both of its formats.

ZOO_TORCH_PYTHON -m benchmarks.torch_files
"""

from pathlib import Path

import torch

FOLDER = Path(__file__).parents[1] / "tests/zoo/weights"


def main():
    grid = torch.arange(24.0).reshape(2, 3, 4)
    tensors = {
        "float32": grid,
        "part": grid[1],
        "turned": grid[0].t(),
        "float64": torch.tensor([[1.5]], dtype=torch.float64),
        "float16": torch.arange(3).half(),
        "bfloat16": torch.tensor([1.5, -2.0]).bfloat16(),
        "int64": torch.tensor(7),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    torch.save(tensors, FOLDER / "torch_archive.pth")
    torch.save(tensors, FOLDER / "torch_legacy.pth", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
