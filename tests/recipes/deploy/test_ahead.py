import threading
import time

import pytest

from recipes.deploy.ahead import ahead


def test_items_come_in_their_order_and_few_wait():
    drawn = []

    def items():
        for number in range(20):
            drawn.append(number)
            yield number

    taken = []
    for item in ahead(items(), 2):
        taken.append(item)
        time.sleep(0.002)
        assert len(drawn) - len(taken) <= 3  # two that wait, and one in hand
    assert taken == list(range(20)) and list(ahead(iter_of(()), 2)) == []


def iter_of(values):
    yield from values


def test_an_error_is_raised_in_its_turn():
    def items():
        yield 1
        raise ValueError("torn")

    working = ahead(items())
    assert next(working) == 1
    with pytest.raises(ValueError, match="torn"):
        next(working)


def test_who_leaves_early_ends_the_thread_which_closes_what_it_draws_from():
    closed = []

    def items():
        try:
            number = 0
            while True:
                number += 1
                yield number
        finally:
            closed.append(threading.current_thread())

    working = ahead(ahead(items()))
    assert next(working) == 1
    working.close()
    assert len(closed) == 1 and closed[0] is not threading.current_thread() and not closed[0].is_alive()


def test_the_latest_alone_waits_where_nobody_can_wait_for_the_slow():
    released = threading.Event()

    def items():
        yield from range(50)
        released.set()
        yield 50

    working = ahead(items(), 1, latest=True)
    taken = [next(working)]
    assert released.wait(5)
    taken += working
    assert taken[-1] == 50 and len(taken) <= 3
