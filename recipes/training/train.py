"""Training: a recipe and its data in, a run's folder with the best model out."""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import keras

from recipes.data import describe, median_frequency, open_source, pipeline, region_cache
from recipes.data.border_weights import border_weights
from recipes.data.damage import damage_named
from recipes.data.fingerprint import fingerprint
from recipes.data.mixing import check_mixing
from recipes.data.sources.proposed import with_proposals
from recipes.training import rcnn
from recipes.training.anchors import find_anchors
from recipes.training.build import build
from recipes.training.callbacks import Validate
from recipes.training.checks import FREE, check_metric, check_objects, check_one_batch, check_same
from recipes.training.epochs import fit
from recipes.training.known import ROLES, check_unchanged, read_known, unchanged, usable_again, write_known
from recipes.training.rates import check_rates, rates_of
from recipes.training.schedule import optimizer
from recipes.training.start import show_taken
from recipes.training.workdir import Workdir
from zoo.detection.rcnn import Rcnn
from zoo.errors import InputError
from zoo.files import replace_text
from zoo.rates import freeze
from zoo.segmentation.segmenter import PixelCrossEntropy


def train(recipe, workdir, *, resume=False, skip_bad=False, callbacks=()):
    """Trains a model and keeps the best epoch.

    Args:
        recipe: a `Recipe`.
        workdir: folder of the run, see `recipes.training.workdir.Workdir`.
        resume: continue the run in `workdir` from its newest checkpoint on, to the same weights as uninterrupted. The
            data may lie elsewhere than before. Where they changed, a line says so; other classes, or the same in
            another order, are refused. Unchanged data are not checked again.
        skip_bad: leave out unusable pictures instead of refusing to start; the run remembers it and which they are.
        callbacks: further ones of Keras's, which see an epoch's figures; not for R-CNN, which is trained in steps.

    Returns:
        The `Workdir`; its `model` is the best epoch, its `history` has a row an epoch.

    Raises:
        InputError: if anything named is wrong or missing, another process trains in `workdir`, no checkpoint there
            is whole, or the loss stops being a number.
    """
    check_metric(recipe)
    with ExitStack() as held:
        before = {}
        if resume:
            run = Workdir(workdir, resume=True)
            held.enter_context(run.training())
            check_same(recipe, run, but=(*FREE, *ROLES))
            before = read_known(run.path)
        data, val_data = open_sources(recipe)
        prints = {role: fingerprint(source) for role, source in zip(ROLES, (data, val_data), strict=True)}
        if resume:
            check_same(recipe, run, but=(*FREE, *unchanged(before, prints)))
            check_unchanged(before, prints)
        twin = build(recipe, data)  # a wrong argument is refused before all pictures are read
        in_steps = isinstance(twin, Rcnn)
        if in_steps:
            rcnn.check_recipe(recipe)
            if callbacks:
                raise InputError(f"{recipe.builder} is trained in steps, which no log or search follows: do without")
        check_mixing(recipe.augment, data, recipe.task, recipe.proposals)
        check_rates(recipe, twin, later=("logits",) if in_steps else ())
        if begun_with := getattr(twin, "begun_with", None):
            show_taken(begun_with, twin)
        data, known = usable_again(data, before, skip_bad, prints["data"])
        val_data, val_known = usable_again(val_data, before, skip_bad, prints["val_data"])
        check_objects(recipe, data, val_data)
        if not in_steps:
            check_one_batch(recipe, data)
        if not resume:
            run = Workdir(workdir)
            held.enter_context(run.training())
        held.enter_context(damage_named(data, val_data))
        known = {"data": known, "val_data": val_known}
        if recipe.proposals:
            region_cache.clean(recipe.proposals, recipe.num_proposals)
        data, val_data = (with_proposals(one, recipe.proposals, recipe.num_proposals) for one in (data, val_data))
        if in_steps:
            begin(run, recipe, known)
            keras.utils.set_random_seed(recipe.seed)
            rcnn.train_rcnn(build(recipe, data, recipe.precision), twin, recipe, data, val_data, run)
        else:
            train_end_to_end(recipe, twin, data, val_data, run, known, callbacks)
    return run


