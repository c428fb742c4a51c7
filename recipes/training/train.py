"""Training: a recipe and its data in, a run's folder with the best model out."""

import math
import sys
from dataclasses import replace

import keras

import zoo
from recipes.data import describe, median_frequency, open_source, pipeline, usable
from recipes.data.files import replace_text
from recipes.data.sources.proposed import with_proposals
from recipes.data.targets import check_targets
from recipes.evaluation.metrics import higher_is_better
from recipes.report.tables import show
from recipes.training.anchors import find_anchors
from recipes.training.callbacks import Checkpoint, SeedEpoch, StopOnNaN, Validate
from recipes.training.rcnn import check_recipe, train_rcnn
from recipes.training.recipe import Recipe
from recipes.training.schedule import optimizer
from recipes.training.start import begin
from recipes.training.workdir import Workdir
from zoo.detection.rcnn import Rcnn
from zoo.errors import InputError
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
    data, val_data = open_source(recipe.data), open_source(recipe.val_data)
    classes, val_classes = (source.class_names(recipe.task) for source in (data, val_data))
    if val_classes != classes:
        raise InputError(
            f"{recipe.val_data} has the classes {', '.join(val_classes)}, "
            f"but {recipe.data} has {', '.join(classes)}: name sources with the same classes"
        )
    twin = build(recipe, data)  # a wrong argument is refused before all pictures are read
    in_steps = isinstance(twin, Rcnn)
    if in_steps:
        check_recipe(recipe)
    if recipe.start:
        begun(begin(twin, recipe.start))
    data, val_data = usable(data, skip_bad), usable(val_data, skip_bad)
    if len(data) < recipe.batch_size and not in_steps:
        raise InputError(
            f"{recipe.data} has {len(data)} usable pictures, fewer than one batch: set batch_size={len(data)} or less"
        )
    workdir, chosen = Workdir(workdir, resume), recipe
    if resume:
        check_same(recipe, workdir)
    data, val_data = (with_proposals(source, recipe.proposals, recipe.num_proposals) for source in (data, val_data))
    if in_steps:
        replace_text(workdir.recipe, recipe.to_json())
        keras.utils.set_random_seed(recipe.seed)
        train_rcnn(build(recipe, data, recipe.precision), twin, recipe, data, val_data, workdir)
        return workdir

    if recipe.anchors is not None:
        anchors = find_anchors(data, recipe.picture_size, recipe.anchors, recipe.seed)
        recipe = replace(recipe, arguments={**recipe.arguments, "anchors": anchors})
        twin = build(recipe, data)
    keras.utils.set_random_seed(recipe.seed)
    model = build(recipe, data, recipe.precision, any_size=recipe.crop_size is not None or bool(recipe.multi_scale))
    steps = len(data) // recipe.batch_size
    loss = {"loss": PixelCrossEntropy(median_frequency(describe(data)))} if recipe.class_weights else {}
    model.compile(optimizer(recipe, steps), **loss)
    model.optimizer.build(model.trainable_variables)
    done = workdir.last_epoch()
    if done:
        model.load_weights(workdir.weights(done))
    rows = workdir.read_history(done)
    better = max if higher_is_better(recipe.metric) else min
    best = better((row[name] for row in rows if (name := f"val_{recipe.metric}") in row), default=None)
    batches = {name: getattr(recipe, name) for name in ("task", "batch_size", "max_objects", "num_proposals")}
    stream = pipeline(
        data,
        picture_size=recipe.crop_size or recipe.picture_size,
        augment=recipe.augment,
        multi_scale=recipe.multi_scale,
        training=True,
        seed=recipe.seed,
        skip=done * steps * recipe.batch_size,
        **batches,
    )
    replace_text(workdir.recipe, chosen.to_json())
    swap = [] if recipe.ema is None else [keras.callbacks.SwapEMAWeights()]
    model.fit(
        stream,
        validation_data=pipeline(val_data, picture_size=recipe.picture_size, **batches),
        validation_freq=validated(recipe),
        initial_epoch=done,
        epochs=recipe.epochs,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[
            SeedEpoch(recipe.seed),
            StopOnNaN(steps),
            Validate(workdir, twin, val_data, recipe.metric, best),
            *swap,
            keras.callbacks.TensorBoard(workdir.tensorboard, write_graph=False),
            Checkpoint(workdir, rows),
        ],
    )
    return workdir


