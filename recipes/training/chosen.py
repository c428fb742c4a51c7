"""From the words of `zoo train` to a recipe: a recipe's name, or any builder's with data."""

from dataclasses import MISSING, fields, replace

import zoo
from recipes.data.sources.counterpart import with_counterpart
from recipes.report.run import text
from recipes.training.recipe import RECIPES, load
from recipes.training.settings import change
from recipes.training.workdir import Workdir
from zoo.errors import InputError, nearest

OWN_DATA = "_finetune"
"""How recipes end that show how a model is fitted to any data; the source that they name stands for the user's."""


def chosen(name, data=None, val_data=None, weights=None, settings=(), resume=None, skip_bad=False):
    """Returns a recipe, and why its fields are what they are.

    Args:
        name: of a recipe, or of a builder, for which one is made, see `recipes.training.finetune.finetune`.
        data: source to learn from; the recipe's own if `None`.
        val_data: source to measure on; if `None` the one that belongs to `data`, or the recipe's own.
        weights: what the model begins with, as `Recipe.start`.
        settings: list of "field=value".
        resume: folder of a run that goes on, whose recipe a builder's then is.
        skip_bad: leave out unusable pictures instead of refusing them.

    Returns:
        The `Recipe`, and a dict of reasons by field; those of a recipe's name are known for what was given alone.

    Raises:
        InputError: if there is no such recipe or builder, or as `finetune`.
    """
    if name in RECIPES:
        base, whose = load(name), "the recipe's"
    elif name in zoo.BUILDERS:
        if resume is None:
            if not data:
                raise InputError(f"{name} is a model without data of its own: name some, --data SOURCE")
            from recipes.training.finetune import finetune

            return finetune(name, data, val_data, weights, settings, skip_bad)
        base, whose = Workdir(resume, resume=True).read_recipe(), "the run's"
        if base.builder != name:
            raise InputError(f"{resume}: the run there trains {base.builder}, not {name}: name another folder")
    else:
        known = nearest(name, (*RECIPES, *zoo.BUILDERS))
        raise InputError(f"unknown recipe or model {name!r}{known}: `zoo list` shows all")
    if data and not val_data and whose == "the recipe's":
        data, val_data = with_counterpart(data)
    given = {"data": data, "val_data": val_data, "start": weights and str(weights)}
    given = {field: value for field, value in given.items() if value}
    recipe = replace(change(base, settings), **given)
    by_hand = {*given, *(setting.partition("=")[0].partition(".")[0] for setting in settings)}
    why = {field.name: "given" if field.name in by_hand else whose for field in fields(recipe)}
    own = not name.endswith(OWN_DATA) or "data" in by_hand
    if own and recipe.anchors is not None and why["anchors"] != "given" == why["start"]:
        from recipes.training.heads import keep_anchors

        recipe = keep_anchors(recipe, why)
    return recipe, why


def check_data(name, why):
    """Raises `InputError` where a recipe for data of one's own was given none.

    Args:
        name: of the recipe or builder.
        why: reasons by field, as `chosen` returns them.
    """
    if name.endswith(OWN_DATA) and why["data"] != "given":
        raise InputError(f"{name} has no data of its own: name some, --data SOURCE; --print shows the recipe")


def lines(recipe, why):
    """Returns what a recipe has beyond a plain one, a row a field: name, value, why; and the names of its others."""
    rows, plain = [], []
    for field in fields(recipe):
        value, default = getattr(recipe, field.name), default_of(field)
        if value == default and why.get(field.name) in (None, "the recipe's", "the run's"):
            plain.append(field.name)
        else:
            rows.append([field.name, text(recipe.to_dict()[field.name], field.name), why.get(field.name, "")])
    return rows, plain


def default_of(field):
    """Returns a field's default, `None` without one."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default
