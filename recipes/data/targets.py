"""What a task learns of an example, in rows of fixed number, as tensors of one batch must have one shape."""

import tensorflow as tf

from recipes.data.objects import largest_object
from zoo.errors import InputError

TARGETS = {
    "segmentation": ("segmentation",),
    "localization": ("boxes", "labels"),
    "points": ("boxes", "labels", "keypoints"),
    "detection": ("boxes", "labels"),
    "instance_segmentation": ("boxes", "labels", "masks"),
    "keypoints": ("boxes", "labels", "keypoints"),
    "masks_and_keypoints": ("boxes", "labels", "masks", "keypoints"),
}
BESIDE = ("ignored", "crowds", "areas", "proposals")
"""Keys of an example that no task learns: what is left out, what measures look at, what a model is given."""
MASK_SIZE = 112
CROP_SIZE = 2 * MASK_SIZE
"""Cells a side of masks on their way, finer than what is learned: a part of a box may be all that is left of it."""


def measured(example, task):
    """Returns what of an example a task is measured by, its masks as "runs"; tf.data then does not make the rest."""
    beside = BESIDE if "boxes" in TARGETS[task] else ("proposals",)
    return {key: example[key] for key in ("image", "name", "runs", *TARGETS[task], *beside) if key in example}


def check_targets(source, task):
    """Raises `InputError` where a source lacks a target that a task learns."""
    missing = missing_targets(source, task)
    if missing:
        raise InputError(f"{source.spec} has no {' or '.join(missing)}, which the task {task} learns")


def missing_targets(source, task):
    """Returns the keys of the task's targets that a source lacks."""
    return [key for key in TARGETS[task] if key not in source.keys]


def targets_of(example, task, max_objects):
    """Returns what `recipes.data.pipeline` describes as an example's targets, without the batch dimension."""
    if task == "segmentation":
        return example["segmentation"]
    if task in ("localization", "points"):
        largest = largest_object(example)
        return {key: largest[key] for key in ("labels", "boxes" if task == "localization" else "keypoints")}
    return padded_objects(example, max_objects)


def padded_objects(example, max_objects):
    """Turns the objects of one example into targets of fixed shape.

    Args:
        example: dict with "boxes", "labels" and perhaps "keypoints", and "masks" of the picture or "crops" of them,
            `(N, 224, 224)` over their boxes.
        max_objects: rows; further objects are left out.

    Returns:
        The dict that `pipeline` describes, without the batch dimension.
    """
    targets = {key: example[key][:max_objects] for key in ("boxes", "labels", "masks", "keypoints") if key in example}
    if "masks" in targets:
        targets["masks"] = crop_masks(targets["masks"], targets["boxes"])
    if "crops" in example:
        targets["masks"] = example["crops"][:max_objects, 1::2, 1::2]
    return {key: padded(rows, max_objects, -1 if key == "labels" else 0) for key, rows in targets.items()}


def padded(rows, count, value=0):
    """Cuts `(N, ...)` to `count` rows, or fills up with `value`."""
    rows = rows[:count]
    paddings = [(0, count - tf.shape(rows)[0])] + [(0, 0)] * (rows.shape.rank - 1)
    return tf.ensure_shape(tf.pad(rows, paddings, constant_values=value), (count, *rows.shape[1:]))


def crop_masks(masks, boxes, size=MASK_SIZE):
    """Reads each mask at the cell centres of a grid over its box.

    Args:
        masks: `(N, H, W)` uint8.
        boxes: `(N, 4)` float32 xyxy, pixels.
        size: cells a side.

    Returns:
        `(N, size, size)` uint8.
    """
    centres = (tf.range(size, dtype=tf.float32) + 0.5) / size
    x1, y1, x2, y2 = (side[:, None] for side in tf.unstack(boxes, axis=-1))
    rows = tf.clip_by_value(tf.cast(y1 + centres * (y2 - y1), tf.int32), 0, tf.shape(masks)[1] - 1)
    columns = tf.clip_by_value(tf.cast(x1 + centres * (x2 - x1), tf.int32), 0, tf.shape(masks)[2] - 1)
    cropped = tf.gather(tf.gather(masks, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
    return tf.ensure_shape(cropped, (None, size, size))
