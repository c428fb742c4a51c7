import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import export
from recipes.data import describe, median_frequency, open_source, usable
from recipes.data.border_weights import border_weights
from recipes.data.sources.masks import Masks
from recipes.evaluation.evaluate import evaluate
from recipes.evaluation.metrics.segmentation import Evaluator
from recipes.report import run
from recipes.training.build import build
from recipes.training.callbacks import StopOnNaN
from recipes.training.checkpoints import Checkpoint, resumed
from recipes.training.recipe import Recipe
from recipes.training.train import compiled, train, training_batches, validation_batches
from recipes.training.workdir import Workdir
from tests.recipes.conftest import write_set
from zoo import InputError

PROGRAM = """
import sys
from recipes.training.recipe import Recipe
from recipes.training.train import compiled, train
train(Recipe.from_json(open(sys.argv[1]).read()), sys.argv[2])
"""


def test_learns_and_keeps_the_best_epoch(trained, toy):
    rows = trained.read_history(99)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert Recipe.from_json(trained.recipe.read_text()) == toy
    model = keras.saving.load_model(trained.model)
    assert (model.class_names, model.image_size) == (("ground", "figure"), (32, 48))
    assert all(layer.compute_dtype == "float32" for layer in model.layers)
    # What was kept is what was measured: the averaged weights of the best epoch.
    scores = run.write_metrics(trained)
    assert scores["miou"] == pytest.approx(max(row["val_miou"] for row in rows), abs=1e-4)
    assert any(trained.tensorboard.rglob("events*"))
    assert trained.checkpoints() == [(4, 0), (5, 0)]


def test_a_resumed_run_ends_with_the_same_weights(trained, killed, toy, tmp_path):
    run = Workdir(shutil.copytree(killed, tmp_path / "run"), resume=True)
    assert run.checkpoints() == [(1, 0), (2, 0), (3, 0)]
    resumed_like(train(toy, run.path, resume=True), trained)


def test_a_validation_reads_each_picture_once(toy, eagerly, tmp_path, monkeypatch):
    """For loss and figure, also where the last batch is smaller; both are those of a pass of their own."""
    whole, read = Masks.decode, []

    def decode(self, record):
        def noted(name):
            read.append(Path(name.decode()))
            return np.int32(0)

        with tf.control_dependencies([tf.numpy_function(noted, [record["image"]], tf.int32)]):
            return whole(self, {key: tf.identity(value) for key, value in record.items()})

    monkeypatch.setattr(Masks, "decode", decode)
    recipe = replace(toy, epochs=3, validate_every=2, class_weights=None)
    trained = train(recipe, tmp_path / "run")
    folder = Path(toy.val_data.removeprefix("masks:"))
    pictures = [path for path in read if folder in path.parents]
    assert Counter(pictures) == dict.fromkeys(sorted((folder / "images").iterdir()), 2)  # epochs 2 and 3
    val_data, rows = open_source(toy.val_data), trained.read_history(9)
    assert [("val_miou" in row, "val_loss" in row) for row in rows] == [(False, False), (True, True), (True, True)]
    best = max(rows[1:], key=lambda row: row["val_miou"])
    model = keras.saving.load_model(trained.model)
    model.compile()
    losses = model.evaluate(validation_batches(recipe, val_data), verbose=0, return_dict=True)
    assert evaluate(export.load(trained.model), val_data)["miou"] == pytest.approx(best["val_miou"], abs=1e-6)
    assert losses["loss"] == pytest.approx(best["val_loss"], rel=1e-4)


@pytest.mark.full
def test_resume_after_a_kill_gives_the_same_weights(trained, toy, tmp_path):
    recipe, workdir = tmp_path / "recipe.json", tmp_path / "run"
    recipe.write_text(toy.to_json())
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(recipe), str(workdir)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 240
    while not list(workdir.glob("epoch-000[2-4].weights.h5")):
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert Workdir(workdir, resume=True).last_epoch() < toy.epochs

    resumed_like(train(toy, workdir, resume=True), trained)


GATHERED = {"accumulate": 2, "clip": 0.5, "batch_size": 1, "epochs": 3}


