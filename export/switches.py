"""Networks with pooling switches: they are compared with Keras at the switches that the artifact chose.

Such a network is discontinuous. Two pixels of a window that differ in the last bit change places between runtimes,
and what follows from them differs by any amount. An artifact therefore keeps a name for each of its layers' switches,
under which a copy of the file, the test form, returns them too. Keras computes with those, and then every value must
agree; and each switch that is not Keras's own must be one that Keras itself nearly chose.
"""

from pathlib import Path

import numpy as np

from export.files import format_of
from export.runtime import opened
from export.runtimes.saved_model import SavedModelPredictor
from export.tasks import finish, largest
from zoo.errors import InputError

PREFIX = "switches_"
"""With a layer's name behind it, the name of its switches in a file."""


def switch_layers(model):
    """Returns the layers of a model that select positions, which makes its outputs discontinuous."""
    return [layer for layer in model.layers if getattr(layer, "discontinuous", False)]


def with_switches(model):
    """Returns the model with its layers' switches, `(B, H, W, C)`, as further outputs; itself if it has none."""
    switches = {PREFIX + layer.name: layer.output[1] for layer in switch_layers(model)}
    return type(model)(model.input, {**model.output, **switches}, name=model.name) if switches else model


def test_form(artifact, folder):
    """Opens a copy of an artifact that returns its switches too.

    Args:
        artifact: the `Predictor` of a file.
        folder: where the copy may lie.
    Returns:
        A `Predictor`.
    Raises:
        InputError: if the file does not name its switches.
    """
    format = format_of(artifact.path)
    if format == "saved_model":
        return SavedModelPredictor(artifact.path, card=artifact.card, signature="switches")
    from importlib import import_module

    copy = Path(folder, f"switches{artifact.path.suffix}")
    import_module(f"export.{format}").with_outputs(artifact.path, copy, PREFIX)
    return opened(copy, None, artifact.card)


class Switched:
    """A Keras model that predicts with the switches of an artifact.

    Args:
        artifact: the artifact's `Predictor`.
        keras: the model's.
        folder: where a copy of the file may lie.

    Attributes:
        count: switches seen.
        different: how many of them name another value than the largest.
        gap: the largest that a value lies below the largest of its window which such a switch names in its place, as
            a fraction of the largest value of the layer.
        place: that picture, counted from 0, and the layer's name.
    """

    def __init__(self, artifact, keras, folder):
        self.keras, self.shown = keras, test_form(artifact, folder)
        self.model, self.layers = chosen(keras.model)
        self.count = self.different = self.pictures = 0
        self.gap, self.place = 0.0, ""

    def predict(self, pictures, proposals=None):
        """Returns the predictions of uint8 `(B, H, W, 3)` pictures, as a `Predictor` does."""
        outputs = self.shown.predict(pictures)
        for layer in self.layers:
            layer.given = outputs[PREFIX + layer.name]
        outputs = self.model(pictures.astype(np.float32), training=False)
        for layer in self.layers:
            self.take(layer)
        self.pictures += len(pictures)
        outputs = self.keras.model.predictions(outputs)
        return finish(self.keras.task, {name: to_numpy(output) for name, output in outputs.items()}, largest)

    def take(self, layer):
        """Adds what a layer noted of one batch."""
        self.count += layer.given.size
        self.different += int(np.sum(layer.gaps > 0))
        worst = int(np.argmax(layer.gaps))
        largest_gap = float(layer.gaps.flat[worst])
        if not (largest_gap <= self.gap or np.isnan(self.gap)):  # a NaN is beyond all, and stays
            self.gap = largest_gap
            picture = self.pictures + int(np.unravel_index(worst, layer.gaps.shape)[0])
            self.place = f"picture #{picture}, layer {layer.name}"

    def figures(self):
        """Returns the `gap`, and the share of the switches that name another value than the largest."""
        return {"switch_gap": self.gap, "switches_different": self.different / max(self.count, 1)}


def chosen(model):
    """Returns a model of the same layers in which the switches are given, and the layers that take them.

    What such a layer is to use next lies in its attribute `given`; what it then notes, in `gaps`.
    """
    import keras

    from zoo.ops.switches import max_pool, pad_to_even

    class Chosen(keras.layers.Layer):
        given = gaps = None

        def call(self, x):
            pooled, own = max_pool(x)
            if self.given is None:  # while the model is built
                return pooled, own
            values = windows(to_numpy(pad_to_even(x)))
            known = np.isin(self.given, range(4))
            named = np.take_along_axis(values, np.where(known, self.given, 0).astype(int)[..., None], -1)[..., 0]
            most = np.abs(values).max(initial=0.0) or 1.0
            self.gaps = np.where(known, (values.max(-1) - named) / most, np.inf)
            return pooled, keras.ops.convert_to_tensor(self.given)

    layers = {layer.name: Chosen(name=layer.name) for layer in switch_layers(model)}
    return keras.models.clone_model(model, clone_function=lambda one: layers.get(one.name, one)), [*layers.values()]


def windows(x):
    """Returns the 2x2 windows of `(B, 2h, 2w, C)`: `(B, h, w, C, 4)`, row by row."""
    batch, height, width, channels = x.shape
    apart = x.reshape(batch, height // 2, 2, width // 2, 2, channels)
    return apart.transpose(0, 1, 3, 5, 2, 4).reshape(batch, height // 2, width // 2, channels, 4)


def to_numpy(tensor):
    """Returns a tensor of any backend as an array."""
    import keras

    return keras.ops.convert_to_numpy(tensor)


def unnamed(path):
    """Returns the error of a file that does not name its switches."""
    return InputError(f"{path} does not name the switches of its layers, it cannot be compared: export it again")
