"""Optimizers and their learning rates: a rise, then constant, cosine, polynomial or stepwise decay."""

import keras
from keras import ops
from keras.optimizers import schedules

from recipes.training.rates import rates_of
from zoo import optimizers
from zoo.errors import InputError

UNDECAYED = ("bias", "gamma", "beta")
"""Parts of the names of variables that no recipe decays, as Darknet and Fast R-CNN's release do not."""


@keras.saving.register_keras_serializable("recipes")
class Warmup(schedules.LearningRateSchedule):
    """A rise before another schedule, as of Keras's schedules only `CosineDecay` brings one.

    Args:
        peak: where it rises to; the first step already learns.
        steps: length of the rise.
        after: the schedule that follows, which counts its steps from the end of the rise.
        power: of the step by which it rises; 1 for a linear rise.
    """

    def __init__(self, peak, steps, after, power=1.0):
        self.peak, self.steps, self.after, self.power = peak, steps, after, power

    def __call__(self, step):
        """Returns the learning rate of a step, counted from 0."""
        step = ops.cast(step, "float32")
        risen = self.peak * ops.minimum((step + 1) / (self.steps + 1), 1.0) ** self.power
        return ops.where(step < self.steps, risen, self.after(step - self.steps))

    def get_config(self):
        """Returns the constructor's arguments."""
        after = keras.saving.serialize_keras_object(self.after)
        return {"peak": self.peak, "steps": self.steps, "after": after, "power": self.power}

    @classmethod
    def from_config(cls, config):
        """Makes the schedule of `get_config` again."""
        return cls(**{**config, "after": keras.saving.deserialize_keras_object(config["after"])})


def learning_rate(recipe, steps_per_epoch):
    """Makes the recipe's schedule.

    Rises to the peak over the warm-up, whose first step already learns: linearly, or by the fourth power over
    `burn_in`, whose last step has the peak (`get_current_rate` of Darknet's network.c, which counts from 1). Then
    "cosine" (Loshchilov & Hutter 2017, arXiv:1608.03983) and "polynomial" with power 0.9 (Chen et al. 2015,
    arXiv:1412.7062) fall to 0 at the run's end, "steps" multiplies by a factor at each milestone, "constant" stays.
    """
    peak = recipe.learning_rate
    warmup = max(0, recipe.burn_in - 1) or round(recipe.warmup_epochs * steps_per_epoch)
    decay = max(1, recipe.last_epoch(steps_per_epoch) * steps_per_epoch - warmup)
    if recipe.schedule == "polynomial":
        after = schedules.PolynomialDecay(peak, decay, end_learning_rate=0.0, power=0.9)
    elif recipe.schedule == "steps" and recipe.milestones:
        after = stepwise(recipe, steps_per_epoch, warmup)
    else:
        # A cosine that falls to the whole peak is constant.
        after = schedules.CosineDecay(peak, decay, alpha=0.0 if recipe.schedule == "cosine" else 1.0)
    return Warmup(peak, warmup, after, power=4.0 if recipe.burn_in else 1.0)


def stepwise(recipe, steps_per_epoch, warmup):
    """Makes the schedule "steps", which counts from the end of the warm-up.

    A milestone in epochs is over before the rate changes; one in steps is the first step of another rate, counted
    from 1 as in Darknet.

    Raises:
        InputError: if the factors are more or fewer than the milestones.
    """
    factors = recipe.scales or (0.1,) * len(recipe.milestones)
    if len(factors) != len(recipe.milestones):
        raise InputError(f"scales has a factor for each of milestones={recipe.milestones}, received {factors}")
    boundaries, values = [], [recipe.learning_rate]
    for milestone, factor in sorted(zip(recipe.milestones, factors, strict=True)):
        first = milestone - 1 if recipe.steps else round(milestone * steps_per_epoch)
        boundaries.append(first - warmup - 1)  # Keras counts the boundary itself to what is before it
        values.append(values[-1] * factor)
    return schedules.PiecewiseConstantDecay(boundaries, values)


def optimizer(recipe, steps_per_epoch):
    """Makes the recipe's optimizer with its schedule and factors on the rate by pattern, see `zoo.rates`.

    Args:
        recipe: a `Recipe`.
        steps_per_epoch: updates of the weights in an epoch, each of `recipe.accumulate` batches.
    """
    arguments = {} if recipe.ema is None else {"use_ema": True, "ema_momentum": recipe.ema}
    if recipe.accumulate > 1:
        arguments["gradient_accumulation_steps"] = recipe.accumulate
    kinds = {"sgd": optimizers.SGD, "adam": optimizers.Adam, "adamw": optimizers.AdamW}
    return kinds[recipe.optimizer](
        learning_rate(recipe, steps_per_epoch),
        weight_decay=recipe.weight_decay,
        global_clipnorm=recipe.clip,
        excluded=UNDECAYED,
        multipliers=rates_of(recipe).multipliers,
        **arguments,
    )
