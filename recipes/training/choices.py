"""What a recipe for any builder and any data decides, a function a decision; `finetune` calls them in their order."""

import inspect
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice

import keras
import numpy as np
import tensorflow as tf

import zoo
from recipes.data import Augment
from recipes.data.graph import mapped
from recipes.data.targets import TARGETS
from recipes.training import memory
from recipes.training.heads import KEPT, NONE_FOUND, anchors_of, shape_of
from zoo import rates
from zoo.detection.trunks import PYRAMID_SIZES
from zoo.ops.anchors import SIZES
from zoo.weights.matching import layers_with_weights

STRIDE = 32
"""Sides of pictures are multiples of it: no network here goes further down before it comes back up."""
SIDES = 800, 1344
"""The shorter and the longer side of a picture at most, pixels, as of torchvision's detectors."""
SAMPLED = 500
"""Pictures whose size is looked at."""
EARLY = ("conv1", "conv2", "conv2_*", "res2_*", "block[12]_*", "encoder[12]_*", "stage[12]_*")
"""Layers of the first two stages of the backbones, whose features are those of any picture."""
STEPS, FEWEST, MOST = {True: 1500, False: 6000}, {True: 5, False: 20}, {True: 100, False: 300}
"""Steps that a training shall have, and the epochs it has at least and at most, by whether it begins with weights."""
BATCHES = 32
"""An epoch has so many of them, where the set is small: few steps teach little."""
LARGEST = {True: 16, False: 4}
"""Pictures of a batch at most, by whether there is a GPU: a processor is no faster with more of them."""
WARMUP = 1000, 0.1
"""Steps of the rise of the rate, and the share of all steps it takes at most."""
CLIP = 10.0
VALIDATIONS, PATIENCE = 10, 5
AUGMENT = Augment(flip=0.5, scale=(0.8, 1.25), colour=0.2)


@dataclass(frozen=True)
class Rate:
    """An optimizer with its learning rate for so many pictures a step, and where that is from."""

    optimizer: str
    learning_rate: float
    batch_size: int
    weight_decay: float
    source: str


FINE = {
    "*_rcnn_res*": Rate("sgd", 0.02, 16, 1e-4, "torchvision's references/detection"),
    "fast*_rcnn_*": Rate("sgd", 1e-3, 2, 5e-4, "Ren et al. 2015, section 3.3"),
    "rcnn_*": Rate("sgd", 1e-3, 128, 5e-4, "Girshick et al. 2014, section 2.3"),
    "fcn_resnet*": Rate("sgd", 0.02, 32, 1e-4, "torchvision's references/segmentation"),
    "*yolo*": Rate("adamw", 1e-3, 16, 5e-4, "AdamW's for few steps, as Ultralytics chooses it"),
    "*": Rate("adamw", 1e-4, 8, 1e-4, "a tenth of the rate from scratch"),
}
"""By pattern of the builder, what a fine-tuning begins with; the first that matches counts."""
SCRATCH = Rate("adamw", 1e-3, 4, 5e-4, "the rate of this house's recipes for small sets")
UNNORMALISED = replace(SCRATCH, learning_rate=1e-4, source="a network without batch normalisation bears no more")


def choose_pictures(plan, source, paper):
    """Decides how large pictures are, and how many objects of one are learned."""
    if of_any_size(plan.recipe.builder):
        size, median = picture_size(source)
        plan.decide(f"the median {median[0]}x{median[1]} in multiples of {STRIDE}", picture_size=size)
    else:
        plan.decide("the network's", picture_size=paper.picture_size)
    counts = source.num_objects()
    if counts is not None and counts.any() and "boxes" in TARGETS[plan.recipe.task]:
        pictures = plan.recipe.augment.mixed
        why = "the most of a picture" if pictures == 1 else f"the most of a picture, of which {pictures} are mixed"
        plan.decide(why, max_objects=pictures * int(counts.max()))


def begins(recipe):
    """Says whether a recipe's model begins with weights."""
    return bool(recipe.start or recipe.arguments.get("weights"))


