"""How long a call takes, as a card tells it."""

import numpy as np
import pytest

from export import exporter


class Timed:
    """A predictor on a clock of its own, whose first call takes longer."""

    batch_size, now, calls = None, 0.0, 0

    def __init__(self, first, later):
        self.first, self.later = first, later

    def inputs_of(self, batch):
        return {"image": batch}

    def call(self, inputs):
        self.now += self.later if self.calls else self.first
        self.calls += 1


@pytest.mark.parametrize(
    "first, later, ms, runs",
    [
        (0.5, 0.01, 10.0, 5),  # the first of six warms up
        (3.0, 2.5, 3000.0, 1),  # of a slow network there is no second
        (1.5, 1.2, 1200.0, 1),  # the second begins before the time is over
    ],
)
def test_slow_networks_are_called_less_often(monkeypatch, first, later, ms, runs):
    predictor = Timed(first, later)
    monkeypatch.setattr(exporter.time, "perf_counter", lambda: predictor.now)
    found = exporter.latency(predictor, np.zeros((4, 6, 3), "uint8"))
    assert found == {"p50_ms": ms, "runs": runs, "batch_size": 1}
