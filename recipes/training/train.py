"""Training: a recipe and its data in, a run's folder with the best model out."""

import sys
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import keras

from recipes.data import describe, median_frequency, open_source, pipeline, usable
from recipes.data.border_weights import border_weights
from recipes.data.files import replace_text
from recipes.data.sources.proposed import with_proposals
from recipes.evaluation.metrics import higher_is_better
from recipes.training import rcnn
from recipes.training.anchors import find_anchors
from recipes.training.build import build
from recipes.training.callbacks import Checkpoint, SeedEpoch, StopOnNaN, Validate
from recipes.training.rates import check_rates, rates_of
from recipes.training.schedule import optimizer
from recipes.training.start import show_taken
from recipes.training.workdir import Workdir
from zoo.detection.rcnn import Rcnn
from zoo.errors import InputError
from zoo.rates import freeze
from zoo.segmentation.segmenter import PixelCrossEntropy


def train(recipe, workdir, *, resume=False, skip_bad=False):
    """Trains a model and keeps the best epoch.

    Args:
        recipe: a `Recipe`.
        workdir: folder of the run, see `recipes.training.workdir.Workdir`.
        resume: continue the run in `workdir` after its last whole epoch, to the same weights as uninterrupted.
        skip_bad: leave out unusable pictures instead of refusing to start.

    Returns:
        The `Workdir`; its `model` is the best epoch, its `history` has a row an epoch.

    Raises:
        InputError: if anything named is wrong or missing, or the loss stops being a number.
    """
    data, val_data = open_sources(recipe)
    twin = build(recipe, data)  # a wrong argument is refused before all pictures are read
    in_steps = isinstance(twin, Rcnn)
    if in_steps:
        rcnn.check_recipe(recipe)
    check_rates(recipe, twin, later=("logits",) if in_steps else ())
    if begun_with := getattr(twin, "begun_with", None):
        show_taken(begun_with)
    data, val_data = usable(data, skip_bad), usable(val_data, skip_bad)
    if not in_steps:
        check_one_batch(recipe, data)
    workdir = Workdir(workdir, resume)
    if resume:
        check_same(recipe, workdir)
    data, val_data = (with_proposals(source, recipe.proposals, recipe.num_proposals) for source in (data, val_data))
    if in_steps:
        replace_text(workdir.recipe, recipe.to_json())
        keras.utils.set_random_seed(recipe.seed)
        rcnn.train_rcnn(build(recipe, data, recipe.precision), twin, recipe, data, val_data, workdir)
    else:
        train_end_to_end(recipe, twin, data, val_data, workdir)
    return workdir


def open_sources(recipe):
    """Opens what is learned from and what is measured on.

    Raises:
        InputError: if one cannot be opened, or their classes differ.
    """
    data, val_data = open_source(recipe.data), open_source(recipe.val_data)
    classes, val_classes = (source.class_names(recipe.task) for source in (data, val_data))
    if val_classes != classes:
        raise InputError(
            f"{recipe.val_data} has the classes {', '.join(val_classes)}, "
            f"but {recipe.data} has {', '.join(classes)}: name sources with the same classes"
        )
    return data, val_data


def train_end_to_end(recipe, twin, data, val_data, workdir):
    """Trains a model by `model.fit`, from the run's last whole epoch on.

    Args:
        recipe: a `Recipe`.
        twin: its model in float32, which is measured and saved.
        data: the source to learn from, its pictures all readable.
        val_data: the source to measure on.
        workdir: the `Workdir`.
    """
    built = recipe
    if recipe.anchors is not None:
        anchors = find_anchors(data, recipe.picture_size, recipe.anchors, recipe.seed, resizing=recipe.resizing)
        built = replace(recipe, arguments={**recipe.arguments, "anchors": anchors})
        twin = build(built, data)
    steps = len(data) // recipe.batch_size
    model = compiled(built, data, steps)
    done = resumed(model, workdir, recipe.metric)
    training, validation = batches(recipe, data, val_data, skip=done.epochs * steps * recipe.batch_size)
    replace_text(workdir.recipe, recipe.to_json())
    model.fit(
        training,
        validation_data=validation,
        validation_freq=validated(recipe, steps),
        initial_epoch=done.epochs,
        epochs=recipe.last_epoch(steps),
        steps_per_epoch=steps,
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[
            SeedEpoch(recipe.seed),
            StopOnNaN(steps),
            Validate(workdir, twin, val_data, recipe.metric, done.best),
            *([] if recipe.ema is None else [keras.callbacks.SwapEMAWeights()]),
            keras.callbacks.TensorBoard(workdir.tensorboard, write_graph=False),
            Checkpoint(workdir, done.rows),
        ],
    )


