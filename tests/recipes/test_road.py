"""The whole road, for each task beyond segmentation, at toy sizes."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from recipes.training import train as training
from recipes.training.recipe import load
from recipes.training.settings import change
from recipes.training.workdir import Workdir
from tests.recipes.conftest import OBJECT


@pytest.fixture
def cells(tmp_path):
    """A `voc:` folder of four pictures of bright squares; one has none, and one object has no area."""
    folder = tmp_path / "cells"
    for part in ("Annotations", "JPEGImages"):
        (folder / part).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(4):
        pixels = rng.integers(20, 60, (80, 120, 3), np.uint8)
        objects = ""
        if i:
            x, y = rng.integers(5, 40, 2)
            pixels[y : y + 30, x : x + 40] = 220
            objects = OBJECT.format("square", x + 1, y + 1, x + 40, y + 30)
        if i == 2:
            objects += OBJECT.format("square", 9, 9, 9, 9) + OBJECT.format("dot", 20, 20, 30, 30)
        Image.fromarray(pixels).save(folder / "JPEGImages" / f"{i}.jpg")
        (folder / "Annotations" / f"{i}.xml").write_text(f"<annotation>{objects}</annotation>")
    return folder


@pytest.fixture
def faces(tmp_path):
    """A `points:` table of five points a picture; a point of the first is unmarked."""
    (tmp_path / "faces").mkdir()
    rng = np.random.default_rng(0)
    rows = ["image," + ",".join(f"x{i},y{i}" for i in range(5))]
    for i in range(4):
        Image.fromarray(rng.integers(0, 255, (40, 40, 3), np.uint8)).save(tmp_path / "faces" / f"{i}.png")
        points = [f"{value:.2f}" for value in rng.uniform(5, 35, 10)]
        if i == 0:
            points[:2] = "", ""
        rows.append(f"{i}.png," + ",".join(points))
    (tmp_path / "faces.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "faces.csv"


DETECTOR = "epochs=2", "validate_every=2", "picture_size=64x96", "anchors=2", "arguments.width=0.0625"


def train(zoo, recipe, source, *settings):
    """Trains a recipe on a source that it is measured on too, and returns what is printed."""
    words = [f"--set={setting}" for setting in ("batch_size=2", "warmup_epochs=0", *settings)]
    code, out, _ = zoo("train", recipe, "--data", source, "--val-data", source, "--workdir", "run", *words)
    assert code == 0
    return out


def check_every_second_epoch_is_validated(run):
    rows = run.read_history(2)
    assert "val_ap50" in rows[1] and "val_ap50" not in rows[0] and np.isfinite(rows[1]["val_noobject_loss"])


def test_detection(eagerly, cells, tmp_path):
    recipe = change(load("tiny_yolo_v2_bccd"), ["batch_size=2", "warmup_epochs=0", *DETECTOR])
    run = training.train(replace(recipe, data=f"voc:{cells}", val_data=f"voc:{cells}"), tmp_path / "run")
    check_every_second_epoch_is_validated(run)


@pytest.mark.full
def test_detection_by_the_command_line(zoo, cells):
    source, artifact = f"voc:{cells}", "run/artifacts/model.tflite"
    code, out, _ = zoo("data", source)
    assert code == 0 and "used in part" in out and "has no area" in out and "contact_sheet.png" in out
    out = train(zoo, "tiny_yolo_v2_bccd", source, *DETECTOR)
    assert "voc_ap50" in out and "square" in out
    check_every_second_epoch_is_validated(Workdir("run", resume=True))
    code, out, _ = zoo("export", "run/model.keras", "--format", "tflite", "--data", source)
    assert code == 0 and "same predictions" in out
    assert zoo("verify", artifact, "--data", source)[0] == 0
    assert zoo("evaluate", artifact, "--data", source, "--json", "scores.json")[0] == 0
    with open("scores.json") as scores, open("run/metrics.json") as metrics:
        assert json.load(scores)["ap50"] == pytest.approx(json.load(metrics)["ap50"], abs=0.005)
    assert zoo("predict", artifact, cells / "JPEGImages", "--score", "0", "--output", "found")[0] == 0
    with open("found/predictions.json") as file:
        found = [thing for entry in json.load(file) for thing in entry["objects"]]
    boxes = np.array([thing["box"] for thing in found])
    assert len(boxes) and boxes.min() >= 0 and boxes[:, 2].max() <= 120 and boxes[:, 3].max() <= 80
    assert {thing["class"] for thing in found} <= {"square", "dot"}


@pytest.mark.full
def test_points_by_the_command_line(zoo, faces):
    source, artifact = f"points:{faces}", "run/artifacts/model.onnx"
    out = train(zoo, "landmarks_faces", source, "epochs=1", "picture_size=32x32", "arguments.width=0.25")
    assert "nme" in out
    assert zoo("export", "run/model.keras", "--data", source)[0] == 0
    assert zoo("verify", artifact, "--data", source)[0] == 0
    code, _, err = zoo("facewarp", "faces/0.png", "--model", artifact)
    assert code == 2 and "68 landmarks" in err and err.count("\n") == 1


@pytest.mark.full
def test_localization_by_the_command_line(zoo, cells):
    source, artifact = f"voc:{cells}", "run/artifacts/model.tflite"
    out = train(zoo, "localizer_shapes", source, "epochs=1", "picture_size=64x64", "arguments.width=0.25")
    assert "class_accuracy" in out
    assert zoo("export", "run/model.keras", "--format", "tflite", "--data", source)[0] == 0
    assert zoo("verify", artifact, "--data", source)[0] == 0
    assert zoo("predict", "run/model.keras", cells / "JPEGImages")[0] == 0


@pytest.mark.parametrize(
    "settings, message",
    [
        (["task=points"], "metric=ap50 is no figure of points: set metric=nme or pck"),
        (["task=points", "metric=nme"], "voc:.* has no keypoints, which the task points learns"),
        (
            ["builder=unet", "anchors=none", "arguments={'width': 0.0625}"],
            "unet is a model for segmentation, not detection",
        ),
        (["anchors=50"], "anchors in these sizes, received k=50"),
        (["arguments={'width': 0}"], "tiny_yolo_v2 cannot be built with {.*'width': 0}: .*filters=0"),
        (["arguments={'max_detections': 0}"], "max_detections is a whole number of 1 or more, received 0"),
    ],
)
def test_wrong_recipes_are_one_line(zoo, cells, settings, message):
    source = f"voc:{cells}"
    words = [f"--set={setting}" for setting in ("batch_size=2", "arguments={'width': 0.0625}", *settings)]
    code, _, err = zoo("train", "tiny_yolo_v2_bccd", "--data", source, "--val-data", source, *words)
    assert code == 2 and err.count("\n") == 1 and re.search(message, err), err
