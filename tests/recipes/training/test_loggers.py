import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from recipes.training.loggers import logged
from recipes.training.recipe import load
from zoo import InputError


@pytest.fixture
def told(monkeypatch):
    """What stand-ins of both libraries were told."""
    calls = []

    def note(name):
        return lambda *args, **kwargs: calls.append((name, args, kwargs))

    def init(**arguments):
        calls.append(("init", (), arguments))
        return SimpleNamespace(log=note("log"), finish=note("finish"))

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    names = "start_run", "log_params", "log_metrics", "end_run"
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(**{name: note(name) for name in names}))
    return calls


def fitted(callbacks, epochs=2):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5), "mse", run_eagerly=True)
    model.fit(np.ones((1, 1)), np.ones((1, 1)), epochs=epochs, verbose=0, callbacks=callbacks)


@pytest.mark.parametrize(
    ("name", "calls"),
    [("wandb", "init log log finish"), ("mlflow", "start_run log_params log_metrics log_metrics end_run")],
)
def test_each_epoch_is_logged_once_though_fit_runs_twice(told, tmp_path, name, calls):
    with logged([name], load("unet_shapes"), tmp_path / "first") as callbacks:
        assert told == []  # a recipe that is refused leaves no log
        fitted(callbacks, 1)
        fitted(callbacks, 1)
    assert [call for call, *_ in told] == calls.split()
    figures = next(args[0] for call, args, _ in told if call in ("log", "log_metrics"))
    assert figures["learning_rate"] == 0.5 and np.isfinite(figures["loss"])
    assert "first" in str(told[0])


def test_an_unknown_log_is_one_line(tmp_path):
    with pytest.raises(InputError, match="--log is one of wandb, mlflow, received 'tensorbord'; history.csv and"):
        with logged(["tensorbord"], load("unet_shapes"), tmp_path):
            pass
