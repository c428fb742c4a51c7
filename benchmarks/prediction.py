"""`zoo predict` on many small pictures: seconds and memory by their number, each a command of its own.

The model is a narrow U-Net in ONNX, so that reading, drawing and writing are what is measured.
"""

import atexit
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

COUNTS = (1_000, 20_000, 100_000)
DISTINCT = 100
SIZE = (32, 32)


def run():
    with tempfile.TemporaryDirectory() as folder:
        model, files = narrow(Path(folder)), drawn(Path(folder))
        found = {count: measured(model, linked(files, Path(folder, str(count)), count)) for count in COUNTS}
    few, many = found[COUNTS[0]], found[COUNTS[-1]]
    ours = [(b["cpu"] - a["cpu"]) / (m - n) for (n, a), (m, b) in pairwise(found.items())]
    rows = [
        [
            {"figure": f"{count:,} pictures of 32x32: seconds", "value": round(one["seconds"], 1)},
            {"figure": "pictures/s", "value": round(count / one["seconds"])},
            {"figure": "CPU seconds", "value": round(one["cpu"], 1)},
            {"figure": "most memory, MB", "value": round(one["memory"] / 1e6)},
        ]
        for count, one in found.items()
    ]
    return [
        *sum(rows, []),
        {
            "figure": f"CPU time of a picture beyond {COUNTS[1]:,}, over that of one before",
            "value": round(ours[1] / ours[0], 2),
            "target": "<= 1.1",
        },
        {
            "figure": f"memory that {COUNTS[-1]:,} take more than {COUNTS[0]:,}, MB",
            "value": round((many["memory"] - few["memory"]) / 1e6),
            "target": "<= 100",
        },
    ]


def narrow(folder):
    """Writes a U-Net of four filters and returns its path; a process of its own loads Keras for that."""
    path = folder / "model.onnx"
    made = (
        "import export, zoo; "
        'model = zoo.unet(3, width=1 / 16, depth=2); model.class_names = ("a", "b", "c"); '
        f'export.export(model, {str(path)!r}, format="onnx", image_size={SIZE})'
    )
    subprocess.run([sys.executable, "-c", made], check=True, capture_output=True)
    return path


def drawn(folder):
    """Writes some pictures of noise and returns their paths."""
    rng, paths = np.random.default_rng(0), []
    (folder / "drawn").mkdir()
    for number in range(DISTINCT):
        paths.append(folder / "drawn" / f"{number:03}.jpg")
        Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)).save(paths[-1])
    return paths


def linked(files, folder, count):
    """Makes a folder of so many pictures, hard links to a few."""
    folder.mkdir()
    for number in range(count):
        os.link(files[number % len(files)], folder / f"{number:07}.jpg")
    return folder


def measured(model, pictures):
    """Returns seconds, those of the processor, and peak bytes of `zoo predict`."""
    start, output = time.perf_counter(), pictures.with_name(f"{pictures.name}-found")
    command = [sys.executable, "-m", "benchmarks.prediction", "predict", model, pictures, "--output", output]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {"seconds": time.perf_counter() - start, **json.loads(done.stdout.splitlines()[-1])}


def say_what_it_took():
    """Prints the processor's seconds and the most memory of this program alone: `ru_maxrss` is its parent's, too."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    (peak,) = (line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "memory": 1024 * int(peak)}))


if __name__ == "__main__":
    from recipes.cli.main import main

    atexit.register(say_what_it_took)
    main()
