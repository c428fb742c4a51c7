"""What a training keeps of the model whose weights it begins with: its width, and the anchors of its head."""

import inspect
import math
from dataclasses import replace
from os import PathLike
from pathlib import Path

import zoo
from recipes.data import open_source
from recipes.training.start import model_file
from recipes.training.workdir import Workdir
from zoo.model import as_tuples
from zoo.weights import catalogue, keras_file, shelf

SHAPE = ("width", "depth", "batch_norm", "backbone", "inner_classifiers")
"""Arguments of builders without which weights do not fit."""
KEPT = "{}: those that the head of the weights learned"
"""Why anchors are what they are, by the argument."""
NONE_FOUND = "none to find, the head of the weights keeps its own"


def shape_of(weights, builder):
    """Returns those arguments that a run, its model or a published one of the same builder was built with."""
    folder = Path(weights).parent if Path(weights).name == "model.keras" else Path(weights)
    if (run := folder / "recipe.json").is_file():
        recipe = Workdir(run.parent, resume=True).read_recipe()
        made, arguments = recipe.builder, recipe.arguments
    elif not Path(weights).exists() and str(weights).startswith(f"{shelf.SOURCE}/"):
        entry = catalogue.find(weights)
        made, arguments = entry.model, entry.arguments
    else:
        return {}
    return {name: arguments[name] for name in SHAPE if name in arguments} if made == builder else {}


def anchors_of(weights, builder, num_classes):
    """Returns a builder's argument with the anchors that the head of some weights learned its offsets from.

    Args:
        weights: a run's folder, a file or a published name; `None` or "" for none.
        builder: name in `zoo.BUILDERS`.
        num_classes: that the builder is given. A grid's head of another number is not loaded, and any anchors will
            do; the region proposal network knows no classes.

    Returns:
        `{"anchors": pairs of width and height in cells}`, `{"anchor_sizes": pixels}`, or `{}` where the builder has
        no anchors or the weights tell none, as files of others do.

    Raises:
        InputError: if there are no such weights, or their `.keras` file is damaged.
    """
    known = inspect.signature(zoo.BUILDERS[builder]).parameters
    if not isinstance(weights, str | PathLike) or not str(weights) or not {"anchors", "anchor_sizes"} & {*known}:
        return {}
    file = model_file(weights)
    path = file if isinstance(file, Path) else catalogue.weights_file(file)
    if path is None or path.suffix != ".keras":
        return {}
    config = keras_file.described(path)
    if "anchors" in known and config.get("anchors") and config.get("num_classes") == num_classes:
        return {"anchors": as_tuples(config["anchors"])}
    maps = [layer["config"]["areas"] for layer in config["layers"].values() if layer["class_name"] == "AnchorsOn"]
    if "anchor_sizes" in known and maps and (len(maps) > 1) == builder.endswith("_fpn"):
        return {"anchor_sizes": tuple(round(math.sqrt(area), 4) for areas in maps for area in areas)}
    return {}


def keep_anchors(recipe, why):
    """Returns a recipe, which would find anchors in the boxes of its data, with those of its weights' head, if any.

    Args:
        recipe: a `Recipe`.
        why: dict of reasons by field, which says so then.

    Raises:
        InputError: as `anchors_of`, or if the data cannot be opened.
    """
    if "anchors" in recipe.arguments:
        return recipe
    source = open_source(recipe.data).of_task(recipe.task)
    kept = anchors_of(recipe.start, recipe.builder, len(source.class_names(recipe.task)))
    if not kept:
        return recipe
    why |= {"arguments": f"{why['arguments']}; {KEPT.format('anchors')}", "anchors": NONE_FOUND}
    return replace(recipe, anchors=None, arguments={**recipe.arguments, **kept})
