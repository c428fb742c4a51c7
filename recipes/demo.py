"""The main job: one road from drawn pictures to verified artifacts, in about three minutes on two cores."""

import json
import os
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console

import export
from recipes.data import open_source
from recipes.data.examples import letterboxed, representative
from recipes.data.graph import mapped
from recipes.deploy.predict import predict
from recipes.deploy.ship import artifact_path
from recipes.evaluation.evaluate import evaluate
from recipes.report import run
from recipes.report.tables import figure
from recipes.training.recipe import load
from recipes.training.settings import change
from recipes.training.train import train
from zoo.errors import InputError
from zoo.files import replace_file, replace_text
from zoo.progress import track

ARTIFACTS = (("saved_model", None), ("onnx", None), ("tflite", None), ("tflite", "int8"))
UNSEEN = "shapes:test"
CALIBRATION = 100
COMPARED = 100
FIRST = 8
"""Pictures that int8 learns from, that artifacts are compared on, and that an export compares first."""
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
    chosen = change(load("unet_shapes"), settings)
    trained = train(chosen, workdir, resume=Path(workdir, "recipe.json").is_file())
    say(f"2 of 5  measuring it on pictures it has not seen ({UNSEEN})")
    scores = run.write_metrics(trained, UNSEEN)
    rows = [{"name": "Keras", "miou": scores["miou"], "size": trained.model.stat().st_size}]
    say("3 of 5  exporting, verifying and timing each format")
    rows += shipped(trained)
    say("4 of 5  predicting pictures from files with the ONNX artifact")
    predict_files(trained)
    say("5 of 5  writing the report")
    for row in rows:
        scores |= {f"{key}/{row['name']}": value for key, value in row.items() if key != "name"}
    replace_text(trained.metrics, json.dumps({"data": UNSEEN, **scores}, indent=2) + "\n")
    run.report(trained)
    return rows


def shipped(trained):
    """Exports each format, verifies it on the unseen pictures, measures and times it; yields a row for each."""
    model, unseen = export.load(trained.model).model, open_source(UNSEEN)
    examples = list(letterboxed(unseen, model.task, model.image_size, COMPARED))
    seen = representative(open_source("shapes:train"), model.image_size, CALIBRATION, model.resizing)
    first, targets = zip(*examples[:FIRST], strict=True)
    trained.artifacts.mkdir(exist_ok=True)
    for format, quantize in track(ARTIFACTS, "exporting", len(ARTIFACTS)):
        path = artifact_path(trained.model, format, quantize)
        calibration = seen if quantize == "int8" else None
        export.export(
            model,
            path,
            format,
            quantize=quantize,
            representative=calibration,
            source="shapes:train",
            pictures=np.stack(first),
            targets=targets,
        )
        found = export.verify(path, model, examples)
        if not found.passed:
            raise InputError(f"{path} differs from Keras: {'; '.join(found.failures)}")
        timed = export.benchmark(path, runs=RUNS, threads=os.cpu_count())
        run.keep(path, "verification", found)
        run.keep(path, "benchmark", timed)
        row = {
            "name": f"{format} {quantize}" if quantize else format,
            "miou": evaluate(export.load(path), unseen)["miou"],
            "agreement": found.agreement,
            "p50_ms": timed.p50_ms,
            "peak_memory": timed.peak_memory,
            "size": timed.size,
        }
        print(f"{row['name']}: mIoU {figure(row['miou'])}, {row['p50_ms']:.1f} ms a picture")
        yield row


def predict_files(trained):
    """Writes a few unseen pictures as files and predicts them as a user would predict his own."""
    pictures = trained.path / "pictures"
    pictures.mkdir(exist_ok=True)
    source = open_source(UNSEEN)
    examples = mapped(source.records().take(PICTURES), source.decode).as_numpy_iterator()
    for i, example in enumerate(examples):
        replace_file(pictures / f"shapes-{i}.png", Image.fromarray(example["image"]).save)
    predict(export.load(trained.artifacts / "model.onnx"), [pictures], trained.path / "predictions")