@pytest.mark.full
def test_gathered_and_clipped_gradients_resume_to_the_same_weights(toy, tmp_path, monkeypatch):
    """Also from a checkpoint between the batches of one step."""
    recipe = replace(toy, **GATHERED)
    whole = train(recipe, tmp_path / "whole")
    rows = whole.read_history(9)
    assert len(rows) == 3 and {"epoch", "loss", "val_miou"} <= rows[0].keys()
    assert whole.table.read_text().splitlines()[0].startswith("epoch,")
    assert len(whole.table.read_text().splitlines()) == 4

    class Killed(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer._iterations == 10:  # the newest checkpoint is of the second epoch's third batch
                raise KeyboardInterrupt

    write = Checkpoint.on_train_batch_end
    monkeypatch.setattr(
        Checkpoint, "on_train_batch_end", lambda self, batch, logs=None: self.write(self.epoch, batch + 1 + self.step)
    )
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "cut", callbacks=[Killed()])
    assert Workdir(tmp_path / "cut", resume=True).checkpoints()[-1] == (1, 3)
    monkeypatch.setattr(Checkpoint, "on_train_batch_end", write)
    resumed_run = train(recipe, tmp_path / "cut", resume=True)
    same(resumed_run.weights(3), whole.weights(3))
    assert resumed_run.read_history(9) == rows


@pytest.mark.full
def test_epochs_grow_when_a_run_is_resumed(toy, tmp_path):
    constant = replace(toy, schedule="constant", epochs=3, validate_every=1)
    whole = train(constant, tmp_path / "whole")
    train(replace(constant, epochs=1), tmp_path / "grown")
    grown = train(constant, tmp_path / "grown", resume=True)
    same(grown.weights(3), whole.weights(3))
    assert Recipe.from_json(grown.recipe.read_text()).epochs == 3
    with pytest.raises(InputError, match="has epochs=3, which may grow and not shrink, received epochs=2"):
        train(replace(constant, epochs=2), tmp_path / "grown", resume=True)


