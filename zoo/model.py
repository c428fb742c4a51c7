"""What every model of the zoo has beyond a plain `keras.Model`: a task, names, its paper's loss, predictions."""

from collections.abc import Callable
from types import SimpleNamespace

import keras
import optree

from zoo.errors import InputError
from zoo.given import check_batch_size, check_pictures
from zoo.prediction import Prediction
from zoo.types import Size
from zoo.untuned import batches


@keras.saving.register_keras_serializable("zoo")
class ZooModel(keras.Model):
    """A functional `keras.Model` that knows its task; subclasses add the loss and the predictions of one task.

    Attributes:
        task: the name from which pipeline, metric, drawing and export follow, e.g. "segmentation".
        class_names: names of the classes, index for index; `()` where nobody gave them.
        image_size: `(height, width)` in pixels the model was trained at, or `None`.
        resizing: how a picture of another size comes into the model's frame: "letterbox" keeps its aspect and pads,
            "stretch" does not, which is what some published weights were trained on.
        sides: of a model of no one size the pixels that a picture's shorter side is scaled to, and the most that its
            longer one may then have, as torchvision's detectors do; `None` for pictures as they are.
        saved: names of the attributes that are saved with the model and come back with `keras.saving.load_model`.
        checks: by an attribute's name a function of name and value that returns what is set, or an `InputError`.
    """

    task: str | None = None
    class_names: tuple[str, ...] = ()
    image_size: Size | None = None
    resizing = "letterbox"
    sides: tuple[int, int] | None = None
    saved: tuple[str, ...] = ("class_names", "image_size", "resizing", "sides")
    checks: dict[str, Callable] = {}

    def predictions(self, outputs):
        """Turns what the network returns into what `predict` and every artifact return: the dict of the task.

        Made of `keras.ops` alone, so that export writes it into the artifact's graph.
        """
        return outputs

    def __setattr__(self, name, value):
        """As Keras's; what `saved` names is part of the traced steps, so that they are traced anew."""
        check = type(self).checks.get(name)
        super().__setattr__(name, check(name, value) if check else value)
        if name in type(self).saved:
            self.train_function = self.test_function = self.predict_function = None

    def __call__(self, inputs, *args, **kwargs):
        """As Keras's; pictures of another size than the model's are an `InputError`, here and in what follows."""
        check_pictures(self, inputs)
        return super().__call__(inputs, *args, **kwargs)

    def fit(self, x=None, *args, **kwargs):
        """As Keras's."""
        check_pictures(self, x)
        return super().fit(x, *args, **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        """As Keras's."""
        check_pictures(self, x)
        return super().evaluate(x, *args, **kwargs)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """As Keras's; the dict is a `zoo.prediction.Prediction`, which a notebook shows as a table."""
        check_pictures(self, x, some=True)
        check_batch_size(batch_size)
        found = super().predict(*batches(x, batch_size, steps), verbose, steps, callbacks)
        return Prediction(found, like=self) if isinstance(found, dict) else found

    def predict_step(self, *args):
        """As Keras's, with `predictions` after it."""
        stepped = super().predict_step(*args)
        if keras.backend.backend() == "jax":
            outputs, state = stepped
            return self.predictions(outputs), state
        return self.predictions(stepped)

    def default_loss(self):
        """Returns the `keras.losses.Loss` that `compile(optimizer)` uses when none is named."""
        raise NotImplementedError(f"{type(self).__name__} states no loss of its own: pass loss= to compile()")

    def compile(self, optimizer="rmsprop", loss=None, **kwargs):
        """As `keras.Model.compile`; without `loss` the paper's own is used."""
        super().compile(optimizer, loss=self.default_loss() if loss is None else loss, **kwargs)

    def compile_from_config(self, config):
        """Restores the optimizer and its state when a saved model is loaded."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def get_config(self):
        """Returns Keras's functional config and the attributes that `saved` names."""
        return {**super().get_config(), **{name: getattr(self, name) for name in self.saved}}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model back from `get_config()`."""
        config = dict(config)
        saved = {name: as_tuples(config.pop(name)) for name in cls.saved if name in config}
        model = super().from_config(config, custom_objects=custom_objects)
        for name, value in saved.items():
            setattr(model, name, value)
        return model


class MultiLossModel(ZooModel):
    """A model whose loss is the sum of named terms, each of which shows in the progress bar.

    Attributes:
        loss_names: names of the terms.
    """

    loss_names: tuple[str, ...] = ()

    def loss_terms(self, targets, outputs, training=False):
        """Returns a dict of the terms, scalars.

        Args:
            targets: dict of padded targets, as `recipes.data.pipeline` makes them for the task.
            outputs: what the network returns.
            training: whether layers that the loss calls (heads over drawn regions) shall train or measure.
        """
        raise NotImplementedError(f"{type(self).__name__} states no terms of its loss")

    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, **kwargs):
        """As `keras.Model.compile`; the loss is the model's own.

        Raises:
            InputError: if there is another loss, or weights of one.
        """
        for name, given in (("loss", loss), ("loss_weights", loss_weights)):
            if given is not None:
                raise InputError(f"{self.name} brings its loss with it: leave out {name}=, received {given!r}")
        if not hasattr(self, "loss_trackers"):
            self.loss_trackers = [keras.metrics.Mean(name=name) for name in self.loss_names]
        super().compile(optimizer, **kwargs)

    def default_loss(self):
        """Returns `None`: `compute_loss` sums the terms."""
        return None

    def fit(self, x=None, *args, class_weight=None, **kwargs):
        """As Keras's, of pictures that are weighed alike, see `check_unweighted`."""
        self.check_unweighted(class_weight)
        return super().fit(x, *args, **kwargs)

    def train_on_batch(self, x, *args, class_weight=None, **kwargs):
        """As Keras's, of pictures that are weighed alike, see `check_unweighted`."""
        self.check_unweighted(class_weight)
        return super().train_on_batch(x, *args, **kwargs)

    def check_unweighted(self, weights):
        """Raises `InputError` if pictures or classes have weights.

        The terms of regions are means over what was drawn of all pictures, in which none has a share of its own.
        """
        if weights is not None:
            raise InputError(f"{self.name} weighs all pictures alike: leave out sample_weight= and class_weight=")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Sums the terms and notes each, and adds what regularises the layers."""
        self.check_unweighted(sample_weight)
        terms = self.loss_terms(y, y_pred, training)
        for tracker in self.loss_trackers:
            tracker.update_state(terms[tracker.name])
        total = sum(terms[name] for name in self.loss_names)
        return total + super().compute_loss() if self.losses else total


def as_tuples(value):
    """Returns lists, at any depth, as the tuples that JSON made lists of."""
    if isinstance(value, dict):
        return {name: as_tuples(item) for name, item in value.items()}
    return tuple(map(as_tuples, value)) if isinstance(value, list | tuple) else value


def parts_of(prediction):
    """Takes a `Prediction` apart for `keras.tree`: values, what puts them together again, and their paths."""
    keys = sorted(prediction)
    return [prediction[key] for key in keys], (keys, SimpleNamespace(**vars(prediction))), keys


def put_together(parts, values):
    """Undoes `parts_of` with other values."""
    keys, like = parts
    return Prediction(zip(keys, values, strict=True), like=like)


optree.register_pytree_node(Prediction, parts_of, put_together, namespace="keras")  # else it is a leaf
