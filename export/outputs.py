"""What a file can return: the predictions of its task, and the same in other forms."""

import numpy as np

from zoo.errors import InputError
from zoo.ops.masks import paste

OBJECTS = ("boxes", "count", "labels", "scores")
MEDIAPIPE = ("location", "category", "score", "number_of_detections")
"""What MediaPipe's and the Task Library's object detectors read: boxes (top, left, bottom, right, as shares of the
picture), classes, scores and their number, all float32."""
PASTED = "pasted"
"""Masks of the picture's size, `(B, K, H, W)` uint8 of 0 and 1."""
TASKS = {
    "localization": ("box", "probs", "score"),
    "points": ("points", "score"),
    "segmentation": ("classes", "logits"),
    "detection": OBJECTS,
    "instance_segmentation": ("boxes", "count", "labels", "masks", "scores"),
    "keypoints": ("boxes", "count", "keypoints", "labels", "scores"),
    "masks_and_keypoints": ("boxes", "count", "keypoints", "labels", "masks", "scores"),
}
"""By task, what a file returns where nobody asks for something else."""
CHOICES = {
    task: (*names, *(MEDIAPIPE if "boxes" in names else ()), *((PASTED,) if "masks" in names else ()))
    for task, names in TASKS.items()
}
"""By task, what it can be asked for."""
MEANINGS = {
    "image": "Pictures, RGB, 0 to 255, as they are",
    "proposals": "Regions, x1, y1, x2, y2 in pixels of the image, rows of zeros where there are fewer",
    "box": "The object's box, x1, y1, x2, y2 in pixels of the image",
    "boxes": "Boxes, x1, y1, x2, y2 in pixels of the image, by falling score, 0 in empty rows",
    "category": "Classes of the boxes, from 0",
    "classes": "Of each pixel the class of the highest logit, from 0",
    "count": "How many rows are objects",
    "grid": "The network's last map, neither decoded nor suppressed: see the card's decoder",
    "keypoints": "Points of the objects, x, y in pixels of the image and a score",
    "labels": "Classes of the boxes, from 0, -1 in empty rows",
    "location": "Boxes, top, left, bottom, right as shares of the image, 0 in empty rows",
    "logits": "Scores of the classes, before any softmax",
    "masks": "Of each object the probability of being in it, on a grid of cells over its box",
    "number_of_detections": "How many rows are objects",
    "pasted": "Of each object a mask of the image's size, 1 in it and 0 elsewhere",
    "points": "Points of the object, x, y in pixels of the image",
    "probs": "Probabilities of the classes",
    "score": "Probability of there being an object",
    "scores": "Scores of the boxes, 0 to 1, falling, 0 in empty rows",
}
"""By input or output, what it holds."""
NEEDS = {"masks": "boxes"}
"""By output, the one without which it says nothing."""


def names_of(model):
    """Returns the outputs of a model's file; of a model without a task, the model's own."""
    return TASKS.get(model.task) or tuple(sorted(model.output))


def raw_names(model):
    """Returns the outputs of a one-stage detector's network.

    Raises:
        InputError: if the model is none.
    """
    from export.decoders import family_of

    if family_of(model) is None:
        raise InputError(
            f"model {model.name!r} has no raw form: one-stage detectors alone have one (between the stages of others "
            "stand boxes, decoded and suppressed)"
        )
    return ("grid",)


def returned_names(card):
    """Returns the names of what `as_predictions` gives of a file's outputs, `()` where the card does not say."""
    names = {*card.form.get("outputs", ())} if card else ()
    if not names or card.decoder:
        return TASKS.get(card.task, ()) if card else ()
    if {*MEDIAPIPE} <= names and "boxes" not in names:
        names = names.difference(MEDIAPIPE).union(OBJECTS)
    if "logits" in names and card.task == "segmentation":
        names = {*names, "classes"}
    return tuple(sorted(names))


def as_predictions(outputs, card, size):
    """Returns what a file returned as the dict of its task, as far as there is enough.

    Args:
        outputs: dict of arrays, the file's.
        card: its `Artifact`, or `None`.
        size: `(height, width)` of the pictures it was given.
    """
    names = returned_names(card)
    if names and card.decoder:
        from export.decoders import decoded

        return decoded(outputs, card.decoder, size)
    if {*MEDIAPIPE} <= outputs.keys() and "location" not in names:
        others = {name: values for name, values in outputs.items() if name not in MEDIAPIPE}
        outputs = others | from_mediapipe(*(outputs[name] for name in MEDIAPIPE), size)
    if "classes" in names and "classes" not in outputs:
        outputs = {**outputs, "classes": np.argmax(outputs["logits"], -1).astype(np.int32)}
    return outputs


def from_mediapipe(location, category, score, number_of_detections, size):
    """Returns the dict of detections that MediaPipe's four outputs stand for.

    Args:
        location: `(B, K, 4)` float32, top, left, bottom, right as shares of the picture.
        category: `(B, K)` float32.
        score: `(B, K)` float32.
        number_of_detections: `(B,)` float32.
        size: `(height, width)` of the picture in pixels.
    """
    height, width = size
    count = number_of_detections.astype(np.int32)
    found = np.arange(category.shape[1]) < count[:, None]
    boxes = location[..., [1, 0, 3, 2]] * np.float32([width, height, width, height])
    return {"boxes": boxes, "count": count, "labels": np.where(found, category, -1).astype(np.int32), "scores": score}


def to_mediapipe(found, size):
    """Returns MediaPipe's four outputs of a batch's dict of detections, as `from_mediapipe` takes them."""
    height, width = size
    values = (
        found["boxes"][..., [1, 0, 3, 2]] / np.float32([height, width, height, width]),
        np.maximum(found["labels"], 0).astype(np.float32),
        found["scores"],
        found["count"].astype(np.float32),
    )
    return dict(zip(MEDIAPIPE, values, strict=True))


def expected(predictions, card, size):
    """Returns what `as_predictions` gives of a file that was made from the model that made these.

    Args:
        predictions: a batch's dict of all predictions of the task.
        card: the file's `Artifact`, or `None`.
        size: `(height, width)` of the pictures.
    """
    names = returned_names(card) or tuple(predictions)
    if {*MEDIAPIPE}.intersection(names).difference(predictions):
        predictions = predictions | to_mediapipe(predictions, size)
    if PASTED in names:
        pairs = zip(predictions["masks"], predictions["boxes"], strict=True)
        predictions = {**predictions, PASTED: np.uint8([paste(masks, boxes, size) for masks, boxes in pairs])}
    return {name: values for name, values in predictions.items() if name in names}
