"""From a source to batches: in order for measuring, or as one endless, shuffled, resumable stream for training."""

import psutil
import tensorflow as tf

from recipes.data import transforms
from recipes.data.multi_scale import check_multi_scale, in_sizes
from recipes.data.objects import largest_object, select
from zoo.errors import InputError

TARGETS = {
    "segmentation": ("segmentation",),
    "localization": ("boxes", "labels"),
    "points": ("boxes", "labels", "keypoints"),
    "detection": ("boxes", "labels"),
    "instance_segmentation": ("boxes", "labels", "masks"),
    "keypoints": ("boxes", "labels", "keypoints"),
}
MASK_SIZE = 112
CACHE_SHARE = 0.25
SAMPLED = 8


def pipeline(
    source,
    *,
    task,
    picture_size,
    batch_size,
    augment=None,
    training=False,
    seed=0,
    start=0,
    num_shards=1,
    shard_index=0,
    cache="auto",
    channels=3,
    max_objects=100,
    num_proposals=2000,
    multi_scale=(),
):
    """Makes batches of pictures and targets.

    With `training` the stream is endless: every epoch in a new order, every example augmented anew. It depends on
    `seed` alone, so a run resumed with `start = step * batch_size` sees the batches that an uninterrupted run
    would have seen. Without `training` the pictures come once, in order, letterboxed; the last batch may be
    smaller.

    Args:
        source: a `Source`; leave out its `problems()` first, an unreadable file ends the stream with an error.
        task: "segmentation", "localization", "points", "detection", "instance_segmentation" or "keypoints".
        picture_size: `(H, W)` in pixels.
        batch_size: pictures in a batch.
        augment: `Augment` for training; `None` letterboxes.
        training: whether to shuffle, augment and repeat.
        seed: integer that fixes order and augmentation.
        start: number of this shard's examples that were seen before.
        num_shards: number of workers that share the source.
        shard_index: which of them this is, from 0.
        cache: whether decoded pictures are kept in memory: `True`, `False`, or "auto" for where they take less
            than a quarter of what is free. It does not change what comes out.
        channels: 3 for RGB pictures, 1 for grey.
        max_objects: rows of padded targets; further objects of a picture are left out.
        num_proposals: rows of padded proposals, of which the first are kept, where the source has them.
        multi_scale: sizes `(H, W)`, in multiples of 32, of which every 10 batches of training draw another to be
            scaled to (Redmon & Farhadi 2017, arXiv:1612.08242, section 2); `()` for `picture_size` alone.

    Returns:
        A `tf.data.Dataset` of `(images, targets)`: images `(B, H, W, channels)` uint8; targets for segmentation
        `(B, H, W)` int32 with 255 for void, else a dict of `boxes` `(B, max_objects, 4)` float32 xyxy in pixels of
        the frame, `labels` `(B, max_objects)` int32, -1 in empty rows, and for "instance_segmentation" `masks`
        `(B, max_objects, 112, 112)` uint8 within the box, for "keypoints" `keypoints` `(B, max_objects, K, 3)`.
        "localization" and "points" learn the largest object in the frame alone, if any: `labels` `(B,)`, -1 for
        none, with `boxes` `(B, 4)` or `keypoints` `(B, K, 3)`. Ignored objects are in no target.

        Where the source has proposals, a dict stands for the images: `image`, and `proposals` `(B, num_proposals, 4)`
        float32 xyxy in pixels of the frame, zeros in empty rows: a box without area is no proposal.

    Raises:
        InputError: if the task is unknown, the source is empty or lacks its targets, or an argument is outside
            its range.
    """
    _check_source(source, task, num_shards, shard_index)
    _check_numbers(picture_size, batch_size, start, cache, channels, max_objects, num_proposals)
    if multi_scale:
        check_multi_scale(multi_scale, task, start, batch_size)
    has_proposals = "proposals" in source.keys
    keys = ("image", *TARGETS[task], *(["proposals"] if has_proposals else []))
    size = tuple(picture_size)

    def decode(record):
        example = source.decode(record)
        if "ignored" in example:
            example = select(example, ~example["ignored"])
        return {key: example[key] for key in keys}

    def finish(example):
        inputs = tf.ensure_shape(transforms.to_channels(example["image"], channels), (*size, channels))
        if has_proposals:
            inputs = {"image": inputs, "proposals": padded(example["proposals"], num_proposals)}
        if task == "segmentation":
            return inputs, example["segmentation"]
        if task in ("localization", "points"):
            picked = largest_object(example)
            return inputs, {
                key: picked[key] for key in ("labels", "boxes" if task == "localization" else "keypoints")
            }
        return inputs, padded_objects(example, max_objects)

    records = source.records().shard(num_shards, shard_index)
    if training:
        count = len(range(shard_index, len(source), num_shards))

        def train(index, example):
            if augment is None:
                return finish(transforms.letterbox(example, size))
            example_seed = tf.stack([tf.constant(seed, tf.int64), index * num_shards + shard_index])
            return finish(augment(example, size, example_seed, source.flip_pairs))

        if _fits(records.map(decode), count, cache):
            examples = records.map(decode, tf.data.AUTOTUNE).cache()
            batches = stream(examples, count, seed, start).map(train, tf.data.AUTOTUNE)
        else:
            batches = stream(records, count, seed, start).map(
                lambda index, record: train(index, decode(record)), tf.data.AUTOTUNE
            )
    else:
        batches = records.map(lambda record: finish(transforms.letterbox(decode(record), size)), tf.data.AUTOTUNE)
    options = tf.data.Options()
    options.deterministic = True
    batches = batches.batch(batch_size, drop_remainder=training)
    if training and multi_scale:
        batches = in_sizes(batches, multi_scale, seed, start // batch_size)
    return batches.with_options(options).prefetch(tf.data.AUTOTUNE)


def stream(dataset, count, seed, start):
    """Repeats a dataset without end, each epoch in an order of its own.

    Args:
        dataset: `tf.data.Dataset` of `count` elements.
        count: its length.
        seed: integer.
        start: how many elements of the stream to leave out; whole epochs cost nothing.

    Returns:
        A `tf.data.Dataset` of `(index in the stream, element)`, the same on every iteration.
    """
    epoch, offset = divmod(start, count)

    def shuffled(epoch):
        # Of this function's graph only: the order must not hang on the program's global seed.
        tf.random.set_seed(1)
        order = tf.random.stateless_uniform([], tf.stack([seed, epoch]), None, None, tf.int64)
        return dataset.shuffle(count, seed=order, reshuffle_each_iteration=False)

    epochs = tf.data.Dataset.counter(epoch, dtype=tf.int64).flat_map(shuffled)
    return epochs.enumerate(epoch * count).skip(offset)


def padded_objects(example, max_objects):
    """Turns the objects of one example into targets of fixed shape.

    Args:
        example: dict with "boxes", "labels" and perhaps "masks" or "keypoints".
        max_objects: rows; further objects are left out.

    Returns:
        The dict that `pipeline` describes, without the batch dimension.
    """
    targets = {key: example[key][:max_objects] for key in ("boxes", "labels", "masks", "keypoints") if key in example}
    if "masks" in targets:
        targets["masks"] = crop_masks(targets["masks"], targets["boxes"])
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


def _fits(examples, count, cache):
    """Says whether `count` examples may be kept in memory, judged by the first few."""
    if cache != "auto":
        return cache
    sampled = [
        sum(value.nbytes for value in example.values()) for example in examples.take(SAMPLED).as_numpy_iterator()
    ]
    return count * sum(sampled) / len(sampled) < CACHE_SHARE * psutil.virtual_memory().available


def check_targets(source, task):
    """Raises `InputError` where a source lacks a target that a task learns."""
    missing = missing_targets(source, task)
    if missing:
        raise InputError(f"{source.spec} has no {' or '.join(missing)}, which the task {task} learns")


def missing_targets(source, task):
    """Returns the keys of the task's targets that a source lacks."""
    return [key for key in TARGETS[task] if key not in source.keys]


def _check_source(source, task, num_shards, shard_index):
    if task not in TARGETS:
        raise InputError(f"the pipeline knows the tasks {', '.join(TARGETS)}, received {task!r}")
    check_targets(source, task)
    if not 0 <= shard_index < num_shards:
        raise InputError(f"shard_index is one of 0 to num_shards - 1 = {num_shards - 1}, received {shard_index}")
    if len(source) < num_shards:
        raise InputError(f"{source.spec} has {len(source)} usable pictures, too few for {num_shards} shards")


def _check_numbers(picture_size, batch_size, start, cache, channels, max_objects, num_proposals):
    if len(picture_size) != 2 or min(picture_size) < 1:
        raise InputError(f"picture_size is (height, width) in pixels, received {picture_size}")
    if min(batch_size, max_objects) < 1:
        raise InputError(f"batch_size and max_objects are 1 or more, received {batch_size}, {max_objects}")
    if num_proposals < 1:
        raise InputError(f"num_proposals is 1 or more, received {num_proposals}")
    if start < 0:
        raise InputError(f"start is 0 or more, received {start}")
    if cache not in ("auto", True, False):
        raise InputError(f"cache is 'auto', True or False, received {cache!r}")
    if channels not in (1, 3):
        raise InputError(f"channels is 3 (RGB) or 1 (grey), received {channels}")
