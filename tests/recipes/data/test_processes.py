import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from recipes.data.processes import in_processes
from zoo.errors import InputError


def test_results_come_in_order_and_items_as_they_are_needed():
    taken = []

    def items():
        for i in range(5):
            taken.append(i)
            yield i, 2

    results = in_processes(pow, items(), processes=1)
    assert next(results) == 0 and taken == [0]
    assert list(results) == [1, 4, 9, 16]
    assert list(in_processes(pow, [], processes=2)) == []


def test_quick_work_starts_no_process():
    assert set(in_processes(os.getpid, [()] * 3, processes=2, patience=60)) == {os.getpid()}


PLACE = "(__import__('os').getpid(), __import__('os').getenv('KERAS_BACKEND'))"


def test_long_work_is_shared_out_and_errors_come_through():
    results = in_processes(eval, [(PLACE,), ("divmod(7, 2)",), (PLACE,), ("1 / 0",)], processes=2, patience=0)
    pid, backend = next(results)
    assert pid != os.getpid()
    # The Keras that the zoo imports there needs no TensorFlow.
    assert backend == "numpy" != os.environ.get("KERAS_BACKEND")
    assert next(results) == (3, 1)
    assert next(results)[0] != os.getpid()
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.full
def test_a_killed_process_is_told_in_one_line():
    with pytest.raises(InputError, match="a process that computed was killed.*run again with fewer processes"):
        list(in_processes(os._exit, [(3,)], processes=2, patience=0))


PROGRAM = """
import os, time
from recipes.data.processes import in_processes

if __name__ == "__main__":
    for number in in_processes(os.getpid, [()] * 4, processes=2, patience=0):
        print(number, flush=True)
        time.sleep(0.1)
    list(in_processes(time.sleep, [(600,)] * 4, processes=2, patience=0))
"""


@pytest.mark.full
def test_processes_end_with_the_one_that_started_them(tmp_path):
    """When it is killed they are at work, or wait for some."""
    (tmp_path / "program.py").write_text(PROGRAM)
    with open(tmp_path / "log", "w") as log:
        parent = subprocess.Popen(
            [sys.executable, str(tmp_path / "program.py")],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=log,  # no pipe, which processes that linger would hold open
            start_new_session=True,
        )
    workers = []
    try:
        until(lambda: len((tmp_path / "log").read_text().split()) == 4)
        workers = psutil.Process(parent.pid).children(recursive=True)
        assert len(workers) >= 2
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        until(lambda: not any(worker.is_running() for worker in workers))
    finally:
        parent.kill()
        for worker in workers:
            if worker.is_running():
                worker.kill()


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
