"""Our side of the `rcnn_*` benchmarks, and torchvision's ONNX file in the same ONNX Runtime: one way a process."""

import os
import runpy
import sys

import numpy as np

from benchmarks.peer import ROOT, answer

# By its file: importing `zoo` would load Keras and TensorFlow, which the runtimes do without.
PASTE = runpy.run_path(str(ROOT / "zoo/ops/masks.py"))["paste"]


def predict(path, picture_path):
    """Predicts one picture with Keras."""
    import keras

    import zoo  # noqa: F401  # what the file is made of

    model, picture = keras.saving.load_model(path), np.load(picture_path)[None]
    answer(lambda: found(model.predict(picture, verbose=0), picture))


def artifact(path, picture_path):
    """Likewise with an exported file, in its runtime."""
    import export

    predictor, picture = export.load(path, threads=os.cpu_count()), np.load(picture_path)[None]
    answer(lambda: found(predictor.call(predictor.inputs_of(picture)), picture))


def found(predictions, picture):
    """Returns how many objects there are; masks are pasted into the picture first, as torchvision does."""
    count = int(predictions["count"][0])
    if "masks" in predictions:
        PASTE(predictions["masks"][0, :count], predictions["boxes"][0, :count], picture.shape[1:3], threshold=None)
    return count


def export_file(path, picture_path, target, quantize=None):
    """Exports a model, comparison with Keras included."""
    import keras

    import zoo  # noqa: F401  # what the file is made of
    from benchmarks.untrained import export_untrained

    picture = np.load(picture_path)[None]
    answer(lambda: export_untrained(keras.saving.load_model(path), target, quantize, picture))


def torchvision_onnx(path, picture_path):
    """Likewise with torchvision's export, whose input is `(3, H, W)` in 0..1 and whose first output is the boxes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    picture = np.load(picture_path).transpose(2, 0, 1).astype("float32") / 255
    answer(lambda: len(session.run(None, {session.get_inputs()[0].name: picture})[0]))


def train(path, batch_path, *frozen):
    """Trains on one batch with Keras, without the layers of those patterns; returns the loss."""
    import keras

    from zoo.rates import freeze

    model, data = keras.saving.load_model(path), np.load(batch_path)
    freeze(model, frozen)
    targets = {key: data[key] for key in ("boxes", "labels", "masks")}
    model.compile(keras.optimizers.SGD(float(data["learning_rate"]), momentum=0.9))
    answer(lambda: float(model.train_on_batch(data["images"], targets, return_dict=True)["loss"]))


if __name__ == "__main__":
    way, *arguments = sys.argv[1:]
    ways = {
        "predict": predict,
        "artifact": artifact,
        "export": export_file,
        "torchvision_onnx": torchvision_onnx,
        "train": train,
    }
    ways[way](*arguments)
