"""Optimizers whose rate depends on the layer: `SGD` with the papers' weight decay, `Adam` and `AdamW`.

`model.compile(zoo.optimizers.SGD(1e-3, multipliers=zoo.rates.PAPERS["fast_rcnn_vgg16"].multipliers))`.
"""

import keras
from keras import ops

from zoo import rates


class ByLayer:
    """What the optimizers here have beyond Keras's: factors on the learning rate, and variables that do not decay.

    With `gradient_accumulation_steps` a schedule and the moving average go on at each update, where Keras's go on at
    each batch of gradients that an update gathers.

    Args:
        learning_rate: a rate or a schedule.
        multipliers: dict of factors on it by pattern, see `zoo.rates`; the factors of all patterns that match a
            variable are multiplied. One that 0 is left for neither moves nor decays.
        excluded: parts of the names of variables that do not decay.
    Raises:
        InputError: when the optimizer meets its variables: if a pattern matches none of them.
    """

    def __init__(self, learning_rate=0.001, *args, multipliers=None, excluded=(), **kwargs):
        super().__init__(learning_rate, *args, **kwargs)
        self.multipliers = rates.checked(multipliers)
        self.excluded = (excluded,) if isinstance(excluded, str) else tuple(excluded or ())
        self.exclude_from_weight_decay(var_names=list(self.excluded) or None)

    def build(self, variables):
        """As Keras's; every pattern must match a variable."""
        rates.check_patterns(self.multipliers, variables)
        super().build(variables)
        self.factors = [rates.factor(variable, self.multipliers) for variable in variables]

    def at_its_own(self, rate, variable):
        """Returns a learning rate times the variable's factor."""
        return rate * self.factors[self._get_variable_index(variable)]

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable, at its own rate."""
        super().update_step(gradient, variable, self.at_its_own(learning_rate, variable))

    def _apply_weight_decay(self, variables):
        """Decays each variable decoupled from its gradient, at its own rate."""
        for variable in variables if self.weight_decay else ():
            if self._use_weight_decay(variable):
                rate = ops.cast(self.at_its_own(self.learning_rate, variable), variable.dtype)
                self.assign_sub(variable, variable * self.weight_decay * rate)

    def _get_current_learning_rate(self):
        rate = self._learning_rate
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            return rate(self.iterations)
        return super()._get_current_learning_rate()

    def _update_model_variables_moving_average(self, trainable_variables):
        if not self.gradient_accumulation_steps:
            return super()._update_model_variables_moving_average(trainable_variables)
        updated = ops.equal((self._iterations + 1) % self.gradient_accumulation_steps, 0)
        momentum = ops.where(ops.equal(self.iterations, 0), 0.0, self.ema_momentum)
        kept = ops.where(updated, momentum, 1.0)
        for variable, average in zip(trainable_variables, self._model_variables_moving_average, strict=True):
            share = ops.cast(kept, variable.dtype)
            average.assign(share * average + (1 - share) * variable)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "multipliers": self.multipliers, "excluded": list(self.excluded)}


@keras.saving.register_keras_serializable("zoo")
class Adam(ByLayer, keras.optimizers.Adam):
    """Adam; its weight decay, if any, is AdamW's."""


@keras.saving.register_keras_serializable("zoo")
class AdamW(ByLayer, keras.optimizers.AdamW):
    """AdamW."""


@keras.saving.register_keras_serializable("zoo")
class SGD(ByLayer, keras.optimizers.SGD):
    """SGD whose weight decay is a part of the gradient: `v = momentum v + g + decay w`, `w -= rate v`.

    So do Caffe, Darknet and torchvision, whose decays the papers state. Keras's own is decoupled, `w -= rate decay w`
    beside the momentum, and with momentum 0.9 ten times weaker. The velocity holds no rate, as Darknet's and
    PyTorch's do not; Caffe's does, which differs in the few steps after the rate has changed.

    Args:
        learning_rate: a rate or a schedule.
        momentum: 0..1; `nesterov=True` among Keras's further arguments looks ahead as PyTorch's does.
        kwargs: `weight_decay`, `None` or 0 for none; those of `ByLayer`; Keras's.
    """

    def __init__(self, learning_rate=0.01, momentum=0.9, **kwargs):
        super().__init__(learning_rate, momentum, **kwargs)

    def _apply_weight_decay(self, variables):
        """Does nothing: `update_step` has it in the gradient."""

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable, and its velocity."""
        rate, gradient = (
            ops.cast(value, variable.dtype) for value in (self.at_its_own(learning_rate, variable), gradient)
        )
        if self.weight_decay and self._use_weight_decay(variable):
            gradient = gradient + self.weight_decay * variable
        if self.momentum:
            velocity = self.momentums[self._get_variable_index(variable)]
            moved = self.momentum * velocity + gradient
            self.assign(velocity, moved)
            gradient = gradient + self.momentum * moved if self.nesterov else moved
        self.assign_sub(variable, rate * gradient)