def begun(report):
    """Prints the `zoo.weights.matching.Report` of a model that begins with another's weights, layer by layer."""
    rows = []
    for what, tensors in (("taken", report.loaded), ("its own", report.missing), ("left there", report.unused)):
        names = list(dict.fromkeys(name.rpartition("/")[0] for name in tensors))
        parameters = sum(math.prod(shape) for shape in tensors.values())
        rows.append([what, len(names), f"{parameters:,}", ", ".join(names)])
    show(f"begins with {report.path}", ["weights", "layers", "parameters", "which"], rows)


def validated(recipe):
    """Returns the epochs that are validated, counted from 1: every so many, and the last."""
    return sorted({*range(recipe.validate_every, recipe.epochs + 1, recipe.validate_every), recipe.epochs})


def build(recipe, source, precision="float32", any_size=False):
    """Builds the recipe's model for the classes or keypoints of a source, with the weights that it begins with.

    Args:
        recipe: a `Recipe`.
        source: what it learns from.
        precision: Keras dtype policy.
        any_size: whether the model takes pictures of any size, instead of `recipe.picture_size`.

    Raises:
        InputError: if the builder does not take the recipe's arguments or picture size, its task is another, it
            needs proposals and the recipe names none, or the recipe begins with a model that does not exist or fit.
    """
    size = (None, None) if any_size else recipe.picture_size
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        arguments = {"input_shape": (*size, 3), **learned(recipe.task, source), **recipe.arguments}
        if recipe.proposals:
            arguments |= {"proposals": recipe.proposals, "num_proposals": recipe.num_proposals}
        model = zoo.build(recipe.builder, **arguments)
    finally:
        keras.config.set_dtype_policy(previous)
    if model.task != recipe.task:
        raise InputError(f"{recipe.builder} is a model for {model.task}, not {recipe.task}: set task={model.task}")
    if (needed := getattr(model, "proposals", "")) != recipe.proposals:
        raise InputError(f"{recipe.builder} looks at regions that are proposed to it: set proposals={needed}")
    if model.task == "segmentation" and model.output["logits"].shape[1:3] != size:
        raise InputError(f'{recipe.builder} does not cover its picture when unpadded: train with padding="mirror"')
    model.class_names, model.image_size = tuple(source.class_names(recipe.task)), tuple(recipe.picture_size)
    if model.task in ("points", "keypoints"):
        for name in ("keypoint_names", "skeleton", "flip_pairs"):
            setattr(model, name, tuple(getattr(source, name)))
    if recipe.start:
        begin(model, recipe.start)
    return model


def learned(task, source):
    """Returns the builder's arguments that say how much there is to learn.

    Raises:
        InputError: if the source lacks the task's targets.
    """
    check_targets(source, task)
    if task in ("points", "keypoints"):
        points = source.records().map(source.decode).element_spec["keypoints"].shape[1]
        if task == "points":
            return {"num_points": points}
        return {"num_classes": len(source.class_names(task)), "num_keypoints": points}
    return {"num_classes": len(source.class_names(task))}


def check_same(recipe, workdir):
    """Refuses to resume a run under another recipe; a field that it was begun without has its default.

    Raises:
        InputError: that shows the lines that differ.
    """
    before, now = (one.to_json().splitlines() for one in (Recipe.from_json(workdir.recipe.read_text()), recipe))
    if before != now:
        differing = sorted(set(now) - set(before)) or sorted(set(before) - set(now))
        changed = "; ".join(line.strip(" ,") for line in differing)
        raise InputError(
            f"{workdir.path}: the run there has another recipe, {changed} differs: resume with the same settings "
            "or name another --workdir"
        )
