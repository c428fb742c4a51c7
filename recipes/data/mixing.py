"""Several training pictures made one: objects that are copied and pasted, a mosaic, a mixup."""

import tensorflow as tf

from recipes.data import transforms
from recipes.data.augment import MIXING
from recipes.data.augmentation import sometimes
from recipes.data.copy_paste import copy_paste
from recipes.data.objects import OBJECT_KEYS
from recipes.data.targets import TARGETS
from zoo.errors import InputError

SHARES = 32.0
"""Both parameters of the beta distribution that a mixup's share is drawn from, which lies about one half."""


def mixed(example, changes, size, seed, another):
    """Mixes one example with others.

    Args:
        example: dict of tensors, augmented and in the frame, its picture `(H, W, 3)` uint8.
        changes: `Augment`.
        size: `(H, W)` of the frame, Python integers.
        seed: `(2,)` integers; the same seed gives the same result.
        another: function of a seed to a further example, augmented likewise.

    Returns:
        An example likewise, in which no target is of anything that the picture does not show.
    """
    if not any(getattr(changes, name) for name in MIXING):
        return example
    seeds = tf.unstack(tf.random.split(tf.random.fold_in(tf.cast(seed, tf.int64), 1), 10))

    def pasted(example):
        return copy_paste(example, another(seeds[1]), size, seeds[2], changes.visible)

    def tiled(example):
        others = [another(one) for one in seeds[4:7]]
        return mosaic([example, *others], size, seeds[3], changes.visible)

    def blended(example):
        return mixup(example, another(seeds[8]), seeds[9])

    example = sometimes(changes.copy_paste, pasted, example, seeds[0])
    example = sometimes(changes.mosaic, tiled, example, tf.random.fold_in(seeds[0], 1))
    return sometimes(changes.mixup, blended, example, seeds[7])


def mosaic(examples, size, seed, visible=0.0):
    """Lays four pictures of the frame's size out as two rows and shows a part of that, at one to two times half size.

    Args:
        examples: four dicts of tensors, their pictures `(H, W, 3)`.
        size: `(H, W)`, Python integers.
        seed: `(2,)` integers.
        visible: see `recipes.data.transforms.place`.

    Returns:
        The example, its picture `(H, W, 3)` uint8.
    Source: Bochkovskiy et al. 2020, arXiv:2004.10934, section 3.3; the random part as in Ultralytics' YOLOv5.
    """
    height, width = size
    corners = ((0, 0), (width, 0), (0, height), (width, height))
    moved = [shifted(example, corner) for example, corner in zip(examples, corners, strict=True)]
    laid_out = joined(*moved)
    for key in ("image", "segmentation"):
        if key in laid_out:
            rows = (tf.concat([one[key] for one in moved[i : i + 2]], axis=1) for i in (0, 2))
            laid_out[key] = tf.concat(list(rows), axis=0)
    shown = transforms.scale_jitter(laid_out, size, (1.0, 2.0), seed, visible=visible)
    return {**shown, "image": transforms.to_uint8(shown["image"])}


def mixup(example, other, seed):
    """Lets another picture of the same size shine through, and has the objects of both.

    Args:
        example: dict of tensors with objects.
        other: likewise.
        seed: `(2,)` integers.
    Source: Zhang et al. 2019, arXiv:1902.04103, section 3.1. The share lies about one half (Beta(32, 32), as in
    Ultralytics' YOLOv5), as objects have no weight in the losses here.
    """
    first, second = tf.unstack(tf.random.stateless_gamma([2], seed, SHARES))
    share = first / (first + second)
    pictures = (tf.cast(one["image"], tf.float32) for one in (example, other))
    image = share * next(pictures) + (1.0 - share) * next(pictures)
    return {**joined(example, other), "image": transforms.to_uint8(image)}


def shifted(example, corner):
    """Moves boxes and points by `(x, y)` pixels."""
    moved, (x, y) = dict(example), corner
    if "boxes" in example:
        moved["boxes"] = example["boxes"] + tf.constant([x, y, x, y], tf.float32)
    if "keypoints" in example:
        moved["keypoints"] = example["keypoints"] + tf.constant([x, y, 0], tf.float32)
    return moved


def joined(first, *others):
    """Returns the first example with the objects of all, in their order."""
    rows = {key: tf.concat([one[key] for one in (first, *others)], axis=0) for key in OBJECT_KEYS if key in first}
    return {**first, **rows}


def check_mixing(changes, source, task, proposals):
    """Refuses to mix what cannot be.

    Args:
        changes: `Augment` or `None`.
        source: a `Source`.
        task: what is learned of it.
        proposals: whether the model looks at proposed regions.

    Raises:
        InputError: that names the field, if the task has no targets that could be mixed, regions are proposed, or
            the source can only be read from its beginning.
    """
    for name in MIXING if changes is not None else ():
        if not getattr(changes, name):
            continue
        remedy = f"set augment.{name}=0"
        if task not in MIXED[name]:
            raise InputError(f"augment.{name} is for {', '.join(MIXED[name])}: {remedy} for {task}")
        if proposals:
            raise InputError(f"augment.{name} mixes no regions that are proposed: {remedy}")
        if source.table() is None:
            raise InputError(
                f"augment.{name} reads pictures in any order, {source.spec} only in its own: {remedy}, or prepare it "
                "as array_record"
            )


OBJECTS = tuple(task for task in TARGETS if task not in ("segmentation", "localization", "points"))
MIXED = {
    "copy_paste": tuple(task for task in OBJECTS if "masks" in TARGETS[task]),
    "mosaic": ("segmentation", *OBJECTS),
    "mixup": OBJECTS,
}
"""By field, the tasks that it is for."""