def test_too_few_pictures_for_a_step_are_one_line(toy, tmp_path):
    message = "has 6 usable pictures, fewer than a step of accumulate=4 batches of 2: set accumulate=3 or less"
    with pytest.raises(InputError, match=message):
        train(replace(toy, accumulate=4), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def resumed_like(resumed, trained):
    """Asserts that a resumed run has ended as an uninterrupted one."""
    same(resumed.weights(5), trained.weights(5))
    assert resumed.read_history(99) == trained.read_history(99)
    for ours, theirs in zip(*(keras.saving.load_model(one.model).weights for one in (resumed, trained)), strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)


def same(a, b):
    """Asserts that two checkpoints hold the same arrays, bit for bit: weights and optimizer."""

    def arrays(path):
        found = {}

        def collect(name, item):
            if isinstance(item, h5py.Dataset):
                found[name] = item[()]

        with h5py.File(path) as file:
            file.visititems(collect)
        return found

    left, right = arrays(a), arrays(b)
    assert left.keys() == right.keys() and any("optimizer" in name for name in left)
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def test_a_run_stopped_within_an_epoch_ends_with_the_same_weights(trained, toy, tmp_path, monkeypatch, capsys):
    """Its checkpoints hold the sums of the metrics and the states of dropout, too: the losses are of whole epochs."""

    class Stopped(Exception):
        pass

    def stop(workdir, epochs, step=0):
        keep_checkpoints(workdir, epochs, step)
        if (epochs, step) == (2, 2):
            raise Stopped

    keep_checkpoints = Workdir.keep_checkpoints
    hasty = replace(toy, checkpoint_minutes=1e-9)
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(Workdir, "keep_checkpoints", stop)
        train(hasty, tmp_path / "run")
    run = Workdir(tmp_path / "run", resume=True)
    assert run.checkpoints() == [(2, 1), (2, 2)]
    run.weights(2, 2).write_bytes(run.weights(2, 2).read_bytes()[:-1000])
    resumed_like(train(toy, run.path, resume=True), trained)
    assert "epoch-0002-step-000002.weights.h5 is damaged" in capsys.readouterr().out


def test_damaged_checkpoints(trained, toy, tmp_path, capsys):
    run = Workdir(shutil.copytree(trained.path, tmp_path / "run"), resume=True)
    run.weights(5).write_bytes(b"")
    model = compiled(toy, open_source(toy.data), 3)
    done = resumed(model, run, "miou")
    assert (done.epochs, done.step, len(done.rows)) == (4, 0, 4)
    assert capsys.readouterr().out.count("\n") == 1
    again = compiled(toy, open_source(toy.data), 3)
    again.load_weights(run.weights(4))
    for ours, theirs in zip(model.variables, again.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    run.weights(4).write_bytes(bytes(1000))
    with pytest.raises(InputError, match=r"no checkpoint is whole \(epoch-0005.*, epoch-0004.*\); remove them"):
        resumed(model, run, "miou")


def test_a_metric_without_a_value_leaves_the_last_model(toy, eagerly, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Evaluator, "scores", lambda _: {"miou": None})
    recipe = replace(toy, epochs=2, ema=None)
    trained = train(recipe, tmp_path / "run")
    assert capsys.readouterr().out.count("miou has no value on masks:") == 1
    model = compiled(recipe, open_source(toy.data), 3)
    model.load_weights(trained.weights(2))
    kept = keras.saving.load_model(trained.model)
    for ours, theirs in zip(kept.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_resume_refuses_another_recipe(trained, toy):
    with pytest.raises(InputError, match='"batch_size": 3 differs'):
        train(replace(toy, batch_size=3), trained.path, resume=True)


@pytest.mark.full
def test_a_loss_that_is_no_number_stops_a_run(toy, tmp_path):
    with pytest.raises(InputError, match=r"the loss became (nan|inf) at step \d+ \(epoch \d\): lower learning_rate"):
        train(replace(toy, optimizer="sgd", learning_rate=1e30, warmup_epochs=0.0), tmp_path / "run")


def test_a_loss_that_is_no_number_names_its_step():
    stop = StopOnNaN(steps_per_epoch=10)
    stop.on_epoch_begin(2)
    stop.on_train_batch_end(3, {"loss": 1.0})
    with pytest.raises(InputError, match=r"at step 25 \(epoch 3\)"):
        stop.on_train_batch_end(4, {"loss": float("nan")})


def test_rare_classes_weigh_more(toy):
    data = open_source(toy.data)
    weights = compiled(toy, data, 3).loss.class_weights
    np.testing.assert_allclose(weights, median_frequency(describe(data)))
    assert weights[1] > weights[0]  # figures are a quarter of each picture
    assert compiled(replace(toy, class_weights=None), data, 3).loss.class_weights is None


def test_borders_weigh_more(toy, eagerly, tmp_path):
    """A step's loss is the mean over its labelled pixels, each by the weight that its own augmented crop gives it."""
    folder = write_set(tmp_path / "parted", 2)
    for mask in (folder / "masks").glob("*.png"):
        labels = np.array(Image.open(mask))
        labels[:, np.flatnonzero((labels == 1).any(0))[12]] = 0
        Image.fromarray(labels).save(mask)
    recipe = replace(
        toy, data=f"masks:{folder}", border_weight=10.0, arguments={"width": 1 / 32, "depth": 1, "dropout": 0.0}
    )
    data = open_source(recipe.data)
    training, validation = training_batches(recipe, data), validation_batches(recipe, data)
    images, labels, weights = next(iter(training.as_numpy_iterator()))
    assert weights.max() > 9 and len(validation.element_spec) == 2
    of_class = np.array(median_frequency(describe(data)))
    np.testing.assert_allclose(weights, [border_weights(one, class_weights=of_class) for one in labels])

    model = compiled(recipe, data, 1)
    assert model.loss.class_weights is None  # they are added within the map, not multiplied once more
    logits = model.predict_on_batch(images)["logits"]
    entropy = np.log(np.exp(logits).sum(-1)) - np.where(labels == 1, logits[..., 1], logits[..., 0])
    fitted = model.fit(training, steps_per_epoch=1, shuffle=False, verbose=0).history["loss"]
    assert fitted == pytest.approx([(weights * entropy).sum() / (labels != 255).sum()], rel=1e-4)
    unweighted = training_batches(replace(recipe, border_weight=0.0), data)
    assert unweighted.element_spec[1:] == training.element_spec[1:2]


def test_what_is_kept_is_the_average_of_the_weights(toy, eagerly, tmp_path):
    trained = train(replace(toy, epochs=1), tmp_path / "run")
    model = compiled(toy, open_source(toy.data), 3)
    model.load_weights(trained.weights(1))
    kernel = model.get_layer("logits").kernel
    place = [variable is kernel for variable in model.trainable_variables].index(True)
    kept = keras.saving.load_model(trained.model).get_layer("logits").kernel
    np.testing.assert_allclose(kept, model.optimizer._model_variables_moving_average[place], rtol=1e-6)
    assert not np.allclose(kept, kernel, rtol=1e-3)


def test_mixed_precision_is_the_trained_models_alone(toy):
    model = build(toy, open_source(toy.data), "mixed_bfloat16")
    assert model.get_layer("down1_conv1").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.full
def test_mixed_precision_keeps_a_float32_model(toy, tmp_path):
    recipe = replace(toy, precision="mixed_bfloat16", epochs=1, ema=None)
    trained = train(recipe, tmp_path / "run")
    model = keras.saving.load_model(trained.model)
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


@pytest.fixture
def bad(tmp_path):
    """A `masks:` folder of five pictures, of which one is cut short and one has a mask of another size."""
    bad = write_set(tmp_path / "bad", 5)
    whole = (bad / "images" / "1.png").read_bytes()
    (bad / "images" / "1.png").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(bad / "masks" / "3.png")
    return bad


def test_bad_files_stop_a_run_before_it_starts(toy, bad, tmp_path):
    recipe = replace(toy, data=f"masks:{bad}", epochs=1)
    with pytest.raises(InputError, match=r"1\.png.*\(and 1 more\): mend or remove it, or leave it out"):
        train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert len(usable(open_source(recipe.data), skip_bad=True)) == 3


@pytest.mark.full
def test_bad_files_are_left_out(toy, bad, tmp_path):
    recipe = replace(toy, data=f"masks:{bad}", epochs=1)
    assert train(recipe, tmp_path / "run", skip_bad=True).last_epoch() == 1


def test_damage_within_a_picture_is_named_when_its_turn_comes(toy, eagerly, tmp_path):
    damaged = write_set(tmp_path / "damaged", 5)
    path = damaged / "images" / "1.png"
    contents = bytearray(path.read_bytes())
    middle = contents.index(b"IDAT") + 10
    contents[middle : middle + 40] = bytes(40)
    path.write_bytes(contents)
    assert open_source(f"masks:{damaged}").problems() == []
    with pytest.raises(InputError, match=r"images/1\.png: .*: mend or remove it"):
        train(replace(toy, data=f"masks:{damaged}", epochs=1), tmp_path / "run")


def test_unusable_recipes(toy, sets, tmp_path):
    with pytest.raises(InputError, match="metric=ap50 is no figure of segmentation: set metric=miou"):
        train(replace(toy, metric="ap50", data="masks:nowhere"), tmp_path / "run")
    with pytest.raises(InputError, match="fewer than one batch: set batch_size=6 or less"):
        train(replace(toy, batch_size=7), tmp_path / "run")
    with pytest.raises(InputError, match="unet takes no 'filters'"):
        train(replace(toy, arguments={"filters": 2}), tmp_path / "run")
    with pytest.raises(InputError, match="96 pixels a side or more, received 32x48"):
        train(replace(toy, arguments={"padding": "mirror"}), tmp_path / "run")
    with pytest.raises(InputError, match='padding="mirror"'):
        train(replace(toy, arguments={"padding": "valid", "depth": 1}), tmp_path / "run")
    other = write_set(tmp_path / "other", 2)
    (other / "classes.txt").write_text("earth\nsky\n")
    with pytest.raises(InputError, match="earth, sky.*ground, figure: name sources with the same classes"):
        train(replace(toy, val_data=f"masks:{other}"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
