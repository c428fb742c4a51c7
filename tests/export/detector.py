"""A toy detector with leaky ReLUs and a concatenation, and scenes it learns in seconds."""

import keras
import numpy as np
from keras import layers

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


def toy_detector():
    """Builds three levels of sixteen filters, a cell of eight pixels and one anchor."""
    image = layers.Input((*SIZE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1.0)(image)
    for i in range(3):
        x = layers.MaxPooling2D(name=f"pool{i}")(conv_bn_leaky(x, f"block{i}"))
    x = layers.Concatenate(name="concat")([x, conv_bn_leaky(x, "wide")])
    grid = layers.Conv2D(7, 1, name="grid")(conv_bn_leaky(x, "head"))
    model = YoloV2(image, {"grid": grid}, name="toy_detector")
    model.num_classes, model.anchors, model.stride = 2, ((2.25, 2.25),), (8, 8)
    model.class_names, model.image_size = ("red", "green"), SIZE
    return model


def conv_bn_leaky(x, name):
    x = layers.Conv2D(16, 3, padding="same", name=f"{name}_conv")(x)
    return layers.LeakyReLU(0.1, name=f"{name}_leaky")(layers.BatchNormalization(momentum=0.8, name=f"{name}_bn")(x))


def trained_detector():
    """Returns a toy whose detections are clear: on a random network neither agreement nor AP means anything."""
    keras.utils.set_random_seed(0)
    model = toy_detector()
    pictures, targets = scenes(96, seed=0)
    model.compile(keras.optimizers.Adam(5e-3))
    model.fit(pictures.astype(np.float32), targets, batch_size=16, epochs=25, verbose=0)
    return model


def examples(pictures, targets):
    """Returns `(picture, its targets)` as `verify` takes them."""
    return [(picture, {k: v[i] for k, v in targets.items()}) for i, picture in enumerate(pictures)]
