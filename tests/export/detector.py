"""A toy detector with leaky ReLUs and a concatenation, and scenes that it knows."""

from functools import cache

import keras
import numpy as np
from keras import layers

from tests.export.writing import solved
from zoo.detection.yolo_v2 import YoloV2

SIZE = 48, 64
COLOURS = np.array([[210, 50, 50], [50, 210, 50]], np.uint8)


def scenes(count, seed):
    """Returns `(count, 48, 64, 3)` noisy pictures of one or two coloured squares, and their padded targets."""
    rng = np.random.default_rng(seed)
    pictures = np.full((count, *SIZE, 3), 60.0)
    boxes, labels = np.zeros((count, 3, 4), np.float32), np.full((count, 3), -1, np.int32)
    for picture, box, label in zip(pictures, boxes, labels, strict=True):
        for i in range(rng.integers(1, 3)):
            side, label[i] = rng.integers(14, 22), rng.integers(0, 2)
            x, y = 32 * i + rng.integers(0, 32 - side), rng.integers(0, 48 - side)
            picture[y : y + side, x : x + side] = COLOURS[label[i]]
            box[i] = x, y, x + side, y + side
    noise = rng.normal(0, 8, pictures.shape)
    return np.clip(pictures + noise, 0, 255).astype(np.uint8), {"boxes": boxes, "labels": labels}


STRIDE, ANCHOR = 8, 2.25


def toy_detector():
    """Builds three levels of few filters, a cell of eight pixels and one anchor."""
    image = layers.Input((*SIZE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1.0)(image)
    for i in range(3):
        x = layers.MaxPooling2D(name=f"pool{i}")(conv_bn_leaky(x, f"block{i}"))
    x = layers.Concatenate(name="concat")([x, conv_bn_leaky(x, "wide")])
    grid = layers.Conv2D(7, 1, name="grid")(conv_bn_leaky(x, "head", 128))
    model = YoloV2(image, {"grid": grid}, name="toy_detector")
    model.num_classes, model.anchors, model.stride = 2, ((ANCHOR, ANCHOR),), (STRIDE, STRIDE)
    model.class_names, model.image_size = ("red", "green"), SIZE
    return model


def conv_bn_leaky(x, name, filters=16):
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv")(x)
    return layers.LeakyReLU(0.1, name=f"{name}_leaky")(layers.BatchNormalization(momentum=0.0, name=f"{name}_bn")(x))


@cache
def knowing_detector():
    """Returns a toy, always the same, whose detections are clear: on a random one agreement and AP mean nothing."""
    keras.utils.set_random_seed(0)
    pictures, targets = scenes(384, seed=0)
    grid = np.full((len(pictures), SIZE[0] // STRIDE, SIZE[1] // STRIDE, 7), np.nan)
    grid[..., 4] = -3.0  # no object: what the rest says does not matter
    for cells, boxes, labels in zip(grid, targets["boxes"], targets["labels"], strict=True):
        for (x1, y1, x2, y2), label in zip(boxes[labels >= 0], labels[labels >= 0], strict=True):
            centre = np.array([x1 + x2, y1 + y2]) / 2 / STRIDE
            column, row = centre.astype(int)
            place = np.clip(centre % 1, 0.05, 0.95)
            sides = np.array([x2 - x1, y2 - y1]) / STRIDE / ANCHOR
            classes = np.where(np.arange(2) == label, 3.0, -3.0)
            cells[row, column] = *np.log(place / (1 - place)), *np.log(sides), 10.0, *classes
    return solved(toy_detector(), "grid", pictures.astype(np.float32), grid)


def examples(pictures, targets):
    """Returns `(picture, its targets)` as `verify` takes them."""
    return [(picture, {k: v[i] for k, v in targets.items()}) for i, picture in enumerate(pictures)]
