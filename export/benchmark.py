"""How fast is an artifact, what memory does it take? Measured in a fresh process that imports only its runtime."""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from export.artifact import format_of, size
from zoo.errors import InputError


@dataclass(frozen=True)
class Benchmark:
    """What `benchmark` measured.

    Attributes:
        path: the artifact.
        p50_ms: median milliseconds of one call.
        p95_ms: milliseconds that 95 of 100 calls stay below.
        runs: calls measured.
        batch_size: pictures a call.
        image_size: `(height, width)` in pixels.
        threads: CPU threads asked for, `None` for the runtime's own choice.
        peak_memory: bytes, the largest resident set of the process.
        size: bytes of the file, or of the folder of a SavedModel.
    """

    path: str
    p50_ms: float
    p95_ms: float
    runs: int
    batch_size: int
    image_size: tuple
    threads: int | None
    peak_memory: int
    size: int

    def to_dict(self):
        """Returns the attributes as a dict that JSON can hold."""
        return {**asdict(self), "image_size": list(self.image_size)}


def benchmark(artifact_path, runs=50, warmup=5, threads=None):
    """Times an artifact's calls on one batch of noise.

    What is timed is the network alone: the regions of a model that needs proposals are found once, before.

    Args:
        artifact_path: a SavedModel folder, .onnx or .tflite file.
        runs: calls to measure.
        warmup: calls before them.
        threads: CPU threads, `None` for the runtime's own choice.
    Returns:
        A `Benchmark`.
    Raises:
        InputError: if the file is missing, broken or no artifact, or a number is too small.
    """
    path = Path(artifact_path)
    if format_of(path) == "keras":
        raise InputError(f"{path} is no artifact: export it first")
    if runs < 1 or warmup < 0 or (threads is not None and threads < 1):
        raise InputError(
            f"runs and threads must be 1 or more, warmup 0 or more, received {runs}, {threads}, {warmup}"
        )
    from export.convert import environment

    arguments = json.dumps([str(path), runs, warmup, threads])
    child = subprocess.run(
        [sys.executable, "-c", "from export.benchmark import main; main()", arguments],
        capture_output=True,
        text=True,
        env=environment(),
    )
    if child.returncode:
        lines = child.stderr.strip().splitlines() or ["the process ended without a word"]
        raise InputError(f"{path} cannot be measured: {lines[-1].split('InputError: ')[-1]}")
    return Benchmark(
        path=str(path), runs=runs, threads=threads, size=size(path), **json.loads(child.stdout.splitlines()[-1])
    )


def measure(path, runs, warmup, threads):
    """Runs the artifact in this process and returns its part of the `Benchmark`."""
    import numpy as np

    from export.runtime import load

    predictor = load(path, threads)
    shape = (predictor.batch_size or 1, *predictor.network_size, 3)
    inputs = predictor.inputs_of(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    for _ in range(warmup):
        predictor.call(inputs)
    milliseconds = []
    for _ in range(runs):
        start = time.perf_counter()
        predictor.call(inputs)
        milliseconds.append(1e3 * (time.perf_counter() - start))
    return {
        "p50_ms": float(np.percentile(milliseconds, 50)),
        "p95_ms": float(np.percentile(milliseconds, 95)),
        "batch_size": shape[0],
        "image_size": predictor.network_size,
        "peak_memory": peak_memory(),
    }


def peak_memory():
    """Returns the largest resident set of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where getrusage also counts the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: bytes


def main():
    """Prints the measurements that the first argument asks for, as JSON."""
    print(json.dumps(measure(*json.loads(sys.argv[1]))))
