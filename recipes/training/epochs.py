"""`fit` of a recipe, from a run's newest checkpoint on, be it between two epochs or within one."""

import sys

import keras

from recipes.training.callbacks import SeedEpoch, StopOnNaN
from recipes.training.checkpoints import Checkpoint, resumed
from recipes.training.patience import Patience, is_over


def fit(model, recipe, workdir, steps_per_epoch, feed, callbacks=lambda done: (), epochs=None, **validation):
    """Trains a compiled model epoch by epoch, to the same weights and history as without any interruption.

    Args:
        model: a compiled `keras.Model`, its optimizer built.
        recipe: the `Recipe`.
        workdir: the `Workdir`.
        steps_per_epoch: batches of an epoch.
        feed: function of the number of batches done to the endless batches that follow them.
        callbacks: function of what is `Done` to further callbacks; they see an epoch's figures before they are kept.
        epochs: how many in all; those of the recipe if `None`.
        **validation: passed to `keras.Model.fit`.

    Returns:
        Whether there was anything left to train.

    Raises:
        InputError: if the loss stops being a number, or no checkpoint of the run is whole.
    """
    last = recipe.last_epoch(steps_per_epoch // recipe.accumulate) if epochs is None else epochs

    def go_on(done, until):
        model.fit(
            feed(done.epochs * steps_per_epoch + done.step),
            initial_epoch=done.epochs,
            epochs=until,
            steps_per_epoch=max(1, steps_per_epoch - done.step),  # fewer pictures than when it stopped: one more
            shuffle=False,
            verbose=1 if sys.stdout.isatty() else 2,
            callbacks=[
                SeedEpoch(recipe.seed),
                StopOnNaN(steps_per_epoch, done.step),
                *callbacks(done),
                *([Patience(recipe, done.rows)] if recipe.patience else []),
                keras.callbacks.TensorBoard(workdir.tensorboard, write_graph=False),
                Checkpoint(workdir, done, steps_per_epoch, recipe.checkpoint_minutes),
            ],
            **validation,
        )

    done = resumed(model, workdir, recipe.metric)
    if done.epochs >= last or is_over(done.rows, recipe):
        return False
    if done.step:  # Keras's epochs are all of one length: the rest of this one is a run of its own
        go_on(done, done.epochs + 1)
        done = resumed(model, workdir, recipe.metric)
    if done.epochs < last and not is_over(done.rows, recipe):
        go_on(done, last)
    return True
