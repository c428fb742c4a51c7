"""What holds of a source whatever its files are: it works, or one line says why it does not."""

import numpy as np
import tensorflow as tf

from recipes.data import open_source, usable
from recipes.data.damage import damage_named
from zoo.constants import VOID
from zoo.errors import InputError

DTYPES = {
    "image": np.uint8,
    "segmentation": np.int32,
    "boxes": np.float32,
    "labels": np.int32,
    "masks": np.uint8,
    "keypoints": np.float32,
    "ignored": np.bool_,
    "crowds": np.bool_,
    "areas": np.float32,
}
OF_OBJECTS = ("boxes", "labels", "masks", "keypoints", "ignored", "crowds", "areas")


def survived(spec):
    """Opens a source, leaves out what is bad and decodes the rest, eagerly: tracing graphs takes long.

    Returns:
        `(examples, "")`, or `([], line)` where it is refused as a whole.
    """
    try:
        source = usable(open_source(spec), skip_bad=True)
        with damage_named(source):
            examples = [decoded(source, record) for record in source.records()]
    except InputError as error:
        line = str(error)
        assert line and "\n" not in line and len(line) < 3000, line
        return [], line
    assert len(examples) == len(source)
    for example in examples:
        sound(source, example)
    return examples, ""


def decoded(source, record):
    try:
        return {key: value.numpy() for key, value in source.decode(record).items()}
    except ValueError as error:  # as which it comes from a graph, see `by_python`
        raise tf.errors.InvalidArgumentError(None, None, str(error)) from error


def sound(source, example):
    """Asserts what `Source.decode` promises."""
    assert set(example) == {"image", "name", *source.keys}
    for key, dtype in DTYPES.items():
        assert key not in example or example[key].dtype == dtype, key
    height, width, channels = example["image"].shape
    assert channels == 3 and height and width
    if "segmentation" in example:
        labels = example["segmentation"]
        assert labels.shape == (height, width)
        assert np.all((labels == VOID) | (0 <= labels) & (labels < len(source.class_names("segmentation"))))
    if "labels" in example:
        count = len(example["labels"])
        assert all(len(example[key]) == count for key in OF_OBJECTS if key in example)
        assert np.all((0 <= example["labels"]) & (example["labels"] < len(source.class_names("detection"))))
        boxes = example["boxes"]
        assert boxes.shape == (count, 4)
        assert np.all((0 <= boxes) & (boxes <= [width, height, width, height]))
        assert np.all(boxes[:, 2:] > boxes[:, :2])
    if "masks" in example:
        assert example["masks"].shape == (count, height, width) and np.all(example["masks"] <= 1)
    if "keypoints" in example:
        assert example["keypoints"].shape[2] == 3 and np.all(np.isfinite(example["keypoints"]))
        assert np.all(np.isin(example["keypoints"][..., 2], (0, 1, 2)))
    if "areas" in example:
        assert np.all(np.isfinite(example["areas"]))
