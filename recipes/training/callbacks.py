"""What happens during `model.fit` beyond what Keras brings."""

import math

import keras
import numpy as np

from export.runtime import KerasPredictor
from export.source import all_layers
from recipes.data.files import replace_file
from recipes.evaluation.evaluate import evaluate
from recipes.evaluation.metrics import higher_is_better
from zoo.errors import InputError


class StopOnNaN(keras.callbacks.Callback):
    """Ends training with an error that names the first step whose loss is not a number.

    Keras reports the mean over the epoch so far, which is not a number from that step on.
    """

    def __init__(self, steps_per_epoch):
        super().__init__()
        self.steps_per_epoch = steps_per_epoch
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the loss.

        Raises:
            InputError: if it is not finite.
        """
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            step = self.epoch * self.steps_per_epoch + batch + 1
            raise InputError(
                f"the loss became {loss} at step {step} (epoch {self.epoch + 1}): lower learning_rate, "
                "lengthen warmup_epochs or use precision=float32; the last checkpoint is whole"
            )


class SeedEpoch(keras.callbacks.Callback):
    """Sets the random states of dropout and of drawn regions at each epoch's start, from run's seed and epoch alone.

    Keras leaves them out of `save_weights`, so a resumed run would draw other masks than an uninterrupted one.
    """

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the states."""
        drawing = [self.model, *all_layers(self.model)]
        generators = [layer.seed_generator for layer in drawing if hasattr(layer, "seed_generator")]
        for i, generator in enumerate(generators):
            generator.state.assign(np.random.SeedSequence((self.seed, epoch, i)).generate_state(2))


class Validate(keras.callbacks.Callback):
    """Measures each validated epoch as `zoo evaluate` does, and saves `model.keras` whenever it is the best so far.

    It stands before `SwapEMAWeights` in the list, so it sees the averaged weights. They are copied into a float32
    twin: what is measured, kept and shipped carries no training precision. The figure enters the epoch's logs.
    """

    def __init__(self, workdir, twin, source, metric, best):
        super().__init__()
        self.workdir, self.twin, self.source, self.metric, self.best = workdir, twin, source, metric, best
        self.predictor = KerasPredictor(twin)
        self.figures = {}

    def on_test_end(self, logs=None):
        """Measures, compares and saves."""
        self.twin.set_weights(self.model.get_weights())
        score = evaluate(self.predictor, self.source, progress=False)[self.metric]
        if score is None:
            return
        self.figures = {f"val_{self.metric}": score}
        if self.best is None or (score > self.best if higher_is_better(self.metric) else score < self.best):
            self.best = score
            replace_file(self.workdir.model, self.twin.save)

    def on_epoch_end(self, epoch, logs=None):
        """Adds the figure of this epoch's validation, if there was one."""
        logs.update(self.figures)
        self.figures = {}


class Checkpoint(keras.callbacks.Callback):
    """After each epoch: a row of history, then weights and optimizer, then the removal of older ones.

    In this order a kill at any moment leaves a whole checkpoint and at least its rows.
    """

    def __init__(self, workdir, rows):
        super().__init__()
        self.workdir, self.rows = workdir, rows

    def on_epoch_end(self, epoch, logs=None):
        """Writes row and checkpoint."""
        figures = {name: float(value) for name, value in logs.items()}
        rate = float(self.model.optimizer.learning_rate)
        self.rows.append({"epoch": epoch + 1, **figures, "learning_rate": rate})
        self.workdir.write_history(self.rows)
        replace_file(self.workdir.weights(epoch + 1), self.model.save_weights)
        self.workdir.keep_only(epoch + 1)
