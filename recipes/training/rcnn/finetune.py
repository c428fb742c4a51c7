"""Step 2: the network learns to classify warped regions."""

import keras
import numpy as np
from keras import layers, ops

from recipes.training.epochs import fit
from recipes.training.rates import rates_of
from recipes.training.schedule import optimizer
from zoo.errors import InputError
from zoo.rates import freeze

POSITIVE = 0.5
"""Least IoU with an object of a region that shows it."""
POSITIVES = 1 / 4
"""Share of such regions in a batch (section 2.3: 32 of 128)."""


def finetune(model, recipe, regions, pictures, workdir):
    """Trains an `Rcnn`'s network under a softmax over C + 1 classes, 0 for background.

    A region with an IoU of 0.5 or more with an object has its class, all others are background. An epoch is as many
    batches as show each region with an object once. It continues after the newest checkpoint in `workdir`.

    Args:
        model: an `Rcnn`, whose network is changed in place.
        recipe: the `Recipe`; its `batch_size` counts regions, of its augmentation only the flips apply to them.
        regions: `Regions`.
        pictures: `(N, H, W, 3)` uint8, where they lie.
        workdir: the run's `Workdir`.

    Returns:
        Whether there was anything left to train.

    Raises:
        InputError: if there is no background among the regions, or the loss stops being a number.
    """
    positives, background = positives_and_background(regions)
    if not len(background):
        raise InputError(
            f"all {len(regions)} regions overlap an object: raise num_proposals or choose other proposals, "
            "as the network needs background too"
        )
    freeze(model, rates_of(recipe).freeze)
    classifier = with_softmax(model)
    steps = max(1, round(len(positives) / (POSITIVES * recipe.batch_size)))
    classifier.compile(
        optimizer(recipe, steps),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    classifier.optimizer.build(classifier.trainable_variables)
    print(f"step 2 of 5: fine-tuning on {len(positives)} regions with an object and {len(background)} without")
    layer = model.get_layer("regions")
    return fit(
        classifier,
        recipe,
        workdir,
        steps,
        lambda done: batches(layer, recipe, regions, pictures, first=done),
        epochs=recipe.epochs,
    )


def with_softmax(model):
    """Returns the network of an `Rcnn` with a layer of logits over C + 1 classes after it."""
    network = model.get_layer("regions").network
    faint = keras.initializers.RandomNormal(stddev=0.01)  # pascal_finetune_train.prototxt
    logits = layers.Dense(model.num_classes + 1, kernel_initializer=faint, dtype="float32", name="logits")
    return keras.Model(network.input, logits(network.output["fc7"]), name="classifier")


def positives_and_background(regions):
    """Returns the indices of the regions that show an object, and of those that do not."""
    shows = regions.overlap >= POSITIVE
    return np.flatnonzero(shows), np.flatnonzero(~shows)


def batches(layer, recipe, regions, pictures, first=0):
    """Yields `(crops (B, S, S, 3) float32, labels (B,) int32)` without end, labels from 1, 0 for background.

    Each batch depends on the seed and its number alone.

    Args:
        layer: the `RegionFeatures` that warps.
        recipe: the `Recipe`.
        regions: `Regions`.
        pictures: `(N, H, W, 3)` uint8.
        first: number of the first batch.
    """
    positives, background = positives_and_background(regions)
    labels = np.where(regions.overlap >= POSITIVE, regions.labels + 1, 0).astype(np.int32)
    count = round(POSITIVES * recipe.batch_size)
    number = first
    while True:
        rng = np.random.default_rng((recipe.seed, number))
        rows = np.concatenate([draw(rng, positives, count), draw(rng, background, recipe.batch_size - count)])
        crops = warped(layer, pictures, regions, rows)
        for axis, probability in ((2, recipe.augment.flip), (1, recipe.augment.vertical_flip)):
            flipped = rng.random(len(rows)) < probability
            crops[flipped] = np.flip(crops[flipped], axis)
        yield crops, labels[rows]
        number += 1


def draw(rng, rows, count):
    """Draws rows, none of them twice unless there are too few."""
    return rng.choice(rows, count, replace=len(rows) < count)


def warped(layer, pictures, regions, rows):
    """Returns `(len(rows), S, S, 3)` float32: what the layer's network sees of some regions."""
    used, places = np.unique(regions.pictures[rows], return_inverse=True)
    crops = layer.warp(np.asarray(pictures[used]), regions.boxes[rows], places.astype(np.int32))
    return np.array(ops.convert_to_numpy(crops))
