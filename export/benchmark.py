"""How fast is an artifact, what memory does it take? Measured in a fresh process that imports only its runtime."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from export.files import format_of, size
from export.form import USUAL
from zoo.errors import InputError
from zoo.html import Shown

if TYPE_CHECKING:
    import numpy as np

    from zoo.types import File


@dataclass(frozen=True)
class Benchmark(Shown):
    """What `benchmark` measured.

    Attributes:
        path: the artifact.
        load_ms: milliseconds until the file is loaded, with the import of its runtime.
        first_ms: milliseconds of the first call.
        p50_ms: median milliseconds of a later call.
        p95_ms: milliseconds that 95 of 100 calls stay below.
        runs: calls measured.
        pictures: what they were called on, in words.
        batch_size: pictures a call.
        image_size: `(height, width)` in pixels.
        threads: CPU threads asked for, `None` for all of the machine's cores.
        peak_memory: bytes, the largest resident set of the process.
        size: bytes of the file, or of the folder of a SavedModel.
        operators: milliseconds a call of each kind of operator, the longest first; `None` where nobody asked or the
            runtime does not tell, as LiteRT and OpenVINO do not here.
    """

    path: str
    load_ms: float
    first_ms: float
    p50_ms: float
    p95_ms: float
    runs: int
    pictures: str
    batch_size: int
    image_size: tuple
    threads: int | None
    peak_memory: int
    size: int
    operators: dict | None = None

    def to_dict(self):
        """Returns the attributes as a dict that JSON can hold."""
        return {**asdict(self), "image_size": list(self.image_size)}


def benchmark(
    artifact_path: "File",
    runs: int = 50,
    warmup: int = 5,
    threads: int | None = None,
    seconds: float | None = None,
    pictures: "Sequence[np.ndarray] | None" = None,
    profile: bool = False,
) -> Benchmark:
    """Times an artifact: loading it, its first call, and the calls after.

    What is timed is the network alone: pictures are brought into its frame before, and the regions of a model that
    needs proposals are found there.

    Args:
        artifact_path: a SavedModel folder, .onnx, .tflite or .xml (OpenVINO) file.
        runs: calls to measure.
        warmup: calls before them, the first one among them.
        threads: CPU threads, `None` for all of the machine's cores.
        seconds: after so many of them no further call begins; one is measured in any case.
        pictures: list of uint8 `(height, width, 3)` of any sizes, which the calls take in turn; `None` for noise, in
            which a detector finds what it never does in pictures: suppression then takes an untypical time.
        profile: say what each kind of operator takes.
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
    if seconds is not None and not seconds > 0:
        raise InputError(f"seconds must be more than 0, received {seconds}")
    from export.convert import environment

    with TemporaryDirectory() as folder:
        given = kept(pictures, Path(folder, "pictures.npz"))
        arguments = json.dumps([str(path), runs, warmup, threads, seconds, given, profile])
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
        path=str(path),
        threads=threads,
        size=size(path),
        pictures="noise" if pictures is None else f"{len(pictures)} pictures",
        **json.loads(child.stdout.splitlines()[-1]),
    )


def kept(pictures, path):
    """Writes pictures to a file for the process that measures, and returns its name; `None` without pictures."""
    import numpy as np

    from export.inputs import check_picture

    if pictures is None:
        return None
    if not len(pictures):
        raise InputError("there are no pictures to time: give one or more, or none at all for noise")
    np.savez(path, *map(check_picture, pictures))
    return str(path)


def measure(path, runs, warmup, threads, seconds=None, pictures=None, profile=False):
    """Runs the artifact in this process and returns its part of the `Benchmark`."""
    import numpy as np

    from export.runtime import load

    clock = Clock()
    predictor = load(path, threads)
    load_ms = clock.lap()
    feeds = feeds_of(predictor, pictures)
    clock.lap()
    calls, milliseconds = cycle(feeds), []
    while len(milliseconds) < warmup + runs:
        inputs = next(calls)
        clock.lap()
        predictor.call(inputs)
        milliseconds.append(clock.lap())
        if seconds is not None and sum(milliseconds) > 1e3 * seconds and len(milliseconds) > 1:
            break
    steady = milliseconds[warmup:] or milliseconds[-1:]  # the time may be over before all are warm
    measured = {
        "load_ms": load_ms,
        "first_ms": milliseconds[0],
        "p50_ms": float(np.percentile(steady, 50)),
        "p95_ms": float(np.percentile(steady, 95)),
        "runs": len(steady),
        "batch_size": len(feeds[0]["image"]),
        "image_size": feeds[0]["image"].shape[1:3],
        "peak_memory": peak_memory(),
    }
    if profile:
        from export.profile import by_operator

        measured["operators"] = by_operator(predictor, feeds)
    return measured


class Clock:
    """Tells the milliseconds since it was last asked."""

    def __init__(self):
        self.last = time.perf_counter()

    def lap(self):
        """Returns the milliseconds since the last call of this, or since the beginning."""
        last, self.last = self.last, time.perf_counter()
        return 1e3 * (self.last - last)


def feeds_of(predictor, pictures):
    """Returns a list of inputs of the network, one a batch: of the pictures in a file, or of noise."""
    import numpy as np

    if pictures is None:
        known = predictor.frame_size or predictor.image_size
        size = [side or usual for side, usual in zip(known, USUAL, strict=True)]
        given = [(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8), None)]
    else:
        with np.load(pictures) as kept:
            given = [predictor.in_frame(kept[name])[:2] for name in kept.files]
    count = predictor.batch_size or 1
    batches = [[given[(i + k) % len(given)] for k in range(count)] for i in range(0, len(given), count)]
    if predictor.frame_size is None:  # of several sizes: one of them fills its batch
        batches = [[one] * count for one in given]
    return [predictor.inputs_of(np.stack([frame for frame, _ in batch]), proposals_in(batch)) for batch in batches]


def proposals_in(batch):
    """Returns the proposals of a batch of pairs of a frame and its own, `None` where it has none."""
    return None if batch[0][1] is None else [proposals for _, proposals in batch]


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
