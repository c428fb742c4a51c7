"""Segmentation networks side by side: trained under one budget, then measured for accuracy, memory and speed."""

import json
import math
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from rich.console import Console

import export
from export.convert import environment
from recipes.deploy.ship import artifact_path, ship
from recipes.report import hardware, run
from recipes.report.comparison import draw_comparison
from recipes.training.train import train
from zoo.errors import InputError
from zoo.files import remove_left_over, replace_file, replace_text

FORMATS = {"SavedModel": "saved_model", "ONNX": "onnx", "LiteRT": "tflite"}
CALLS = 30
WARMUP = 5


def compare(recipes, workdir, *, skip_bad=False):
    """Trains networks, ships them and measures them in each runtime; writes `comparison.json` and `comparison.png`.

    Each network has a run's folder of its own in `workdir`. A comparison that was interrupted goes on where it was:
    what is trained and shipped is not done again, what is quick is measured anew.

    Args:
        recipes: dict of title to `Recipe`, for segmentation at fixed picture sizes.
        workdir: folder of the comparison.
        skip_bad: leave out unusable pictures instead of refusing to start.

    Returns:
        A dict of `hardware`, `date`, `budget` (the fields that the recipes share) and `networks`, a dict each:
        `name`, `builder`, `arguments`, `miou`, `parameters` (trainable ones), and `runtimes`, by name `p50_ms`,
        `p95_ms` (of a picture), `peak_memory` (of a process that predicts, bytes) and `size` (of the file, bytes).

    Raises:
        InputError: if two recipes are for other data, or as `train`.
    """
    if len({(recipe.data, recipe.val_data) for recipe in recipes.values()}) > 1:
        raise InputError("networks are compared on the same data: give all recipes one data and one val_data")
    networks = []
    for number, (title, recipe) in enumerate(recipes.items(), 1):
        Console().rule(f"{number} of {len(recipes)}  {title}")
        networks.append({"name": title, **compared(recipe, Path(workdir, title), skip_bad)})
    found = {
        "hardware": hardware.describe(),
        "date": date.today().isoformat(),
        "budget": shared(recipes.values()),
        "networks": networks,
    }
    remove_left_over(workdir)
    replace_text(Path(workdir, "comparison.json"), json.dumps(found, indent=2) + "\n")
    replace_file(Path(workdir, "comparison.png"), draw_comparison(networks, f"on {found['budget']['val_data']}"))
    return found


def compared(recipe, folder, skip_bad):
    """Trains one network and returns its figures, see `compare`."""
    trained = train(recipe, folder, resume=(folder / "recipe.json").is_file(), skip_bad=skip_bad)
    scores = run.write_metrics(trained, skip_bad=skip_bad)
    runtimes = {"Keras": in_keras(trained.model)}
    for runtime, format in FORMATS.items():
        print(f"{runtime} ...", flush=True)
        runtimes[runtime] = in_runtime(trained, format, recipe.val_data)
    run.report(trained, skip_bad=skip_bad)
    model = export.load(trained.model).model
    return {
        "builder": recipe.builder,
        "arguments": recipe.arguments,
        "miou": scores["miou"],
        "parameters": sum(math.prod(variable.shape) for variable in model.trainable_variables),
        "runtimes": runtimes,
    }


def in_keras(path):
    """Times a .keras file in a process of its own, as `export.benchmark` does artifacts."""
    program, arguments = "from export.benchmark import main; main()", json.dumps([str(path), CALLS, WARMUP, None])
    child = subprocess.run(
        [sys.executable, "-c", program, arguments], capture_output=True, text=True, env=environment(), check=True
    )
    return figures({**json.loads(child.stdout.splitlines()[-1]), "size": path.stat().st_size})


def in_runtime(trained, format, data):
    """Exports a run's model, unless its artifact is there and newer, and times it."""
    artifact = artifact_path(trained.model, format)
    if not artifact.exists() or artifact.stat().st_mtime < trained.model.stat().st_mtime:
        ship(trained.model, format=format, data=data)
    timed = export.benchmark(artifact, runs=CALLS, warmup=WARMUP, threads=os.cpu_count())
    run.keep(artifact, "benchmark", timed)
    return figures(timed.to_dict())


def figures(timed):
    """Returns what of a measurement is compared."""
    return {name: timed[name] for name in ("p50_ms", "p95_ms", "peak_memory", "size")}


def shared(recipes):
    """Returns the fields that all recipes have alike, by name."""
    first, *others = [recipe.to_dict() for recipe in recipes]
    return {name: value for name, value in first.items() if all(other[name] == value for other in others)}
