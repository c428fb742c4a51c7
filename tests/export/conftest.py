import keras
import numpy as np
import pytest
from keras import layers

import export
from export.ways import CALIBRATED
from tests.export.writing import SUFFIXES, solved
from zoo.segmentation.segmenter import Segmenter

SIZE = 32, 48
COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]], np.uint8)


def scenes(count, seed):
    """Returns `(count, 32, 48, 3)` noisy pictures of coloured rectangles and their `(count, 32, 48)` classes."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((count, *SIZE), np.int32)
    for label in labels:
        for _ in range(3):
            top, left = rng.integers(0, 24), rng.integers(0, 36)
            label[top : top + 14, left : left + 18] = rng.integers(0, 3)
    noise = rng.normal(0, 12, (count, *SIZE, 3))
    return np.clip(COLOURS[labels] + noise, 0, 255).astype(np.uint8), labels


def toy(middle=None):
    """Builds a two-level encoder-decoder of few filters; `middle` is one more step between its halves."""
    image = layers.Input((None, None, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1.0)(image)
    x = fine = conv_bn_relu(x, 8, "encoder")
    x = conv_bn_relu(layers.MaxPooling2D(name="pool")(x), 8, "middle")
    if middle is not None:
        x = middle(x)
    x = layers.Concatenate(name="skip")([layers.Conv2DTranspose(8, 2, strides=2, name="up")(x), fine])
    x = conv_bn_relu(x, 32, "decoder")
    model = Segmenter(image, {"logits": layers.Conv2D(3, 1, dtype="float32", name="logits")(x)}, name="toy")
    model.class_names, model.image_size = ("red", "green", "blue"), SIZE
    return model


def conv_bn_relu(x, filters, name):
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(momentum=0.0, name=f"{name}_bn")(x))


@pytest.fixture(scope="session")
def model():
    """A toy segmenter to which its classes are clear, as agreement means nothing on a random network."""
    keras.utils.set_random_seed(0)
    pictures, labels = scenes(16, seed=0)
    return solved(toy(), "logits", pictures.astype(np.float32), 8.0 * np.eye(3)[labels] - 4.0)


@pytest.fixture(scope="session")
def pictures():
    """Five pictures that the model was not trained on."""
    return scenes(5, seed=1)[0]


@pytest.fixture(scope="session")
def labels():
    """The classes of `pictures`."""
    return scenes(5, seed=1)[1]


@pytest.fixture(scope="session")
def exported(model, tmp_path_factory):
    """Returns a function of format and quantize to the artifact, each one made once."""
    made = {}

    def artifact(format, quantize=None, batch_size=1):
        key = format, quantize, batch_size
        if key not in made:
            path = tmp_path_factory.mktemp("artifact") / f"toy{SUFFIXES[format]}"
            pictures, targets = scenes(2, seed=3)
            made[key] = export.export(
                model,
                path,
                format,
                quantize=quantize,
                batch_size=batch_size,
                representative=scenes(8, seed=2)[0] if quantize in CALIBRATED else None,
                source="scenes",
                pictures=pictures,
                targets=targets,
            )
        return made[key]

    return artifact
