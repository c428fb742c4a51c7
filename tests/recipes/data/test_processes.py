import os
import time

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


def test_long_work_is_shared_out():
    begun = time.monotonic()
    pids = list(in_processes(os.getpid, [()] * 5, processes=2, patience=0))
    assert os.getpid() not in pids and len(pids) == 5
    assert list(in_processes(divmod, [(7, 2), (9, 4)], processes=2, patience=0)) == [(3, 1), (2, 1)]
    assert time.monotonic() - begun < 120


def test_the_zoo_in_a_process_loads_no_tensorflow():
    (backend,) = in_processes(os.getenv, [("KERAS_BACKEND",)], processes=2, patience=0)
    assert backend == "numpy"
    assert os.environ.get("KERAS_BACKEND") != "numpy"


def test_errors_come_through():
    with pytest.raises(ZeroDivisionError):
        list(in_processes(divmod, [(1, 1), (1, 0)], processes=2, patience=0))


def test_a_killed_process_is_told_in_one_line():
    with pytest.raises(InputError, match="a process that computed was killed.*run again with fewer processes"):
        list(in_processes(os._exit, [(3,)], processes=2, patience=0))
