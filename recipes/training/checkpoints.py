"""Checkpoints of a run: what is in one, when they are written, and which of them a resumed run goes on from."""

import time
from typing import NamedTuple

import h5py
import keras

from recipes.data.files import DAMAGED
from recipes.evaluation.metrics import higher_is_better
from recipes.training.callbacks import seed_generators
from zoo.errors import InputError
from zoo.files import replace_file

STATE = "within_epoch"


class Done(NamedTuple):
    """What of a run is done.

    Attributes:
        epochs: whole ones.
        step: of the epoch after them.
        rows: the rows of history of the whole epochs.
        best: the best figure among them, `None` without.
        state: at `step`, the metrics and random states that an epoch begins anew; `()` between epochs.
    """

    epochs: int
    step: int
    rows: list
    best: float | None
    state: tuple


class Checkpoint(keras.callbacks.Callback):
    """After each epoch: a row of history, then weights and optimizer, then the removal of all but the last two.

    In this order a kill at any moment leaves a whole checkpoint and at least its rows. Within an epoch there is one
    whenever `minutes` have passed since the last. It also holds what Keras's `save_weights` leaves out and an epoch
    begins anew: the sums of the metrics, so that a row of history is that of the whole epoch, and the random states.

    Args:
        workdir: the `Workdir`.
        done: what is `Done`.
        steps_per_epoch: of a whole one.
        minutes: 0 for epochs alone.
    """

    def __init__(self, workdir, done, steps_per_epoch, minutes):
        super().__init__()
        self.workdir, self.done, self.steps_per_epoch, self.minutes = workdir, done, steps_per_epoch, minutes
        self.rows, self.step = list(done.rows), done.step
        self.epoch, self.written = done.epochs, time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        """Takes up the epoch within which the run stopped."""
        self.epoch = epoch
        for variable, value in zip(within_epoch(self.model) if self.done.state else (), self.done.state, strict=True):
            variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        """Writes a checkpoint if it is time."""
        step = self.step + batch + 1
        if self.minutes and step < self.steps_per_epoch and time.monotonic() - self.written >= 60 * self.minutes:
            self.write(self.epoch, step)

    def on_epoch_end(self, epoch, logs=None):
        """Writes row and checkpoint."""
        figures = {name: float(value) for name, value in logs.items()}
        rate = float(self.model.optimizer.learning_rate)
        self.rows.append({"epoch": epoch + 1, **figures, "learning_rate": rate})
        self.workdir.write_history(self.rows)
        self.write(epoch + 1)

    def write(self, epochs, step=0):
        """Writes a checkpoint and removes those that are no longer needed."""
        replace_file(self.workdir.weights(epochs, step), lambda path: save(self.model, path, step))
        self.workdir.keep_checkpoints(epochs, step)
        self.written = time.monotonic()


def save(model, path, step=0):
    """Writes a compiled model's weights and optimizer; at a step within an epoch also what the epoch has so far."""
    model.save_weights(path)
    if step:
        with h5py.File(path, "r+") as file:
            for i, variable in enumerate(within_epoch(model)):
                file[f"{STATE}/{i}"] = keras.ops.convert_to_numpy(variable)


def resumed(model, workdir, metric):
    """Loads the newest whole checkpoint of a run, if it has one, into a compiled model and returns what is `Done`.

    Raises:
        InputError: if none of its checkpoints is whole.
    """
    (epochs, step), state = newest_whole(model, workdir)
    rows = workdir.read_history(epochs)
    better = max if higher_is_better(metric) else min
    best = better((row[name] for row in rows if (name := f"val_{metric}") in row), default=None)
    return Done(epochs, step, rows, best, state)


def newest_whole(model, workdir):
    """Loads a checkpoint and returns its place and state; one that is damaged is named, and the one before taken."""
    damaged = []
    for place in reversed(workdir.checkpoints()):
        path = workdir.weights(*place)
        try:
            model.load_weights(path)
            state = read_state(path)
        except PermissionError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from error
        except DAMAGED as error:
            damaged.append(path.name)
            print(f"{path} is damaged ({str(error).splitlines()[0]}): the run goes on from the one before")
        else:
            return place, state
    if damaged:
        raise InputError(
            f"{workdir.path}: no checkpoint is whole ({', '.join(damaged)}); remove them, and the run begins anew"
        )
    return (0, 0), ()


def read_state(path):
    """Returns the values that `save` wrote of `within_epoch`."""
    with h5py.File(path) as file:
        return tuple(file[f"{STATE}/{i}"][()] for i in range(len(file.get(STATE, ()))))


def within_epoch(model):
    """Returns the variables that an epoch begins anew: those of the metrics and the random states."""
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    return [*metrics, *(generator.state for generator in seed_generators(model))]
