"""From a source to batches: in order for measuring, or as one endless, shuffled, resumable stream for training."""

from collections.abc import Callable
from dataclasses import dataclass

import psutil
import tensorflow as tf

from recipes.data import transforms
from recipes.data.augment import Augment
from recipes.data.graph import mapped
from recipes.data.mixing import check_mixing, mixed
from recipes.data.multi_scale import check_multi_scale, in_sizes
from recipes.data.order import Kept, buffered, places
from recipes.data.steps import AHEAD, Steps
from recipes.data.targets import TARGETS, check_targets
from zoo.errors import InputError

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
    skip=0,
    num_shards=1,
    shard_index=0,
    cache="auto",
    channels=3,
    max_objects=100,
    num_proposals=2000,
    multi_scale=(),
    resizing="letterbox",
    pixel_weights=None,
    seen=None,
    workers=None,
):
    """Makes batches of pictures and targets.

    With `training` the stream is endless: every epoch in a new order, every example augmented anew. It depends on
    `seed` alone, so a run resumed with `skip = step * batch_size` sees the batches that an uninterrupted run
    would have seen. Without `training` the pictures come once, in order, whole; the last batch may be smaller.

    Args:
        source: a `Source`; leave out its `problems()` first, an unreadable file ends the stream with an error.
        task: "segmentation", "localization", "points", "detection", "instance_segmentation", "keypoints" or
            "masks_and_keypoints".
        picture_size: `(H, W)` in pixels.
        batch_size: pictures in a batch.
        augment: `Augment` for training; `None` for pictures as they are.
        training: whether to shuffle, augment and repeat.
        seed: integer that fixes order and augmentation.
        skip: number of this shard's examples that were seen before.
        num_shards: number of workers that share the source.
        shard_index: which of them this is, from 0.
        cache: whether decoded pictures are kept in memory: `True`, `False`, or "auto" for where they take less
            than a quarter of what is free. It does not change what comes out.
        channels: 3 for RGB pictures, 1 for grey.
        max_objects: rows of padded targets; further objects of a picture are left out.
        num_proposals: rows of padded proposals, of which the first are kept, where the source has them.
        multi_scale: sizes `(H, W)`, in multiples of 32, of which every 10 batches of training draw another to be
            scaled to (Redmon & Farhadi 2017, arXiv:1612.08242, section 2); `()` for `picture_size` alone.
        resizing: how pictures are brought into the frame: "letterbox" keeps their aspect and pads, "stretch" fills.
        pixel_weights: of segmentation, a NumPy function of a label map `(H, W)` int32 to the weights of its pixels in
            training, `(H, W)` float32, such as `recipes.data.border_weights`; it sees the map as it was augmented.
        seen: without `training`, a function that is given each example as it was decoded, a dict of arrays that
            `recipes.data.targets.measured` describes, in their order and shortly before its batch comes.
        workers: threads that do all this; `None` for as many as there are cores.

    Returns:
        A `tf.data.Dataset` of `(images, targets)`: images `(B, H, W, channels)` uint8; targets for segmentation
        `(B, H, W)` int32 with 255 for void, else a dict of `boxes` `(B, max_objects, 4)` float32 xyxy in pixels of
        the frame, `labels` `(B, max_objects)` int32, -1 in empty rows, and for "instance_segmentation" `masks`
        `(B, max_objects, 112, 112)` uint8 within the box, for "keypoints" `keypoints` `(B, max_objects, K, 3)`, for
        "masks_and_keypoints" both.
        "localization" and "points" learn the largest object in the frame alone, if any: `labels` `(B,)`, -1 for
        none, with `boxes` `(B, 4)` or `keypoints` `(B, K, 3)`. Ignored objects are in no target.

        Where the source has proposals, a dict stands for the images: `image`, and `proposals` `(B, num_proposals, 4)`
        float32 xyxy in pixels of the frame, zeros in empty rows: a box without area is no proposal.

        With `pixel_weights` those of training are `(images, targets, weights)`, the last `(B, H, W)` float32.

    Raises:
        InputError: if the task is unknown, the source is empty or lacks its targets, or an argument is outside
            its range.
    """
    _check_source(source, task, num_shards, shard_index)
    if resizing not in transforms.RESIZING:
        raise InputError(f"resizing is one of {', '.join(transforms.RESIZING)}, received {resizing!r}")
    _check_numbers(picture_size, batch_size, skip, cache, channels, max_objects, num_proposals)
    if pixel_weights is not None and task != "segmentation":
        raise InputError(f"pixel_weights are for segmentation, received the task {task!r}: leave them out")
    if multi_scale:
        check_multi_scale(multi_scale, task, skip, batch_size)
    steps = Steps(source, task, tuple(picture_size), channels, max_objects, num_proposals, resizing)
    if training:
        check_mixing(augment, source, task, "proposals" in source.keys)
        learn = Learn(steps, augment, seed, num_shards, shard_index, pixel_weights)
        examples = learn.examples(skip, cache)
    else:
        records = source.records().shard(num_shards, shard_index)
        examples = mapped(records, steps.whole, parallel=True) if seen is None else steps.shown(records, seen)
    batches = examples.batch(batch_size, drop_remainder=training)
    if training and multi_scale:
        batches = in_sizes(batches, multi_scale, seed, skip // batch_size)
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False  # its thread ends late, see `zoo.untuned`
    if workers is not None:
        options.threading.private_threadpool_size = workers
    return batches.with_options(options).prefetch(tf.data.AUTOTUNE if training else AHEAD)


@dataclass(frozen=True)
class Learn:
    """The same for training: each example is changed by the seed and its number in the stream of all shards alone."""

    steps: Steps
    augment: Augment | None
    seed: int
    num_shards: int
    shard_index: int
    pixel_weights: Callable | None = None

    def examples(self, skip, cache):
        """Returns the endless `tf.data.Dataset` of inputs and targets; see `pipeline` for the arguments."""
        source, steps = self.steps.source, self.steps
        if source.table() is None:
            return self.examples_in_turn(skip, cache)
        record_at = source.record_at()
        numbered = places(len(source), self.seed, skip, self.num_shards, self.shard_index)
        decoded = mapped(source.records(), steps.decode)
        kept = Kept(decoded.element_spec) if _fits(decoded, len(source), cache) else None

        def at(place):
            if kept is None:
                return steps.decode(record_at(place))
            return kept.example(place, lambda: steps.decode(record_at(place)))

        return mapped(numbered, lambda number, place: self.changed(number, at(place), at), parallel=True)

    def examples_in_turn(self, skip, cache):
        """Does the same for a source that can only be read from its beginning, each shard its own records."""
        source, decode = self.steps.source, self.steps.decode
        records = source.records().shard(self.num_shards, self.shard_index)
        count = len(range(self.shard_index, len(source), self.num_shards))

        def number(index):
            return index * self.num_shards + self.shard_index

        if _fits(mapped(records, decode), count, cache):
            examples = mapped(records, decode, parallel=True).cache()
            numbered = buffered(examples, count, self.seed, skip)
            return mapped(numbered, lambda index, example: self.changed(number(index), example), parallel=True)
        numbered = buffered(records, count, self.seed, skip)
        return mapped(numbered, lambda index, record: self.changed(number(index), decode(record)), parallel=True)

    def changed(self, number, example, at=None):
        """Returns inputs and targets of an example, by its number in the stream of all shards.

        Args:
            number: its number.
            example: the example as it was decoded.
            at: function of a place among the records to the example there, for what mixes several.
        """
        if self.augment is None:
            return self.weighted(*self.steps.finish(self.steps.fit(example)))
        seed = tf.stack([tf.constant(self.seed, tf.int64), number])

        def another(seed):
            which, how = tf.unstack(tf.random.split(seed, 2))
            return self.augmented(
                at(tf.random.stateless_uniform([], which, 0, len(self.steps.source), tf.int64)), how
            )

        changed = mixed(self.augmented(example, seed), self.augment, self.steps.size, seed, another)
        return self.weighted(*self.steps.finish(changed))

    def augmented(self, example, seed):
        """Returns an example as the `Augment` changes it, in the frame."""
        return self.augment(example, self.steps.size, seed, self.steps.source.flip_pairs, self.steps.resizing)

    def weighted(self, inputs, targets):
        """Adds the weights of the pixels, where they have some."""
        if self.pixel_weights is None:
            return inputs, targets
        weights = tf.numpy_function(self.pixel_weights, [targets], tf.float32)
        return inputs, targets, tf.ensure_shape(weights, targets.shape)


def _fits(examples, count, cache):
    """Says whether `count` examples may be kept in memory, judged by the first few."""
    if cache != "auto":
        return cache
    sampled = [
        sum(value.nbytes for value in example.values()) for example in examples.take(SAMPLED).as_numpy_iterator()
    ]
    return count * sum(sampled) / len(sampled) < CACHE_SHARE * psutil.virtual_memory().available


def _check_source(source, task, num_shards, shard_index):
    if task not in TARGETS:
        raise InputError(f"the pipeline knows the tasks {', '.join(TARGETS)}, received {task!r}")
    check_targets(source, task)
    if not 0 <= shard_index < num_shards:
        raise InputError(f"shard_index is one of 0 to num_shards - 1 = {num_shards - 1}, received {shard_index}")
    if len(source) < num_shards:
        raise InputError(f"{source.spec} has {len(source)} usable pictures, too few for {num_shards} shards")


def _check_numbers(picture_size, batch_size, skip, cache, channels, max_objects, num_proposals):
    if len(picture_size) != 2 or min(picture_size) < 1:
        raise InputError(f"picture_size is (height, width) in pixels, received {picture_size}")
    if min(batch_size, max_objects) < 1:
        raise InputError(f"batch_size and max_objects are 1 or more, received {batch_size}, {max_objects}")
    if num_proposals < 1:
        raise InputError(f"num_proposals is 1 or more, received {num_proposals}")
    if skip < 0:
        raise InputError(f"skip is 0 or more, received {skip}")
    if cache not in ("auto", True, False):
        raise InputError(f"cache is 'auto', True or False, received {cache!r}")
    if channels not in (1, 3):
        raise InputError(f"channels is 3 (RGB) or 1 (grey), received {channels}")
