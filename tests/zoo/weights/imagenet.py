"""BVLC GoogLeNet, a published network, and what two independent readers of its file say of three photographs."""

import numpy as np
from PIL import Image

from zoo.backbones.inception import googlenet

PROBABILITIES = {
    "dog": {250: 0.152, 248: 0.147},
    "eagle": {21: 0.683, 22: 0.310},
    "kite": {701: 0.461, 978: 0.319},
}
"""By picture, the probabilities of the two best classes of ImageNet."""


def network(zoo_data):
    """Returns the classifier with its weights, over 224 x 224 pixels."""
    file = zoo_data / "weights" / "imagenet" / "bvlc_googlenet.caffemodel"
    return googlenet(batch_norm=False, include_top=True, weights=file, input_shape=(224, 224, 3))


def centre_squares(zoo_data):
    """Returns the centre square of each picture, `(3, 224, 224, 3)` uint8, bilinear with antialiasing."""
    squares = []
    for name in PROBABILITIES:
        with Image.open(zoo_data / "samples" / f"{name}.jpg") as picture:
            side = min(picture.size)
            left, top = (picture.width - side) // 2, (picture.height - side) // 2
            square = picture.convert("RGB").crop((left, top, left + side, top + side))
            squares.append(np.asarray(square.resize((224, 224), Image.Resampling.BILINEAR)))
    return np.stack(squares)


def check(logits):
    """Asserts that logits `(3, 1000)` are those of the pictures, to the last digit that is known."""
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    for row, expected in zip(scores, PROBABILITIES.values(), strict=True):
        best = np.argsort(-row)[:2].tolist()
        assert best == list(expected)
        np.testing.assert_allclose(row[best], list(expected.values()), atol=6e-4)