def of_any_size(builder):
    """Says whether a builder's network takes pictures of any size."""
    return inspect.signature(zoo.BUILDERS[builder]).parameters["input_shape"].default == (None, None, 3)


def picture_size(source):
    """Returns `(height, width)` for the pictures of a source, and their median."""
    sizes = [tuple(map(int, one["size"])) for one in islice(source.outlook() or decoded(source), SAMPLED)]
    median = [int(side) for side in np.median(sizes, axis=0)]
    scale = min(1.0, SIDES[0] / min(median), SIDES[1] / max(median))
    return tuple(max(1, int(side * scale / STRIDE + 0.5)) * STRIDE for side in median), median


def decoded(source):
    """Yields the size of pictures that have to be decoded for it, spread over a source."""
    records = source.records().shard(max(1, len(source) // SAMPLED), 0)
    return mapped(records, lambda record: {"size": tf.shape(source.decode(record)["image"])[:2]}).as_numpy_iterator()


def choose_model(plan, source, paper, weights):
    """Decides what the network is built with and begins with."""
    builder = plan.recipe.builder
    known = inspect.signature(zoo.BUILDERS[builder]).parameters
    arguments = {} if of_any_size(builder) else paper.arguments
    if "pulled_pictures" in known:  # YOLO v2: offsets are drawn to the middle for an epoch, not for 12,800 pictures
        arguments = {**arguments, "pulled_pictures": len(source)}
    if weights:
        arguments = {**arguments, **shape_of(weights, builder)}
        plan.decide("given", start=str(weights))
    named, kept = {*plan.recipe.arguments}, anchors_of_weights(plan, source)
    arguments = {**arguments, **kept}
    if begins(plan.recipe) and "frozen_batch_norm" in known:
        arguments = {**arguments, "frozen_batch_norm": True}
        plan.decide("few pictures a step would spoil the weights' statistics", arguments=arguments)
    elif not begins(plan.recipe) and "batch_norm" in known:
        plan.decide("from scratch it learns faster", arguments={**arguments, "batch_norm": True})
    elif arguments:
        plan.decide("its recipe's", arguments=arguments)
    for name in {*kept} & {*plan.recipe.arguments}:
        plan.why["arguments"] += f"; {KEPT.format(name)}"
        if name == "anchors":
            plan.decide(NONE_FOUND, anchors=None)
    if "anchors" in known and of_any_size(builder) and "anchors" not in named | {*kept}:
        plan.decide("found by k-means in the boxes of data", anchors=5)
    if paper.proposals:
        plan.decide("its recipe's", proposals=paper.proposals, num_proposals=paper.num_proposals)


def anchors_of_weights(plan, source):
    """Returns the argument with the anchors of the weights' head, `{}` where others were given or there are none."""
    recipe = plan.recipe
    weights = recipe.start or recipe.arguments.get("weights")
    if recipe.anchors is not None or {"anchors", "anchor_sizes"} & {*recipe.arguments}:
        return {}
    return anchors_of(weights, recipe.builder, len(source.class_names(recipe.task)))


def choose_anchors(plan, model):
    """Decides how large the anchors of a region proposal network are, where the weights bring none."""
    shorter = min(plan.recipe.picture_size)
    names = {layer.name for layer in layers_with_weights(model)}
    if not any(name.startswith("rpn_") for name in names) or "anchor_sizes" in plan.recipe.arguments:
        return
    taken = getattr(getattr(model, "begun_with", None), "taken", ())
    of_paper, sizes = (800, PYRAMID_SIZES) if "res2_block1_conv1" in names else (600, SIZES)
    if shorter < of_paper and not any(name.startswith("rpn_") for name in taken):
        scaled = tuple(round(size * shorter / of_paper) for size in sizes)
        why = f"anchor_sizes: the paper's {sizes} for sides of {of_paper}, here {shorter}"
        plan.decide(why, arguments={**plan.recipe.arguments, "anchor_sizes": scaled})


def choose_frozen(plan, model):
    """Decides which layers keep the weights they begin with."""
    taken = set(report.taken) if (report := getattr(model, "begun_with", None)) else set()
    names = [layer.name for layer in layers_with_weights(model)]

    def frozen(pattern):
        return [name for name in names if fnmatchcase(name.removesuffix("_bn"), pattern)]

    paper = getattr(rates.PAPERS.get(plan.recipe.builder), "freeze", ())
    patterns = tuple(one for one in paper or EARLY if frozen(one) and taken >= {*frozen(one)})
    if patterns:
        plan.decide("early stages see in any picture the same", freeze=patterns)


def choose_batch(plan, source, model):
    """Decides how many pictures a batch has."""
    on_gpu = bool(keras.distribution.list_devices("gpu"))
    bounds = {
        f"memory: {memory.free() / 1e9:.1f} GB free": memory.fitting(model),
        f"{len(source)} pictures make {BATCHES} batches": max(min(2, len(source)), len(source) // BATCHES),
        "a GPU's" if on_gpu else "a processor is no faster with more": LARGEST[on_gpu],
    }
    why = min(bounds, key=bounds.get)
    plan.decide(why, batch_size=1 << (bounds[why].bit_length() - 1))


def choose_rate(plan, builder, model):
    """Decides the optimizer, and the rate in proportion to the batch, of Adam to its root."""
    recipe = plan.recipe
    normalised = any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers_with_weights(model))
    if begins(recipe):
        rate = next(rate for pattern, rate in FINE.items() if fnmatchcase(builder, pattern))
    else:
        rate = SCRATCH if normalised else UNNORMALISED
    why = SCRATCH.source if rate is UNNORMALISED else rate.source
    plan.decide(why, optimizer=rate.optimizer, weight_decay=rate.weight_decay)
    pictures = recipe.batch_size * recipe.accumulate
    power = 1.0 if rate.optimizer == "sgd" else 0.5  # Malladi et al. 2022, arXiv:2205.10287, section 4
    scaled = float(f"{rate.learning_rate * (pictures / rate.batch_size) ** power:.3g}")
    plan.decide(
        f"{rate.source}: {rate.learning_rate:g} for {rate.batch_size} pictures a step, here {pictures}",
        learning_rate=scaled,
    )
    plan.decide("against steps that heads at random would make", clip=CLIP)
    if not begins(recipe):
        plan.decide("few pictures make noisy weights", ema=0.995)


def choose_length(plan, source):
    """Decides how long, and when it is measured."""
    recipe, fine = plan.recipe, begins(plan.recipe)
    steps = max(1, len(source) // (recipe.batch_size * recipe.accumulate))
    epochs = min(max(round(STEPS[fine] / steps), FEWEST[fine]), MOST[fine])
    plan.decide(f"{steps} steps an epoch, {STEPS[fine]} in all, {FEWEST[fine]} to {MOST[fine]} epochs", epochs=epochs)
    epochs = plan.recipe.epochs
    plan.decide("falls to 0", schedule="cosine")
    warmup = float(f"{min(WARMUP[0] / steps, WARMUP[1] * epochs):.3g}")
    if not recipe.burn_in:
        plan.decide(f"{WARMUP[0]} steps, or {WARMUP[1]:.0%} of all", warmup_epochs=warmup)
    plan.decide(f"{VALIDATIONS} times in all", validate_every=max(1, epochs // VALIDATIONS))
    plan.decide("half of the validations", patience=PATIENCE)


def choose_augment(plan, source, paper):
    """Decides how pictures are changed."""
    changes = AUGMENT if of_any_size(plan.recipe.builder) else paper.augment
    if plan.recipe.proposals:
        changes = Augment(flip=changes.flip)
    why = "gentle, for few pictures"
    if "keypoints" in TARGETS[plan.recipe.task] and not source.flip_pairs:
        changes, why = replace(changes, flip=0.0), "no pairs of points that change sides are known: no flips"
    plan.decide(why, augment=changes)
