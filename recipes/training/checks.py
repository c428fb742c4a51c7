"""What is refused before a training begins."""

from dataclasses import replace

from recipes.evaluation.metrics import FIGURES
from recipes.report.words import counted
from zoo.errors import InputError


def check_metric(recipe):
    """Raises `InputError` where the metric is none of the figures of the recipe's task."""
    figures = FIGURES[recipe.task]
    if recipe.metric not in figures:
        raise InputError(f"metric={recipe.metric} is no figure of {recipe.task}: set metric={' or '.join(figures)}")


def check_objects(recipe, data, val_data):
    """Says which `max_objects` it takes to learn all objects, where some are left out.

    Raises:
        InputError: if there is no object to learn, or none to measure on.
    """
    if recipe.task == "segmentation":
        return
    for source in (data, val_data):
        counts = source.num_objects()
        if counts is not None and not counts.any():
            raise InputError(
                f"{source.spec}: 0 objects in {len(counts)} pictures; `zoo data {source.spec}` shows what was read"
            )
    counts = data.num_objects()
    pictures, most = recipe.augment.mixed, 0 if counts is None else recipe.augment.mixed * int(counts.max())
    if most <= recipe.max_objects or recipe.task in ("localization", "points"):
        return
    if pictures > 1:
        which = f"{pictures} pictures of up to {counts.max()} objects may be mixed into one"
    else:
        which = f"{counted(int((counts > recipe.max_objects).sum()), 'picture')} of up to {counts.max()} objects"
    print(
        f"{data.spec}: {which}, of which the first max_objects={recipe.max_objects} are learned: "
        f"--set max_objects={most} learns all"
    )


def check_one_batch(recipe, data):
    """Raises `InputError` where the pictures do not fill one batch, or all those of one step."""
    if len(data) < recipe.batch_size:
        raise InputError(
            f"{recipe.data} has {len(data)} usable pictures, fewer than one batch: set batch_size={len(data)} or less"
        )
    if len(data) < recipe.batch_size * recipe.accumulate:
        raise InputError(
            f"{recipe.data} has {len(data)} usable pictures, fewer than a step of accumulate={recipe.accumulate} "
            f"batches of {recipe.batch_size}: set accumulate={len(data) // recipe.batch_size} or less"
        )


FREE = ("checkpoint_minutes", "epochs", "patience", "workers")
"""Fields of a recipe that may change when a run is resumed; of epochs there may be more, not fewer."""


def check_same(recipe, workdir, but=FREE):
    """Refuses to resume a run under another recipe; a field that it was begun without has its default.

    Args:
        recipe: a `Recipe`.
        workdir: the run's `Workdir`.
        but: fields that may differ.

    Raises:
        InputError: that shows the lines that differ.
    """
    before = workdir.read_recipe()
    if recipe.epochs < before.epochs:
        raise InputError(
            f"{workdir.path}: the run there has epochs={before.epochs}, which may grow and not shrink, received "
            f"epochs={recipe.epochs}"
        )
    before = replace(before, **{name: getattr(recipe, name) for name in but})
    before, now = (one.to_json().splitlines() for one in (before, recipe))
    if before != now:
        differing = sorted(set(now) - set(before)) or sorted(set(before) - set(now))
        changed = "; ".join(line.strip(" ,") for line in differing)
        raise InputError(
            f"{workdir.path}: the run there has another recipe, {changed} differs: resume with the same settings "
            "or name another --workdir"
        )
