"""Where a training is logged besides its own folder: Weights & Biases, MLflow."""

import hashlib
import os
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import keras

from zoo.errors import InputError


@contextmanager
def logged(names, recipe, workdir):
    """Returns a context that gives the callbacks which log each epoch's figures.

    Args:
        names: of `LOGS`.
        recipe: the `Recipe`, whose fields are logged as settings.
        workdir: folder of the run, whose name is the log's.

    Raises:
        InputError: if a name is unknown, or its extra is not installed.
    """
    for name in names:
        if name not in LOGS:
            raise InputError(
                f"--log is one of {', '.join(LOGS)}, received {name!r}; history.csv and tensorboard/ always are"
            )
        import_module(name)
    callbacks = [Logger(LOGS[name], recipe, Path(workdir)) for name in dict.fromkeys(names)]
    try:
        yield callbacks
    finally:
        for callback in callbacks:
            callback.end()


class Logger(keras.callbacks.Callback):
    """Passes each epoch's figures on to a log, which begins when the training does.

    Args:
        kind: of `LOGS`.
        recipe: the `Recipe`.
        workdir: folder of the run.
    """

    def __init__(self, kind, recipe, workdir):
        super().__init__()
        self.kind, self.recipe, self.workdir, self.log = kind, recipe, workdir, None

    def on_train_begin(self, logs=None):
        """Begins the log."""
        self.log = self.log or self.kind(self.recipe, self.workdir)

    def on_epoch_end(self, epoch, logs=None):
        """Logs the figures, and the rate."""
        rate = float(self.model.optimizer.learning_rate)
        self.log.add({**{name: float(value) for name, value in logs.items()}, "learning_rate": rate}, epoch + 1)

    def end(self):
        """Ends the log, if it has begun."""
        if self.log is not None:
            self.log.end()


class Wandb:
    """A run of Weights & Biases, in the project that WANDB_PROJECT names, else "regionzoo"; a resumed run goes on."""

    def __init__(self, recipe, workdir):
        import wandb

        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "regionzoo"),
            name=workdir.name,
            id=hashlib.sha256(str(workdir.absolute()).encode()).hexdigest()[:16],
            resume="allow",
            config=recipe.to_dict(),
        )

    def add(self, figures, epoch):
        """Logs a dict of figures."""
        self.run.log(figures, step=epoch)

    def end(self):
        """Ends the run."""
        self.run.finish()


class Mlflow:
    """A run of MLflow, where MLFLOW_TRACKING_URI says; a resumed run begins another of the same name."""

    def __init__(self, recipe, workdir):
        import mlflow

        self.mlflow = mlflow
        mlflow.start_run(run_name=workdir.name)
        mlflow.log_params({name: str(value)[:500] for name, value in recipe.to_dict().items()})

    def add(self, figures, epoch):
        """Logs a dict of figures."""
        self.mlflow.log_metrics(figures, step=epoch)

    def end(self):
        """Ends the run."""
        self.mlflow.end_run()


LOGS = {"wandb": Wandb, "mlflow": Mlflow}
