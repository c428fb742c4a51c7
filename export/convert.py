"""Conversion: TensorFlow writes every artifact, whatever backend trained the model.

Where this process computes on TensorFlow and on the CPU, it converts the model itself; else a child process does, so
that no second framework and no GPU's kernels come into it. `convert` waits for either; `main` is what the child runs.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

from export.form import Form
from export.imports import without_optional
from export.quiet import native_stderr_held
from export.source import all_layers
from zoo.errors import InputError

PACKAGES = (
    "keras",
    "tensorflow",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "ai-edge-litert",
    "ai-edge-quantizer",
    "openvino",
)


class ConversionError(RuntimeError):
    """A converter failed on a model that should have worked; the message is the converter's own."""


def convert(model, target, format, *, form, **options):
    """Writes a model to `target`.

    Args:
        model: a `zoo.ZooModel` on any backend, computing in float32.
        target: file or folder to make; its folder also takes the child's files.
        format: "saved_model", "onnx", "tflite" or "openvino".
        form: the file's `export.form.Form`.
        **options: the others of the format's `write`.
    Returns:
        Dict of inputs, outputs, operators and versions, and `search`, what `export.search` found.
    Raises:
        InputError: what the writer says about the model.
        ConversionError: if the converter fails otherwise.
    """
    work = convert_here if on_tensorflow_cpu() else convert_in_child
    try:
        return work(model, Path(target), format, form, options)
    except (InputError, ConversionError):
        raise
    except Exception as error:
        raise ConversionError(f"conversion to {format} failed: {root_cause(error)}") from error


def on_tensorflow_cpu():
    """Says whether Keras computes on TensorFlow in this process, on no GPU and not spread over devices."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.get_visible_devices("GPU") and not tf.distribute.has_strategy()


def convert_here(model, target, format, form, options):
    """Converts in this process; what the converters print is shown only if they fail."""
    try:
        with native_stderr_held(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return written(model, target, format, form, options)
    finally:
        gc.collect()  # a traced graph, which holds all weights, is a cycle


def written(model, target, format, form, options):
    """Writes a file and returns what is in it, and the versions of what made it."""
    writer = importlib.import_module(f"export.{format}")
    found = writer.write(model, target, form=form, **options)
    inputs, outputs, operators = writer.inspect(target)
    outputs = list(form.ordered({output["name"]: output for output in outputs}).values())
    return {"inputs": inputs, "outputs": outputs, "operators": operators, "versions": versions(), "search": found}


def convert_in_child(model, target, format, form, options):
    """Hands the model to a child process through files beside the target, and reads its report."""
    import numpy as np

    folder = target.parent
    representative = options.pop("representative", None)
    if representative is not None:
        np.savez(folder / "representative.npz", **representative)
    model.save(folder / "model.keras")
    job = folder / "job.json"
    order = {
        "target": str(target),
        "format": format,
        "form": form.to_dict(),
        "options": options,
        "modules": modules_of(model),
    }
    job.write_text(json.dumps(order))
    result = folder / "result.json"
    result.unlink(missing_ok=True)  # of an earlier attempt at the same target
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
    report = json.loads(result.read_text()) if result.exists() else {"failure": last_words(folder / "log")}
    if "refusal" in report:
        raise InputError(report["refusal"])
    if "failure" in report:
        raise ConversionError(f"conversion to {format} failed: {report['failure']}")
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


def main():
    """Does the job of the file that `convert_in_child` wrote, and leaves `result.json` beside it."""
    job = Path(sys.argv[1])
    folder = job.parent
    end_with_parent(folder)
    try:
        report = done(json.loads(job.read_text()), folder)
    except InputError as error:
        report = {"refusal": str(error)}
    except Exception as error:
        report = {"failure": root_cause(error)}
    unfinished = folder / "result.part"
    unfinished.write_text(json.dumps(report))
    unfinished.replace(folder / "result.json")


def done(job, folder):
    """Loads what `convert_in_child` saved in the folder, and converts it."""
    import numpy as np

    with without_optional():
        import keras
    for module in job["modules"]:
        importlib.import_module(module)
    representative = folder / "representative.npz"
    if representative.exists():
        job["options"]["representative"] = dict(np.load(representative))
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    return written(model, job["target"], job["format"], Form.from_dict(job["form"]), job["options"])


def versions():
    """Returns the versions of those packages that make artifacts and are installed."""
    from importlib.metadata import distributions

    known = {"regionzoo", *PACKAGES}
    installed = {one.metadata["Name"].lower().replace("_", "-"): one.version for one in distributions()}
    return {name: installed[name] for name in sorted(known & set(installed))}


def root_cause(error):
    """Returns in one line the exception that an error wraps, or itself."""
    while inner := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = inner
    return first_words(f"{type(error).__name__}: {error}")


def last_words(log):
    """Returns in one line what the log of a process that died ends with."""
    return first_words(log.read_text(errors="replace")[-600:]) or "the process ended without a word"


def first_words(text, length=600):
    """Returns the first words of a text, without line breaks."""
    return " ".join(text.split())[:length]


def end_with_parent(folder):
    """Ends this process and removes its folder when the parent is gone, however it went."""

    def watch():
        import shutil

        sys.stdin.read()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
