"""Training FCN-ResNet-50 in mixed bfloat16, batches of 16 at 480 x 480, against torchvision's: for an accelerator.

Both have the auxiliary head and learn from the same pictures in memory, in processes of their own, taking turns;
ZOO_TORCH_PYTHON names the Python of an environment with torch and torchvision. KERAS_BACKEND chooses ours.
"""

import os
import sys

import numpy as np

from benchmarks.peer import Peer, answer, take_turns

SIDE, BATCH, STEPS, CLASSES = 480, 16, 20, 21
LEARNING_RATE = 0.01
REPEATS = 5


def run():
    torch_python = os.environ.get("ZOO_TORCH_PYTHON")
    if not torch_python:
        return [{"figure": "FCN-ResNet-50's training", "value": "not run: ZOO_TORCH_PYTHON is unset"}]
    ways = {
        "ours": Peer(sys.executable, "fcn_training"),
        "torchvision": Peer(torch_python, "torchvision_fcn"),
    }
    took = take_turns(ways, REPEATS)
    rate = {way: BATCH * STEPS / took[way].seconds for way in ways}
    return [
        *({"figure": f"{way}, pictures/s", "value": round(rate[way], 1)} for way in ways),
        {"figure": "ours over torchvision", "value": round(rate["ours"] / rate["torchvision"], 2)},
    ]


def data():
    """Draws the pictures `(N, 480, 480, 3)` and labels `(N, 480, 480)`, uint8, void at the top."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH * STEPS, SIDE, SIDE, 3), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, (BATCH * STEPS, SIDE, SIDE), dtype=np.uint8)
    labels[:, :20] = 255
    return images, labels


def train():
    """Takes our turns: an epoch each."""
    import keras

    import zoo

    keras.config.set_dtype_policy("mixed_bfloat16")
    model = zoo.fcn_resnet50(CLASSES, input_shape=(SIDE, SIDE, 3))
    model.compile(keras.optimizers.SGD(LEARNING_RATE, momentum=0.9))
    images, labels = data()

    def epoch():
        return model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0).history["loss"][-1]

    answer(epoch)


if __name__ == "__main__":
    train()
