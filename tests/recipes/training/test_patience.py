from dataclasses import replace

import keras
import pytest

from recipes.training.epochs import fit
from recipes.training.patience import is_over, without_gain
from recipes.training.recipe import load
from recipes.training.workdir import Workdir


def rows(*figures, metric="miou"):
    return [{"epoch": i} if value is None else {f"val_{metric}": value} for i, value in enumerate(figures, 1)]


def test_validations_since_the_best_count():
    assert without_gain(rows(), "miou") == without_gain(rows(None, None), "miou") == 0
    assert without_gain(rows(0.1, None, 0.3, None, 0.2, 0.3), "miou") == 2  # the same is not better
    assert without_gain(rows(0.3, 0.1, 0.2, metric="nme"), "nme") == 1  # errors fall


def test_patience_is_over():
    recipe = load("unet_shapes")
    assert not is_over(rows(0.3, 0.2, 0.1), recipe)
    assert is_over(rows(0.3, 0.2, 0.1), replace(recipe, patience=2))
    assert not is_over(rows(0.3, 0.2, 0.4), replace(recipe, patience=2))


class Figures(keras.callbacks.Callback):
    """Adds figures to the epochs' logs, as `Validate` does."""

    def __init__(self, figures):
        super().__init__()
        self.figures = figures

    def on_epoch_end(self, epoch, logs=None):
        logs["val_miou"] = self.figures[epoch]


@pytest.fixture
def fitted(tmp_path, capsys):
    """Trains a layer by `fit`, whose figures are given, and returns how many epochs the folder has then."""

    def run(recipe, figures, resume=False):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=True)
        model.optimizer.build(model.trainable_variables)
        workdir = Workdir(tmp_path / "run", resume=resume)
        workdir.recipe.write_text(recipe.to_json())

        def feed(done):
            while True:
                yield keras.ops.ones((1, 1)), keras.ops.ones((1, 1))

        trained = fit(model, recipe, workdir, 2, feed, lambda done: [Figures(figures)])
        return trained, workdir.last_epoch(), capsys.readouterr().out

    return run


def test_the_shortest_patience_is_one_validation(fitted):
    _, epochs, out = fitted(replace(load("unet_shapes"), epochs=9, patience=1), [0.3, 0.2, *[0.1] * 7])
    assert epochs == 2 and "after epoch 2: 1 validation without a better miou (patience)" in out


def test_a_run_ends_when_its_patience_does_and_goes_on_with_more(fitted):
    recipe = replace(load("unet_shapes"), epochs=9, patience=2)
    figures = [0.1, 0.3, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
    trained, epochs, out = fitted(recipe, figures)
    assert trained and epochs == 4 and "after epoch 4: 2 validations without a better miou (patience)" in out
    assert fitted(recipe, figures, resume=True)[:2] == (False, 4)
    assert fitted(replace(recipe, patience=3), figures, resume=True)[:2] == (True, 5)
    assert fitted(replace(recipe, patience=None), figures, resume=True)[:2] == (True, 9)
