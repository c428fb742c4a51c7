"""The main job: one road from drawn pictures to verified artifacts, in minutes on two cores."""

import json
import os
from pathlib import Path

from PIL import Image
from rich.console import Console

import export
from recipes.data import open_source
from recipes.data.files import replace_file, replace_text
from recipes.deploy.predict import predict
from recipes.deploy.ship import ship, verify
from recipes.evaluation.evaluate import decoded, evaluate
from recipes.report import run
from recipes.training import recipe as recipes
from recipes.training.train import train
from recipes.training.workdir import Workdir
from zoo.errors import InputError

ARTIFACTS = (("saved_model", None), ("onnx", None), ("tflite", None), ("tflite", "int8"))
UNSEEN = "shapes:test"
PICTURES = 6
RUNS = 30


def demo(workdir, settings=()):
    """Trains, evaluates, exports, verifies, benchmarks, predicts and reports, without network.

    A folder that holds an earlier demo is continued: what was trained is not trained again.

    Args:
        workdir: folder of the run.
        settings: changes of the recipe, as `--set` takes them.

    Returns:
        One dict for Keras and for each artifact: name, miou, agreement, p50_ms, peak_memory, size.

    Raises:
        InputError: if the folder holds something else or cannot be written, or an artifact differs from Keras.
    """
    say = Console().rule
    say("1 of 5  training a small U-Net on drawn shapes")
    chosen = recipes.change(recipes.load("unet_shapes"), settings)
    trained = train(chosen, workdir, resume=Path(workdir, "recipe.json").is_file())
    say(f"2 of 5  measuring it on pictures it has not seen ({UNSEEN})")
    scores = run.write_metrics(trained, UNSEEN)
    say("3 of 5  exporting, verifying and timing each format")
    rows = [{"name": "Keras", "miou": scores["miou"], "size": trained.model.stat().st_size}]
    for format, quantize in ARTIFACTS:
        rows.append(shipped(trained, format, quantize))
        print(f"{rows[-1]['name']}: mIoU {rows[-1]['miou']:.4f}, {rows[-1]['p50_ms']:.1f} ms a picture")
    say("4 of 5  predicting pictures from files with the ONNX artifact")
    predict_files(trained)
    say("5 of 5  writing the report")
    for row in rows:
        scores |= {f"{key}/{row['name']}": value for key, value in row.items() if key != "name"}
    replace_text(trained.metrics, json.dumps({"data": UNSEEN, **scores}, indent=2) + "\n")
    run.report(trained)
    return rows


def shipped(trained: Workdir, format, quantize):
    """Exports one format, verifies it on the unseen pictures and times it."""
    artifact = ship(trained.model, format=format, quantize=quantize, data="shapes:train")
    path = Path(artifact.path)
    found = verify(path, trained.model, UNSEEN)
    if not found.passed:
        raise InputError(f"{path} differs from Keras: {'; '.join(found.failures)}")
    timed = export.benchmark(path, runs=RUNS, threads=os.cpu_count())
    run.keep(path, "verification", found)
    run.keep(path, "benchmark", timed)
    return {
        "name": f"{format} {quantize}" if quantize else format,
        "miou": evaluate(export.load(path), open_source(UNSEEN))["miou"],
        "agreement": found.agreement,
        "p50_ms": timed.p50_ms,
        "peak_memory": timed.peak_memory,
        "size": timed.size,
    }


def predict_files(trained):
    """Writes a few unseen pictures as files and predicts them as a user would predict his own."""
    pictures = trained.path / "pictures"
    pictures.mkdir(exist_ok=True)
    source = open_source(UNSEEN)
    for i, example in enumerate(decoded(source, source.records().take(PICTURES), "segmentation")):
        replace_file(pictures / f"shapes-{i}.png", Image.fromarray(example["image"]).save)
    predict(export.load(trained.artifacts / "model.onnx"), [pictures], trained.path / "predictions")