def compiled(recipe, data, steps_per_epoch):
    """Builds the model that is trained, from the recipe's seed alone, and compiles it."""
    keras.utils.set_random_seed(recipe.seed)
    any_size = recipe.crop_size is not None or bool(recipe.multi_scale)
    model = build(recipe, data, recipe.precision, any_size=any_size)
    freeze(model, rates_of(recipe).freeze)
    # With weights at the border those of the classes are part of the map: equation 2 adds, a loss would multiply.
    weights = None if recipe.border_weight else class_weights(recipe, data)
    loss = {} if weights is None else {"loss": PixelCrossEntropy(weights)}
    model.compile(optimizer(recipe, steps_per_epoch), **loss)
    model.optimizer.build(model.trainable_variables)
    return model


def class_weights(recipe, data):
    """Returns the recipe's weight of each class, `None` where all weigh alike."""
    return median_frequency(describe(data)) if recipe.class_weights else None


def pixel_weights(recipe, data):
    """Returns what weighs the pixels of a label map in training, `None` where all weigh alike."""
    if not recipe.border_weight:
        return None
    weights = {"w0": recipe.border_weight, "sigma": recipe.border_sigma, "class_weights": class_weights(recipe, data)}
    return partial(border_weights, **weights)


class Done(NamedTuple):
    """What of a run is done: whole epochs, their rows of history, the best figure among them (`None` without)."""

    epochs: int
    rows: list
    best: float | None


def resumed(model, workdir, metric):
    """Loads the newest checkpoint of a run, if it has one, into a compiled model and returns what is `Done`."""
    epochs = workdir.last_epoch()
    if epochs:
        model.load_weights(workdir.weights(epochs))
    rows = workdir.read_history(epochs)
    better = max if higher_is_better(metric) else min
    return Done(epochs, rows, better((row[name] for row in rows if (name := f"val_{metric}") in row), default=None))


def batches(recipe, data, val_data, skip):
    """Returns the endless batches of training, less the first `skip` examples, and those of validation."""
    names = "task", "resizing", "batch_size", "max_objects", "num_proposals"
    shared = {name: getattr(recipe, name) for name in names}
    training = pipeline(
        data,
        picture_size=recipe.crop_size or recipe.picture_size,
        augment=recipe.augment,
        multi_scale=recipe.multi_scale,
        training=True,
        seed=recipe.seed,
        skip=skip,
        pixel_weights=pixel_weights(recipe, data),
        **shared,
    )
    return training, pipeline(val_data, picture_size=recipe.picture_size, **shared)


def validated(recipe, steps_per_epoch):
    """Returns the epochs that are validated, counted from 1: every so many, and the last."""
    last = recipe.last_epoch(steps_per_epoch)
    return sorted({*range(recipe.validate_every, last + 1, recipe.validate_every), last})


def check_one_batch(recipe, data):
    """Raises `InputError` where the pictures do not fill one batch."""
    if len(data) < recipe.batch_size:
        raise InputError(
            f"{recipe.data} has {len(data)} usable pictures, fewer than one batch: set batch_size={len(data)} or less"
        )


def check_same(recipe, workdir):
    """Refuses to resume a run under another recipe; a field that it was begun without has its default.

    Raises:
        InputError: that shows the lines that differ.
    """
    before, now = (one.to_json().splitlines() for one in (workdir.read_recipe(), recipe))
    if before != now:
        differing = sorted(set(now) - set(before)) or sorted(set(before) - set(now))
        changed = "; ".join(line.strip(" ,") for line in differing)
        raise InputError(
            f"{workdir.path}: the run there has another recipe, {changed} differs: resume with the same settings "
            "or name another --workdir"
        )
