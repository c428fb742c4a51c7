"""Training: a recipe and its data in, a run's folder with the best model out."""

import math
import sys

import keras

import zoo
from recipes.callbacks import Checkpoint, KeepBest, SeedEpoch, StopOnNaN
from recipes.data import describe, median_frequency, open_source, pipeline
from recipes.metrics import training_metrics
from recipes.schedule import WarmupDecay
from recipes.workdir import Workdir, replace_text
from zoo.errors import InputError
from zoo.segmentation.segmenter import PixelCrossEntropy


def train(recipe, workdir, *, resume=False, skip_bad=False):
    """Trains a model and keeps the best epoch.

    Args:
        recipe: a `Recipe`.
        workdir: folder of the run, see `recipes.workdir.Workdir`.
        resume: continue the run in `workdir` after its last whole epoch, to the same weights as uninterrupted.
        skip_bad: leave out unusable pictures instead of refusing to start.

    Returns:
        The `Workdir`; its `model` is the best epoch, its `history` has a row an epoch.

    Raises:
        InputError: if anything named is wrong or missing, or the loss stops being a number.
    """
    data, val_data = open_source(recipe.data), open_source(recipe.val_data)
    class_names = data.class_names("segmentation")
    if val_data.class_names("segmentation") != class_names:
        raise InputError(
            f"{recipe.val_data} has the classes {', '.join(val_data.classes)}, "
            f"but {recipe.data} has {', '.join(data.classes)}: name sources with the same classes"
        )
    keras.utils.set_random_seed(recipe.seed)
    twin = build(recipe, class_names)
    data, val_data = usable(data, skip_bad), usable(val_data, skip_bad)
    if len(data) < recipe.batch_size:
        raise InputError(
            f"{recipe.data} has {len(data)} usable pictures, fewer than one batch: set batch_size={len(data)} or less"
        )
    workdir = Workdir(workdir, resume)
    if resume:
        check_same(recipe, workdir)

    keras.utils.set_random_seed(recipe.seed)
    model = build(recipe, class_names, recipe.precision, any_size=recipe.crop_size is not None)
    steps = len(data) // recipe.batch_size
    weights = median_frequency(describe(data)) if recipe.class_weights else None
    model.compile(
        optimizer(recipe, steps),
        loss=None if weights is None else PixelCrossEntropy(weights),
        metrics=training_metrics(model),
    )
    model.optimizer.build(model.trainable_variables)
    done = workdir.last_epoch()
    if done:
        model.load_weights(workdir.weights(done))
    rows = workdir.read_history(done)
    best = max((row[f"val_{recipe.metric}"] for row in rows), default=-math.inf)
    batches = {"task": model.task, "batch_size": recipe.batch_size}
    stream = pipeline(
        data,
        picture_size=recipe.crop_size or recipe.picture_size,
        augment=recipe.augment,
        training=True,
        seed=recipe.seed,
        start=done * steps * recipe.batch_size,
        **batches,
    )
    replace_text(workdir.recipe, recipe.to_json())
    swap = [] if recipe.ema is None else [keras.callbacks.SwapEMAWeights()]
    model.fit(
        stream,
        validation_data=pipeline(val_data, picture_size=recipe.picture_size, **batches),
        initial_epoch=done,
        epochs=recipe.epochs,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[
            SeedEpoch(recipe.seed),
            StopOnNaN(steps),
            KeepBest(workdir, twin, recipe.metric, best),
            *swap,
            keras.callbacks.TensorBoard(workdir.tensorboard, write_graph=False),
            Checkpoint(workdir, rows),
        ],
    )
    return workdir


def build(recipe, class_names, precision="float32", any_size=False):
    """Builds the recipe's model for these classes.

    Args:
        recipe: a `Recipe`.
        class_names: names of the classes.
        precision: Keras dtype policy.
        any_size: whether the model takes pictures of any size, instead of `recipe.picture_size`.

    Raises:
        InputError: if the builder does not take the recipe's arguments or picture size.
    """
    size = (None, None) if any_size else recipe.picture_size
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        arguments = {"input_shape": (*size, 3), **recipe.arguments}
        model = zoo.build(recipe.builder, num_classes=len(class_names), **arguments)
    finally:
        keras.config.set_dtype_policy(previous)
    if model.task == "segmentation" and model.output["logits"].shape[1:3] != size:
        raise InputError(f'{recipe.builder} does not cover its picture when unpadded: train with padding="mirror"')
    model.class_names, model.image_size = tuple(class_names), tuple(recipe.picture_size)
    return model


def usable(source, skip_bad):
    """Reads a source through and returns it without its bad records.

    Raises:
        InputError: if there are bad records and they are not to be skipped, or nothing is left.
    """
    problems = source.problems()
    if problems and not skip_bad:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputError(f"{problems[0]}{more}: mend or remove it, or train with --skip-bad")
    if len(problems) == len(source):
        raise InputError(f"{source.spec}: no usable picture is left; the first problem is {problems[0]}")
    if problems:
        print(f"{source.spec}: skipped {len(problems)} of {len(source)} pictures, the first is {problems[0]}")
    return source.without(problems)


def check_same(recipe, workdir):
    """Refuses to resume a run under another recipe.

    Raises:
        InputError: that shows the lines that differ.
    """
    before, now = workdir.recipe.read_text().splitlines(), recipe.to_json().splitlines()
    if before != now:
        differing = sorted(set(now) - set(before)) or sorted(set(before) - set(now))
        changed = "; ".join(line.strip(" ,") for line in differing)
        raise InputError(
            f"{workdir.path}: the run there has another recipe, {changed} differs: resume with the same settings "
            "or name another --workdir"
        )


def optimizer(recipe, steps_per_epoch):
    """Makes the recipe's optimizer with its schedule."""
    rate = WarmupDecay(
        recipe.learning_rate,
        total_steps=recipe.epochs * steps_per_epoch,
        warmup_steps=round(recipe.warmup_epochs * steps_per_epoch),
        decay=recipe.schedule,
    )
    kinds = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    arguments = {"momentum": 0.9} if recipe.optimizer == "sgd" else {}
    if recipe.ema is not None:
        arguments |= {"use_ema": True, "ema_momentum": recipe.ema}
    made = kinds[recipe.optimizer](rate, weight_decay=recipe.weight_decay, **arguments)
    made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return made
