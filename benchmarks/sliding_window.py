"""Every 64-pixel window of a 512 x 512 picture, 8 pixels apart: in one pass against crop by crop."""

import time

import keras
import numpy as np
from keras import layers

from zoo.detection.sliding_window import crop_by_crop, sliding_window
from zoo.fully_convolutional import convolutionalize

PICTURE = (512, 512, 3)
WINDOW = (64, 64, 3)
CLASSES = 21
REPEATS = 5


def run():
    keras.utils.set_random_seed(0)
    picture = np.random.default_rng(0).integers(0, 256, PICTURE).astype("float32")
    crops = classifier()
    model = convolutionalize(crops)
    ways = {
        "crop by crop": lambda: crop_by_crop(crops, picture, model.stride),
        "in one pass": lambda: np.asarray(model.predict_on_batch(picture[None]))[0],
        "with suppression": lambda: sliding_window(model, picture, WINDOW[:1], score_threshold=0.0),
    }
    results = {name: way() for name, way in ways.items()}
    seconds = {name: [] for name in ways}
    for _ in range(REPEATS):  # interleaved, so that a machine that drifts drifts for all
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    ms = {name: 1e3 * float(np.median(found)) for name, found in seconds.items()}
    slow, fast = (results[name] for name in ("crop by crop", "in one pass"))
    return [
        {"figure": "windows", "value": slow.shape[0] * slow.shape[1]},
        *({"figure": f"{name}, ms", "value": round(value)} for name, value in ms.items()),
        {
            "figure": "one pass over crop by crop, speed",
            "value": round(ms["crop by crop"] / ms["in one pass"], 1),
            "target": ">= 5",
        },
        {
            "figure": "largest difference, share of the largest logit",
            "value": float(f"{np.abs(fast - slow).max() / np.abs(slow).max():.1e}"),
            "target": "<= 1e-5",
        },
    ]


def classifier():
    """Three unpadded convolutions with poolings, stride 8, and two dense layers, as in the lectures."""
    return keras.Sequential(
        [
            keras.Input(WINDOW),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(CLASSES),
        ],
        name="crops",
    )
