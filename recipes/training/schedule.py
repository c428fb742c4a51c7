"""Optimizers and their learning rates: a linear rise, then constant, cosine, polynomial or stepwise decay."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("recipes")
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises from 0 to `peak` over `warmup_steps`, then decays to 0 at `total_steps` (or stays, if "constant").

    Args:
        peak: the highest learning rate.
        total_steps: length of the run in steps.
        warmup_steps: length of the rise in steps; the first step already learns.
        decay: "constant", "cosine" (Loshchilov & Hutter 2017, arXiv:1608.03983) or "polynomial" with power 0.9
            (Chen et al. 2015, arXiv:1412.7062), or "steps": a tenth at each milestone.
        milestones: steps at which "steps" divides by 10.
    """

    def __init__(self, peak, total_steps, warmup_steps=0, decay="cosine", milestones=()):
        self.peak, self.total_steps, self.warmup_steps, self.decay = peak, total_steps, warmup_steps, decay
        self.milestones = tuple(milestones)

    def __call__(self, step):
        """Returns the learning rate of a step, counted from 0."""
        step = ops.cast(step, "float32")
        rise = (step + 1) / (self.warmup_steps + 1)
        progress = (step - self.warmup_steps) / max(self.total_steps - self.warmup_steps, 1)
        progress = ops.clip(progress, 0.0, 1.0)
        if self.decay == "cosine":
            fall = 0.5 * (1 + ops.cos(math.pi * progress))
        elif self.decay == "polynomial":
            fall = ops.power(1 - progress, 0.9)
        elif self.decay == "steps":
            passed = sum((ops.cast(step >= milestone, "float32") for milestone in self.milestones), 0.0)
            fall = ops.power(0.1, passed)
        else:
            fall = ops.ones_like(progress)
        return self.peak * ops.minimum(rise, fall)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "decay": self.decay,
            "milestones": self.milestones,
        }


def optimizer(recipe, steps_per_epoch):
    """Makes the recipe's optimizer with its schedule."""
    rate = WarmupDecay(
        recipe.learning_rate,
        total_steps=recipe.epochs * steps_per_epoch,
        warmup_steps=round(recipe.warmup_epochs * steps_per_epoch),
        decay=recipe.schedule,
        milestones=[round(epoch * steps_per_epoch) for epoch in recipe.milestones],
    )
    kinds = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    arguments = {"momentum": 0.9} if recipe.optimizer == "sgd" else {}
    if recipe.ema is not None:
        arguments |= {"use_ema": True, "ema_momentum": recipe.ema}
    made = kinds[recipe.optimizer](rate, weight_decay=recipe.weight_decay, **arguments)
    made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return made
