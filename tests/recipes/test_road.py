"""The whole road by the command line, for each task beyond segmentation, at toy sizes."""

import json

import numpy as np
import pytest
from PIL import Image

from recipes.training.workdir import Workdir

OBJECT = (
    "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)


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


def test_detection(zoo, cells):
    source = f"voc:{cells}"
    code, out, _ = zoo("data", source)
    assert code == 0 and "used in part" in out and "has no area" in out and "contact_sheet.png" in out
    words = ["--data", source, "--val-data", source, "--workdir", "run"]
    settings = ("epochs=2", "validate_every=2", "batch_size=2", "picture_size=64x96", "warmup_epochs=0", "anchors=2")
    words += [f"--set={setting}" for setting in (*settings, "arguments.width=0.0625")]
    code, out, _ = zoo("train", "tiny_yolo_v2_bccd", *words)
    assert code == 0 and "voc_ap50" in out and "square" in out
    rows = Workdir("run", resume=True).read_history(2)
    assert "val_ap50" in rows[1] and "val_ap50" not in rows[0] and np.isfinite(rows[1]["val_noobject_loss"])
    with open("run/metrics.json") as metrics:
        trained = json.load(metrics)
    code, out, _ = zoo("export", "run/model.keras", "--format", "tflite", "--data", source)
    assert code == 0 and "same predictions" in out
    assert zoo("verify", "run/artifacts/model.tflite", "--data", source)[0] == 0
    code, out, _ = zoo("evaluate", "run/artifacts/model.tflite", "--data", source, "--json", "scores.json")
    with open("scores.json") as file:
        assert json.load(file)["ap50"] == pytest.approx(trained["ap50"], abs=0.005)
    words = "run/artifacts/model.tflite", cells / "JPEGImages", "--score", "0", "--output", "found"
    assert zoo("predict", *words)[0] == 0
    with open("found/predictions.json") as file:
        found = [entry["objects"] for entry in json.load(file)]
    boxes = np.array([thing["box"] for entry in found for thing in entry])
    assert len(boxes) and boxes.min() >= 0 and boxes[:, 2].max() <= 120 and boxes[:, 3].max() <= 80
    assert {thing["class"] for entry in found for thing in entry} <= {"square", "dot"}


def test_points(zoo, faces):
    source = f"points:{faces}"
    words = ["--data", source, "--val-data", source, "--workdir", "run"]
    words += [f"--set={setting}" for setting in ("epochs=1", "batch_size=2", "picture_size=32x32", "warmup_epochs=0")]
    code, out, _ = zoo("train", "landmarks_faces", *words, "--set=arguments.width=0.25")
    assert code == 0 and "nme" in out
    code, out, _ = zoo("export", "run/model.keras", "--data", source)
    assert code == 0 and zoo("verify", "run/artifacts/model.onnx", "--data", source)[0] == 0
    code, _, err = zoo("facewarp", "faces/0.png", "--model", "run/artifacts/model.onnx")
    assert code == 2 and "68 landmarks" in err and err.count("\n") == 1


def test_localization(zoo, cells):
    source = f"voc:{cells}"
    words = ["--data", source, "--val-data", source, "--workdir", "run"]
    words += [f"--set={setting}" for setting in ("epochs=1", "batch_size=2", "picture_size=64x64", "warmup_epochs=0")]
    code, out, _ = zoo("train", "localizer_shapes", *words, "--set=arguments.width=0.25")
    assert code == 0 and "class_accuracy" in out
    code, _, _ = zoo("export", "run/model.keras", "--format", "tflite", "--data", source)
    assert code == 0 and zoo("verify", "run/artifacts/model.tflite", "--data", source)[0] == 0
    assert zoo("predict", "run/model.keras", cells / "JPEGImages")[0] == 0


@pytest.mark.parametrize(
    "settings, message",
    [
        (["task=points"], "voc:.* has no keypoints, which the task points learns"),
        (["builder=unet", "anchors=none"], "unet is a model for segmentation, not detection"),
        (["anchors=50"], "anchors in these sizes, received k=50"),
        (["picture_size=100x100"], "multiples of 32, received \\(100, 100, 3\\)"),
    ],
)
def test_wrong_recipes_are_one_line(zoo, cells, settings, message):
    import re

    source = f"voc:{cells}"
    words = [f"--set={setting}" for setting in ("batch_size=2", "arguments={}", *settings)]
    code, _, err = zoo("train", "tiny_yolo_v2_bccd", "--data", source, "--val-data", source, *words)
    assert code == 2 and err.count("\n") == 1 and re.search(message, err), err
