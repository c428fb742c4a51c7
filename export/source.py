"""The Keras model an artifact is made from: opened from a file or taken as it is, computing in float32."""

import json
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from zoo.errors import InputError
from zoo.weights import models

CONFIG = "config.json"
"""In a .keras file, its layers."""
THRESHOLDS = ("score_threshold", "iou_threshold", "max_detections")
ATTRIBUTES = ("keypoint_names", "skeleton", "resizing", "sides", *THRESHOLDS, "proposals", "num_proposals")
"""What of the attributes that a model saves is of use to who runs its artifact."""


def open_model(model_or_path):
    """Returns the `keras.Model` itself, or the one that a `.keras` file holds or a name stands for, as `zoo.load`.

    A plain functional model, such as a backbone with its top, becomes a `ZooModel` of no task over the same layers.

    Raises:
        InputError: if the file is missing or no `.keras` file, the model's output is no dict of named tensors, or its
            input no picture, alone or with proposals.
    """
    import keras

    import zoo

    zoo.register()
    if isinstance(model_or_path, keras.Model):
        model = model_or_path
    else:
        model = models.load(model_or_path)
    if not isinstance(getattr(model, "output", None), dict) or (len(model.inputs) != 1 and not proposals_of(model)):
        raise InputError(
            f"model {model.name!r} cannot be exported: it must take one picture tensor and return a dict of outputs"
        )
    if not isinstance(model, zoo.ZooModel):
        return zoo.ZooModel(model.input, model.output, name=model.name)
    return model


def proposals_of(model):
    """Returns the method of `zoo.proposals` that finds a model's second input, "" for a model of pictures alone."""
    return getattr(model, "proposals", "")


def in_float32(model):
    """Returns the model, or its float32 copy if a layer computes in half precision (`mixed_float16`).

    The weights of such a model are float32 already; in an artifact half precision is the business of `quantize`.
    The copy goes through a .keras file, in which what layers and heads share stays shared.
    """
    import keras

    if all(layer.compute_dtype == "float32" for layer in all_layers(model)):
        return model
    with TemporaryDirectory() as folder:
        half, single = Path(folder, "half.keras"), Path(folder, "single.keras")
        model.save(half, include_optimizer=False)
        with ZipFile(half) as source, ZipFile(single, "w") as target:
            for name in source.namelist():
                target.writestr(name, float32_config(source.read(name)) if name == CONFIG else source.read(name))
        return keras.saving.load_model(single, compile=False)


def float32_config(text):
    """Returns a .keras file's configuration with float32 in place of half precision: layers, inputs, tensors."""

    def widened(part):
        if part.get("class_name") == "DTypePolicy" and "float16" in part["config"]["name"]:
            part["config"]["name"] = "float32"
        if part.get("dtype") in ("float16", "bfloat16"):
            part["dtype"] = "float32"
        return part

    return json.dumps(json.loads(text, object_hook=widened))


@contextmanager
def at_thresholds(model, thresholds):
    """Gives a detector other thresholds while the context lasts, and its own back after it.

    Args:
        model: a `keras.Model`.
        thresholds: values by names of `THRESHOLDS`, `None` for the model's own.
    Raises:
        InputError: if the model is no detector, or a number lies outside of its range.
    """
    from zoo.detection.thresholds import with_thresholds

    given = {name: value for name, value in thresholds.items() if value is not None}
    if given and not {*THRESHOLDS} <= {*getattr(model, "saved", ())}:
        raise InputError(f"model {model.name!r} is no detector: leave out {', '.join(given)}")
    own = {name: getattr(model, name) for name in given}
    try:
        with_thresholds(model, **{name: value for name, value in given.items() if value != own[name]})
        yield
    finally:
        for name, value in own.items():
            if value != getattr(model, name):
                setattr(model, name, value)


def thresholds_of(card, model):
    """Returns by name the thresholds on an artifact's card, if there is one; a detector may have others."""
    shared = set(THRESHOLDS).intersection(card.attributes if card else (), getattr(model, "saved", ()))
    return {name: card.attributes[name] for name in sorted(shared)}


def all_layers(model):
    """Yields every layer of a model, and those of the models among them."""
    for layer in model.layers:
        yield layer
        yield from all_layers(layer) if hasattr(layer, "layers") else ()


def attributes_of(model):
    """Returns those of `ATTRIBUTES` that the model saves, as JSON has them: lists for tuples."""
    saved = [name for name in ATTRIBUTES if name in getattr(model, "saved", ())]
    return json.loads(json.dumps({name: getattr(model, name) for name in saved}))


def fixed_size(model):
    """Returns `(height, width)` of the model's input, `None` where any will do."""
    return tuple(model.inputs[0].shape[1:3])
