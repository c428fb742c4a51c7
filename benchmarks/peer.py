"""Programs in processes of their own, one step for each line they are sent: what is compared takes turns."""

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


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
        """Takes one step; returns its seconds, the process's peak bytes so far and what the step returned."""
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        """Lets the process end."""
        self.process.stdin.close()
        self.process.wait()


def answer(step):
    """Calls `step` for each line on standard input; prints seconds, the process's peak bytes and its result."""
    for _ in sys.stdin:
        start = time.perf_counter()
        result = step()
        seconds = time.perf_counter() - start
        print(json.dumps([seconds, memory("VmHWM"), result]), flush=True)


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
        `(seconds, peak, result)`, dicts by peer: the median, the most bytes, and the result of the first step.
    """
    result = {name: peer.step()[2] for name, peer in peers.items()}
    rounds = [{name: peer.step() for name, peer in peers.items()} for _ in range(repeats)]
    for peer in peers.values():
        peer.close()
    seconds = {name: sorted(turn[name][0] for turn in rounds)[repeats // 2] for name in peers}
    return seconds, {name: rounds[-1][name][1] for name in peers}, result
