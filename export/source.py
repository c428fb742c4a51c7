"""The Keras model an artifact is made from: opened from a file or taken as it is, computing in float32."""

import json
from pathlib import Path

from zoo.errors import InputError

ATTRIBUTES = (
    "keypoint_names",
    "skeleton",
    "resizing",
    "score_threshold",
    "iou_threshold",
    "max_detections",
    "proposals",
    "num_proposals",
)
"""What of the attributes that a model saves is of use to who runs its artifact."""


def open_model(model_or_path):
    """Returns the `keras.Model` itself, or the one a `.keras` file holds.

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
        model = read_keras(Path(model_or_path))
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


def read_keras(path):
    """Loads a `.keras` file without its optimizer."""
    import keras

    if not path.exists():
        raise InputError(f"{path} does not exist: give a .keras file")
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises a different type for every way a file can be broken
        raise InputError(f"{path} cannot be read as a .keras file: {first_line(error)}") from error


def in_float32(model):
    """Returns the model, or its float32 copy if a layer computes in half precision (`mixed_float16`).

    The weights of such a model are float32 already; in an artifact half precision is the business of `quantize`.
    """
    import keras

    if all(layer.compute_dtype == "float32" for layer in all_layers(model)):
        return model
    config = json.dumps(keras.saving.serialize_keras_object(model))
    for policy in ("mixed_float16", "mixed_bfloat16"):
        config = config.replace(f'"{policy}"', '"float32"')
    copy = keras.saving.deserialize_keras_object(json.loads(config))
    copy.set_weights(model.get_weights())
    return copy


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


def first_line(error):
    """Returns the first line of an exception's message, at most 300 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
