"""A recipe's frozen layers and factors on the learning rate: its own patterns, or those of the builder's paper."""

from zoo import rates
from zoo.errors import InputError


def rates_of(recipe):
    """Returns the `zoo.rates.Rates` of a recipe.

    Raises:
        InputError: if it asks for those of a paper that has none, or a factor is no number from 0 on.
    """
    given = {"freeze": recipe.freeze, "multipliers": recipe.multipliers}
    for name, value in given.items():
        if value == "paper":
            if recipe.builder not in rates.PAPERS:
                raise InputError(f"{name}=paper: {recipe.builder}'s paper has none, give patterns of layers' names")
            given[name] = getattr(rates.PAPERS[recipe.builder], name)
        elif name == "multipliers" and not isinstance(value, dict):
            raise InputError(f"multipliers is paper or factors by pattern, such as multipliers.bias=2, not {value}")
    return rates.Rates(given["freeze"], rates.checked(given["multipliers"]))


def check_rates(recipe, model, later=()):
    """Raises `InputError` where a pattern matches nothing of a model as built, or layers are frozen at random.

    Args:
        recipe: a `Recipe`.
        model: its model.
        later: patterns of layers that it gets in training (R-CNN's "logits").
    """
    chosen = rates_of(recipe)
    frozen, begun_with = rates.matched(model, chosen.freeze), getattr(model, "begun_with", None)
    at_random = [layer.name for layer in frozen if begun_with is None or layer.name not in begun_with.taken]
    if at_random:
        raise InputError(
            f"freeze={recipe.freeze} keeps layers that begin at random ({at_random[0]}): name weights, "
            "--weights NAME, or let all layers learn, --set freeze=()"
        )
    kept = {id(variable) for layer in frozen for variable in layer.weights}
    if frozen and all(id(variable) in kept for variable in model.trainable_variables):
        raise InputError(f"freeze={recipe.freeze} leaves nothing that learns: freeze fewer layers")
    own = {name: one for name, one in chosen.multipliers.items() if name not in later}
    rates.check_patterns(own, [v for v in model.trainable_variables if id(v) not in kept])
