"""Optimizers and their learning rates: a linear rise, then constant, cosine, polynomial or stepwise decay."""

import keras
from keras import ops
from keras.optimizers import schedules


@keras.saving.register_keras_serializable("recipes")
class Warmup(schedules.LearningRateSchedule):
    """A linear rise before another schedule, as of Keras's schedules only `CosineDecay` brings one.

    Args:
        peak: where it rises to; the first step already learns.
        steps: length of the rise.
        after: the schedule that follows, which counts its steps from the end of the rise.
    """

    def __init__(self, peak, steps, after):
        self.peak, self.steps, self.after = peak, steps, after

    def __call__(self, step):
        """Returns the learning rate of a step, counted from 0."""
        step = ops.cast(step, "float32")
        return ops.minimum(self.peak * (step + 1) / (self.steps + 1), self.after(step - self.steps))

    def get_config(self):
        """Returns the constructor's arguments."""
        after = keras.saving.serialize_keras_object(self.after)
        return {"peak": self.peak, "steps": self.steps, "after": after}

    @classmethod
    def from_config(cls, config):
        """Makes the schedule of `get_config` again."""
        return cls(**{**config, "after": keras.saving.deserialize_keras_object(config["after"])})


def learning_rate(recipe, steps_per_epoch):
    """Makes the recipe's schedule.

    Rises linearly to the peak over the warm-up, whose first step already learns. Then "cosine" (Loshchilov & Hutter
    2017, arXiv:1608.03983) and "polynomial" with power 0.9 (Chen et al. 2015, arXiv:1412.7062) fall to 0 at the run's
    end, "steps" divides by 10 at each milestone, "constant" stays.
    """
    peak = recipe.learning_rate
    warmup = round(recipe.warmup_epochs * steps_per_epoch)
    decay = max(1, recipe.epochs * steps_per_epoch - warmup)
    if recipe.schedule == "polynomial":
        return Warmup(peak, warmup, schedules.PolynomialDecay(peak, decay, end_learning_rate=0.0, power=0.9))
    if recipe.schedule == "steps" and recipe.milestones:
        # Keras counts the boundary itself to what is before it.
        boundaries = [round(epoch * steps_per_epoch) - warmup - 1 for epoch in sorted(recipe.milestones)]
        values = [peak * 0.1**passed for passed in range(len(boundaries) + 1)]
        return Warmup(peak, warmup, schedules.PiecewiseConstantDecay(boundaries, values))
    lowest = 0.0 if recipe.schedule == "cosine" else 1.0  # a cosine that falls to the whole peak is constant
    return schedules.CosineDecay(peak / (warmup + 1), decay, alpha=lowest, warmup_target=peak, warmup_steps=warmup)


def optimizer(recipe, steps_per_epoch):
    """Makes the recipe's optimizer with its schedule."""
    kinds = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    arguments = {"momentum": 0.9} if recipe.optimizer == "sgd" else {}
    if recipe.ema is not None:
        arguments |= {"use_ema": True, "ema_momentum": recipe.ema}
    rate = learning_rate(recipe, steps_per_epoch)
    made = kinds[recipe.optimizer](rate, weight_decay=recipe.weight_decay, **arguments)
    made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return made