def begin(workdir, recipe, known):
    """Writes what makes a folder a run's."""
    replace_text(workdir.recipe, recipe.to_json())
    write_known(workdir, known)


def open_sources(recipe):
    """Opens what is learned from and what is measured on.

    Raises:
        InputError: if one cannot be opened, or their classes differ.
    """
    data, val_data = (open_source(spec).of_task(recipe.task) for spec in (recipe.data, recipe.val_data))
    classes, val_classes = (source.class_names(recipe.task) for source in (data, val_data))
    if val_classes != classes:
        raise InputError(
            f"{recipe.val_data} has the classes {', '.join(val_classes)}, "
            f"but {recipe.data} has {', '.join(classes)}: name sources with the same classes"
        )
    return data, val_data


def train_end_to_end(recipe, twin, data, val_data, workdir, known, callbacks=()):
    """Trains a model by `model.fit`, from the run's newest checkpoint on.

    Args:
        recipe: a `Recipe`.
        twin: its model in float32, which is measured and saved.
        data: the source to learn from, its pictures all readable.
        val_data: the source to measure on.
        workdir: the `Workdir`.
        known: what the run will know of its data, see `recipes.training.known`.
        callbacks: further ones of Keras's.
    """
    built = recipe
    if recipe.anchors is not None:
        anchors = find_anchors(data, recipe.picture_size, recipe.anchors, recipe.seed, resizing=recipe.resizing)
        built = replace(recipe, arguments={**recipe.arguments, "anchors": anchors})
        twin = build(built, data)
    steps = len(data) // (recipe.batch_size * recipe.accumulate)
    model = compiled(built, data, steps)
    begin(workdir, recipe, known)

    validate = Validate(workdir, twin, val_data, recipe.metric, recipe.batch_size)

    def measuring(done):
        validate.best = done.best
        yield validate
        if recipe.ema is not None:
            yield keras.callbacks.SwapEMAWeights()
        yield from callbacks

    fit(
        model,
        recipe,
        workdir,
        steps * recipe.accumulate,
        lambda done: training_batches(recipe, data, skip=done * recipe.batch_size),
        measuring,
        validation_data=validation_batches(recipe, val_data, validate.seen),
        validation_freq=validated(recipe, steps),
    )
    if not any(f"val_{recipe.metric}" in row for row in workdir.read_history(workdir.last_epoch())):
        print(f"{recipe.metric} has no value on {val_data.spec}: {workdir.model} is the model of the last epoch")


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


SHARED = ("task", "resizing", "batch_size", "max_objects", "num_proposals", "workers")
"""Fields of a recipe that make the batches of training and those of validation."""


def training_batches(recipe, data, skip=0):
    """Returns the endless batches of training, less the first `skip` examples."""
    return pipeline(
        data,
        picture_size=recipe.crop_size or recipe.picture_size,
        augment=recipe.augment,
        multi_scale=recipe.multi_scale,
        training=True,
        seed=recipe.seed,
        skip=skip,
        pixel_weights=pixel_weights(recipe, data),
        **{name: getattr(recipe, name) for name in SHARED},
    )


def validation_batches(recipe, val_data, seen=None):
    """Returns the batches of validation, in their order; `seen` is given their examples, see `pipeline`."""
    shared = {name: getattr(recipe, name) for name in SHARED}
    return pipeline(val_data, picture_size=recipe.picture_size, seen=seen, **shared)


def validated(recipe, steps_per_epoch):
    """Returns the epochs that are validated, counted from 1: every so many, and the last."""
    last = recipe.last_epoch(steps_per_epoch)
    return sorted({*range(recipe.validate_every, last + 1, recipe.validate_every), last})
