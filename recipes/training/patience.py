"""When a run ends before its last epoch: no validation has been better than the best for a while."""

import keras

from recipes.evaluation.metrics import higher_is_better
from recipes.report.words import counted


def without_gain(rows, metric):
    """Counts the validations since the best.

    Args:
        rows: rows of a run's history, dicts; those without the metric's figure were not validated.
        metric: the figure.

    Returns:
        How many have come since the first of the best, 0 without any.
    """
    figures = [row[name] for row in rows if (name := f"val_{metric}") in row]
    best = (max if higher_is_better(metric) else min)(figures, default=None)
    return len(figures) - 1 - figures.index(best) if figures else 0


def is_over(rows, recipe):
    """Says whether a run with these rows has lost its patience."""
    return recipe.patience is not None and without_gain(rows, recipe.metric) >= recipe.patience


class Patience(keras.callbacks.Callback):
    """Ends a run after `recipe.patience` validations in a row without a better figure.

    It stands after the callback that measures, which adds the figure to the epoch's logs.

    Args:
        recipe: the `Recipe`.
        rows: of the history so far.
    """

    def __init__(self, recipe, rows):
        super().__init__()
        self.recipe, self.rows = recipe, list(rows)

    def on_epoch_end(self, epoch, logs=None):
        """Counts, and asks `fit` to stop."""
        self.rows.append(dict(logs))
        if is_over(self.rows, self.recipe):
            self.model.stop_training = True
            waited = counted(self.recipe.patience, "validation")
            print(f"the run ends after epoch {epoch + 1}: {waited} without a better {self.recipe.metric} (patience)")
