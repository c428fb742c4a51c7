"""Conversion in a process of its own: whatever backend trained the model, TensorFlow writes the artifact.

`convert` starts the process and waits, `main` is what it runs.
"""

import importlib
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from export.source import all_layers
from zoo.errors import InputError

PACKAGES = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime", "ai-edge-litert", "ai-edge-quantizer")


class ConversionError(RuntimeError):
    """A converter failed on a model that should have worked; the message is the converter's own."""


def convert(model, target, format, **options):
    """Writes a model to `target` in a child process.

    Args:
        model: a `zoo.ZooModel` on any backend.
        target: file or folder to make; its folder also takes the child's files.
        format: "saved_model", "onnx" or "tflite".
        **options: of the format's `write`.
    Returns:
        Dict of inputs, outputs, operators and versions.
    Raises:
        InputError: what the writer says about the model.
        ConversionError: if the converter fails otherwise.
    """
    import numpy as np

    folder = Path(target).parent
    representative = options.pop("representative", None)
    if representative is not None:
        np.savez(folder / "representative.npz", **representative)
    model.save(folder / "model.keras")
    job = folder / "job.json"
    order = {"target": str(target), "format": format, "options": options, "modules": modules_of(model)}
    job.write_text(json.dumps(order))
    with open(folder / "log", "wb") as log:
        # The child's standard input closes with this process, however it ends: see `end_with_parent`.
        child = subprocess.Popen(
            [sys.executable, "-c", "from export.convert import main; main()", str(job)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment(),
        )
        try:
            child.wait()
        finally:
            child.kill()
            child.stdin.close()
            child.wait()
    result = folder / "result.json"
    if not result.exists():
        raise ConversionError(f"conversion to {format} failed: {cause(folder / 'log')}")
    report = json.loads(result.read_text())
    if "error" in report:
        raise InputError(report["error"])
    return report


def environment():
    """Returns the child's environment: this process's import path, the TensorFlow backend, no GPU."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p or os.getcwd() for p in sys.path),
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def modules_of(model):
    """Returns the modules that define the model's own kinds of layers, which Keras finds only once imported."""
    modules = {type(layer).__module__ for layer in (model, *all_layers(model))}
    return sorted(m for m in modules if m != "__main__" and m.split(".")[0] != "keras")


def cause(log, length=600):
    """Returns the first exception of a log, which later ones only wrap, or what the log ends with."""
    text = re.sub(r"\x1b\[\d+m", "", log.read_text(errors="replace"))
    root = re.split(r"\n(?:During handling of|The above exception)", text)[0]
    exception = re.search(r"^[\w.]+(?:Error|Exception): .*", root, re.MULTILINE | re.DOTALL)
    words = " ".join((exception[0] if exception else text[-length:]).split())
    return words[:length] or "the process ended without a word"


def main():
    """Does the job of the file that `convert` wrote, and leaves `result.json` beside it."""
    job = Path(sys.argv[1])
    folder = job.parent
    end_with_parent(folder)

    import keras
    import numpy as np

    from export.source import in_float32

    job = json.loads(job.read_text())
    for module in job["modules"]:
        importlib.import_module(module)
    representative = folder / "representative.npz"
    if representative.exists():
        job["options"]["representative"] = dict(np.load(representative))
    try:
        writer = importlib.import_module(f"export.{job['format']}")
        model = in_float32(keras.saving.load_model(folder / "model.keras", compile=False))
        writer.write(model, job["target"], **job["options"])
        inputs, outputs, operators = writer.inspect(job["target"])
        report = {"inputs": inputs, "outputs": outputs, "operators": operators, "versions": versions()}
    except InputError as error:
        report = {"error": str(error)}
    unfinished = folder / "result.part"
    unfinished.write_text(json.dumps(report))
    unfinished.replace(folder / "result.json")


def versions():
    """Returns the versions of the packages that make artifacts."""
    from importlib.metadata import version

    return {name: version(name) for name in ("regionzoo", *PACKAGES)}


def end_with_parent(folder):
    """Ends this process and removes its folder when the parent is gone, however it went."""

    def watch():
        import shutil

        sys.stdin.read()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
