"""What happens during `model.fit` beyond what Keras brings."""

import math
from collections import deque

import keras
import numpy as np

from export.runtimes.keras import KerasPredictor
from export.source import all_layers
from recipes.evaluation.evaluate import Measure
from recipes.evaluation.metrics import higher_is_better
from zoo.errors import InputError
from zoo.files import replace_file


class StopOnNaN(keras.callbacks.Callback):
    """Ends training with an error that names the first step whose loss is not a number.

    Keras reports the mean over the epoch so far, which is not a number from that step on.

    Args:
        steps_per_epoch: of a whole one.
        first: steps of the first epoch that were done before.
    """

    def __init__(self, steps_per_epoch, first=0):
        super().__init__()
        self.steps_per_epoch, self.first = steps_per_epoch, first
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
            step = self.epoch * self.steps_per_epoch + self.first + batch + 1
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
        for i, generator in enumerate(seed_generators(self.model)):
            generator.state.assign(np.random.SeedSequence((self.seed, epoch, i)).generate_state(2))


def seed_generators(model):
    """Returns the `keras.random.SeedGenerator`s of a model and its layers."""
    drawing = [model, *all_layers(model)]
    return [layer.seed_generator for layer in drawing if hasattr(layer, "seed_generator")]


class Validate(keras.callbacks.Callback):
    """Measures each validated epoch as `zoo evaluate` does, and saves `model.keras` whenever it is the best so far.

    It measures while Keras finds the loss of the same pictures, which are read once for both: `seen` is given each of
    them whole, before the batch that it is part of.

    It stands before `SwapEMAWeights` in the list, so it sees the averaged weights until the test ends. They are
    copied into a float32 twin: what is measured, kept and shipped carries no training precision. The figure enters
    the epoch's logs. As long as no epoch has a figure, as where the pictures show no object, each is saved: the last
    is then kept.

    Attributes:
        best: the best figure so far, `None` before any.

    Args:
        workdir: the run's `Workdir`.
        twin: the model in float32.
        source: the source that is validated on.
        metric: the figure by which epochs are compared.
        batch_size: pictures in a batch of validation.
    """

    def __init__(self, workdir, twin, source, metric, batch_size):
        super().__init__()
        self.workdir, self.twin, self.source, self.metric = workdir, twin, source, metric
        self.predictor, self.batch_size, self.best = KerasPredictor(twin), batch_size, None
        self.waiting, self.figures = deque(), {}

    def seen(self, example):
        """Takes the next picture, as `pipeline` gives it."""
        self.waiting.append(example)

    def on_test_begin(self, logs=None):
        """Begins anew, also after a validation that was broken off."""
        self.waiting.clear()
        self.measure = Measure(self.predictor, self.source)

    def on_test_batch_begin(self, batch, logs=None):
        """Takes over the weights, which are the averaged ones from the first batch on."""
        if batch == 0:
            self.twin.set_weights(self.model.get_weights())

    def on_test_batch_end(self, batch, logs=None):
        """Measures the pictures of a batch, the last of which may be smaller."""
        count = min(self.batch_size, len(self.source) - batch * self.batch_size)
        self.measure.add([self.waiting.popleft() for _ in range(count)])

    def on_test_end(self, logs=None):
        """Compares and saves."""
        score = self.measure.evaluator.scores()[self.metric]
        if score is not None:
            self.figures = {f"val_{self.metric}": score}
        if self.best is None or (score is not None and self.is_better(score)):
            self.best = score
            replace_file(self.workdir.model, self.twin.save)

    def is_better(self, score):
        """Says whether a figure is better than the best so far."""
        return score > self.best if higher_is_better(self.metric) else score < self.best

    def on_epoch_end(self, epoch, logs=None):
        """Adds the figure of this epoch's validation, if there was one."""
        logs.update(self.figures)
        self.figures = {}
