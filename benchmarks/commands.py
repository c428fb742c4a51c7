"""How long the README's two commands take once everything is installed."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run():
    with tempfile.TemporaryDirectory() as folder:
        fresh = {**os.environ, "TFDS_DATA_DIR": folder}  # so that drawing the shapes is counted
        zoo = Path(sys.executable).parent / "zoo"
        demo = seconds([zoo, "demo", "--workdir", f"{folder}/demo"], fresh)
        test = seconds(["make", "-s", "test"], os.environ)
    return [
        {"figure": "zoo demo, seconds", "value": round(demo), "target": "<= 300"},
        {"figure": "make test, seconds", "value": round(test), "target": "<= 600"},
    ]


def seconds(command, environment):
    """Times a command, which must succeed."""
    start = time.perf_counter()
    subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
