"""Programs in processes of their own, one step for each line they are sent: what is compared takes turns."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]


class Step(NamedTuple):
    """What a step took.

    Attributes:
        seconds: by the clock.
        processor: seconds of all cores together, which other programs' turns do not lengthen.
        peak: the process's most bytes so far.
        result: what the step returned.
    """

    seconds: float
    processor: float
    peak: int
    result: Any


class Peer:
    """A module of `benchmarks` in a Python of its own, which calls `answer`.

    Args:
        python: the interpreter.
        module: its name below `benchmarks`.
        arguments: of its command line.
    """

    def __init__(self, python, module, *arguments):
        command = [python, "-m", f"benchmarks.{module}", *map(str, arguments)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def step(self):
        """Takes one step; returns the `Step`."""
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        return Step(*json.loads(self.process.stdout.readline()))

    def close(self):
        """Lets the process end."""
        self.process.stdin.close()
        self.process.wait()


def answer(step):
    """Calls `step` for each line on standard input; prints what makes a `Step`."""
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        result = step()
        took = time.perf_counter() - start, time.process_time() - used
        print(json.dumps([*took, memory("VmHWM"), result]), flush=True)


def memory(line):
    """Returns bytes of this process: its "VmRSS", resident now, or "VmHWM", the most so far."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(found.split()[1]) for found in status if found.startswith(line))


def take_turns(peers, repeats):
    """Lets peers step one after the other, some rounds after one to warm up.

    Args:
        peers: dict of `Peer`.
        repeats: rounds.
    Returns:
        Dict by peer of a `Step`: the medians, the peak, and the result of the first step.
    """
    first = {name: peer.step() for name, peer in peers.items()}
    rounds = [{name: peer.step() for name, peer in peers.items()} for _ in range(repeats)]
    for peer in peers.values():
        peer.close()
    return {
        name: Step(
            statistics.median(turn[name].seconds for turn in rounds),
            statistics.median(turn[name].processor for turn in rounds),
            rounds[-1][name].peak,
            first[name].result,
        )
        for name in peers
    }
