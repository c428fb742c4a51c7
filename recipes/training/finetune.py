"""A recipe for any builder and any data: what is sensible where nobody has tuned one, and why.

With weights to begin with it is a fine-tuning, else a training from scratch, as this house's recipes for small sets.
"""

from dataclasses import dataclass, replace

from recipes.data import open_source, usable
from recipes.data.sources.counterpart import with_counterpart
from recipes.evaluation.metrics import FIGURES
from recipes.training.build import build
from recipes.training.choices import (
    choose_anchors,
    choose_augment,
    choose_batch,
    choose_frozen,
    choose_length,
    choose_model,
    choose_pictures,
    choose_rate,
)
from recipes.training.recipe import Recipe, load, trained_by
from recipes.training.settings import change
from zoo.errors import InputError


@dataclass
class Plan:
    """A recipe in the making.

    Attributes:
        recipe: a `Recipe`.
        given: names of the fields that were set by hand, which stay.
        why: by field, why it is what it is.
    """

    recipe: Recipe
    given: frozenset
    why: dict

    def decide(self, why, **fields):
        """Sets fields that were not given."""
        for name, value in fields.items():
            self.why[name] = "given" if name in self.given else why
            if name not in self.given:
                self.recipe = replace(self.recipe, **{name: value})


def finetune(builder, data, val_data=None, weights=None, settings=(), skip_bad=False):
    """Makes a recipe.

    Args:
        builder: name in `zoo.BUILDERS`.
        data: source to learn from, as `recipes.data.open_source` takes it.
        val_data: source to measure on; that which belongs to `data` if `None`, see `with_counterpart`.
        weights: what to begin with, as `Recipe.start`; `None` for a training from scratch.
        settings: list of "field=value", see `recipes.training.settings.change`, from which the rest follows.
        skip_bad: leave out unusable pictures instead of refusing them.

    Returns:
        The `Recipe`, and a dict of reasons by field.

    Raises:
        InputError: if a setting is wrong, the sources cannot be used, the model cannot be built, or the weights are
            of another.
    """
    paper = load_paper(builder)
    why = {"builder": "given", "data": "given", "val_data": "given" if val_data else "belongs to data"}
    if not val_data:
        data, val_data = with_counterpart(data)
    draft = Recipe(builder, data, val_data, paper.picture_size, paper.task, metric=FIGURES[paper.task][0])
    given = frozenset(setting.partition("=")[0] for setting in settings)
    plan = Plan(change(draft, settings), given, why)
    for field in ("builder", "data"):
        if (value := getattr(plan.recipe, field)) != getattr(draft, field):
            where = "model" if field == "builder" else "--data"
            raise InputError(
                f"--set {field}={value}: {getattr(draft, field)} was named already: name one, as {where}"
            )
    plan.decide("the builder's", task=paper.task)
    plan.decide("the main figure of the task", metric=FIGURES[plan.recipe.task][0])
    source = usable(open_source(data).of_task(plan.recipe.task), skip_bad)
    choose_pictures(plan, source, paper)
    choose_model(plan, source, paper, weights)
    plan.recipe = change(plan.recipe, settings)  # within `arguments`, too
    model = build(plan.recipe, source)
    choose_anchors(plan, model)
    choose_frozen(plan, model)
    choose_batch(plan, source, model)
    choose_rate(plan, builder, model)
    choose_length(plan, source)
    choose_augment(plan, source, paper)
    inside = {setting.partition("=")[0].partition(".")[0] for setting in settings} - given
    why |= dict.fromkeys(given, "given") | {field: f"{why.get(field, 'as ever')}; in part given" for field in inside}
    return change(plan.recipe, settings), why


def load_paper(builder):
    """Returns the recipe by which a builder's paper trains it, or the first that does."""
    names = [words.partition(" ")[0] for words in trained_by(builder)]
    return load(next((name for name in names if name.endswith(("_coco", "_voc"))), names[0]))
