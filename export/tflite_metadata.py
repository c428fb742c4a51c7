"""TFLITE_METADATA: what MediaPipe, the Task Library and other readers are told of a TFLite file.

Source: metadata_schema.fbs of MediaPipe, version 1.5.0; the numbers below are those of its fields, enumerations and
unions. It names `labels.txt`, which stands in the archive behind the flatbuffer, where the card stands too.
"""

import flatbuffers
import numpy as np

from export.embedded import LABELS
from export.flat_table import Table
from export.outputs import MEANINGS, MEDIAPIPE

NAME = "TFLITE_METADATA"
IDENTIFIER, PARSER = b"M001", "1.2.0"
"""Of the schema: its files' first bytes, and the first version that knows all fields used here."""
FEATURE, IMAGE, BOXES = 1, 2, 3
"""Kinds of content."""
AXIS_LABELS, VALUE_LABELS = 2, 3
"""Kinds of a file of labels: of the places along an axis, of the values."""
LABELLED = {
    **dict.fromkeys(("logits", "probs"), AXIS_LABELS),
    **dict.fromkeys(("labels", "classes", "category"), VALUE_LABELS),
}
RGB, BOUNDARIES, RATIO, PIXEL, NORMALIZATION = 1, 1, 0, 1, 1
NAMES = {"number_of_detections": "number of detections"}
"""By output, what the Task Library calls it."""


def metadata(model, inputs, outputs):
    """Returns the metadata of a model's file, a flatbuffer in bytes.

    Args:
        model: a `zoo.ZooModel`.
        inputs: by name, the shapes of the file's inputs.
        outputs: likewise of its outputs, in order.
    """
    files = [labels_file(0)] if getattr(model, "class_names", ()) else None
    group = [Table({0: "detection result", 1: list(MEDIAPIPE[:3])})] if tuple(outputs) == MEDIAPIPE else None
    graph = Table(
        {
            2: [image(shape) if name == "image" else regions(shape) for name, shape in inputs.items()],
            3: [output(name, shape, bool(files)) for name, shape in outputs.items()],
            8: group,
        }
    )
    described = Table(
        {
            0: model.name,
            1: "A model of regionzoo" + (f" for {model.task.replace('_', ' ')}" if model.task else ""),
            3: [graph],
            7: PARSER,
        }
    )
    builder = flatbuffers.Builder(1024)
    builder.Finish(described.packed(builder), IDENTIFIER)
    return bytes(builder.Output())


def image(shape):
    """Describes the pictures: the graph itself normalises them, so that readers shall not."""
    height, width = map(np.uint32, shape[1:3])
    unit = Table({0: np.int8(NORMALIZATION), 1: Table({0: np.float32([0.0]), 1: np.float32([1.0])})})
    properties = Table({0: np.int8(RGB), 1: Table({0: width, 1: height})})
    return Table(
        {
            0: "image",
            1: f"{MEANINGS['image']}, {height}x{width} (height x width)",
            3: Table({0: np.int8(IMAGE), 1: properties}),
            4: [unit],
            5: Table({0: np.float32([255.0]), 1: np.float32([0.0])}),
        }
    )


def regions(shape):
    """Describes the regions that a model is given beside pictures."""
    return Table({0: "proposals", 1: MEANINGS["proposals"], 3: content("boxes", shape)})


def output(name, shape, has_labels):
    """Describes an output."""
    kind = LABELLED.get(name) if has_labels else None
    return Table(
        {
            0: NAMES.get(name, name),
            1: MEANINGS.get(name, name),
            3: content(name, shape),
            6: [labels_file(kind)] if kind else None,
        }
    )


def content(name, shape):
    """Describes what values are: borders of boxes or plain numbers, and of objects one each."""
    kind, properties = FEATURE, Table()
    if name in ("location", "boxes"):
        order, unit = ([1, 0, 3, 2], RATIO) if name == "location" else ([0, 1, 2, 3], PIXEL)
        kind = BOXES
        properties = Table({0: np.uint32(order), 1: np.int8(BOUNDARIES), 2: np.int8(unit)})
    each = Table({0: np.int32(2), 1: np.int32(2)}) if name in MEDIAPIPE[:3] else None
    return Table({0: np.int8(kind), 1: properties, 2: each})


def labels_file(kind):
    """Names the file of class names, one a line."""
    return Table({0: LABELS, 1: "Names of the classes, index for index.", 2: np.int8(kind)})
