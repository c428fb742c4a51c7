"""Step 3: what the network says of every region, on disk."""

import keras
import numpy as np
from keras import layers

from export.inputs import filled
from zoo.errors import InputError
from zoo.progress import track

NORM = 20.0
"""Mean length that features are scaled to before SVMs and regressions learn (rcnn_scale_features.m): what their
constants of regularisation are made for."""


def write_features(path, layer, key, regions, pictures, rows, progress):
    """Writes features to an .npy file, float16.

    Args:
        path: the file.
        layer: the `RegionFeatures` of the model.
        key: "fc7" or "pool5".
        regions: `Regions`.
        pictures: `(N, H, W, 3)` uint8.
        rows: which regions, `(n,)` in order.
        progress: what to call the progress bar.
    """
    counts = np.bincount(regions.pictures[rows], minlength=len(pictures))
    image, boxes = layers.Input(pictures.shape[1:]), layers.Input((max(1, counts.max()), 4))
    described = keras.Model([image, boxes], layer([image, boxes])[key])
    features = np.lib.format.open_memmap(path, "w+", np.float16, (len(rows), described.output.shape[-1]))
    ends = np.cumsum(counts)
    for i in track(np.flatnonzero(counts), progress, np.count_nonzero(counts)):
        part = slice(ends[i] - counts[i], ends[i])
        found = described.predict_on_batch(
            [np.asarray(pictures[i : i + 1], "float32"), filled(regions.boxes[rows[part]], boxes.shape[1])[None]]
        )
        features[part] = found[0, : counts[i]]
    features.flush()


def scale_of(features):
    """Returns the factor that makes the rows `NORM` long on average.

    Raises:
        InputError: if the features are no numbers, or all 0.
    """
    norm = np.mean([np.linalg.norm(np.asarray(part, "float32"), axis=1).mean() for part in parts(features)])
    if not (np.isfinite(norm) and norm > 0):
        raise InputError(
            f"the network's features have a mean length of {norm}: it learned nothing; lower learning_rate"
        )
    return float(NORM / norm)


def parts(features, rows=4096):
    """Yields a matrix on disk a few rows at a time."""
    for start in range(0, len(features), rows):
        yield features[start : start + rows]
