"""`python -m benchmarks.lineage`: its lines at every size, its clock and table; one line killed and resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import export
import zoo
from benchmarks import clock, lineage
from benchmarks.lineage_lines import SIZES, lines, recipe_of
from recipes.training.rates import rates_of
from zoo.errors import InputError

LINES = lines("sets")
ROW = {
    "size": "full",
    "metric": "miou",
    "figure": 0.6123,
    "pictures": "384x384",
    "parameters": 134_489_759,
    "milliseconds": 12.5,
    "seconds": 401,
    "memory": 9_870_000_000,
    "hardware": "16 cores, a GPU",
    "backend": "jax",
    "date": "2026-11-29",
}


@pytest.mark.parametrize("name", LINES)
def test_recipes_of_every_size_hold_together(name):
    line = LINES[name]
    assert line.begins_with in (None, "", *LINES) and line.distance.endswith(".")
    assert line.recipe.builder in zoo.BUILDERS
    full, narrow, toy = (recipe_of(line, size, Path("vgg16.h5")) for size in SIZES if size != "frozen")
    assert full.precision == "mixed_bfloat16" and narrow.precision == toy.precision == "float32"
    assert ("weights" in full.arguments) == (line.begins_with == "")
    assert "weights" not in narrow.arguments and toy.data.endswith("shapes:train[:12]")
    for recipe in (full, narrow, toy):
        if rates_of(recipe).freeze:
            assert recipe is full and line.begins_with is not None
    assert full.data.startswith(("voc:sets/", "voc_segmentation:sets/", "crops:", "masks:sets/camvid"))


def test_of_frozen_lines_what_stands_behind_the_convolutions_learns():
    frozen = {name: recipe_of(line, "frozen", Path("vgg16.h5")) for name, line in LINES.items() if line.frozen}
    assert {"deeplab", "deeplab_crf", "fcn32s", "fcn16s", "fcn8s", "fast_rcnn", "faster_rcnn"} == set(frozen)
    for name, recipe in frozen.items():
        assert rates_of(recipe).freeze == "block*" and recipe.precision == "float32"
        assert ("weights" in recipe.arguments) == (LINES[name].begins_with == "")
        assert max(recipe.picture_size) <= 192 and "width" not in recipe.arguments
    assert frozen["deeplab"] == replace(frozen["deeplab_crf"], arguments=frozen["deeplab"].arguments)
    with pytest.raises(InputError, match="U-Net is trained full or narrow"):
        recipe_of(LINES["unet"], "frozen", None)


def test_smaller_rows_do_not_replace_larger_ones(tmp_path):
    path, kept = tmp_path / "results" / "lineage.json", []
    for size in ("toy", "narrow", "toy", "frozen", "narrow", "full", "frozen"):
        lineage.record(path, "fcn8s", {**ROW, "size": size, "figure": len(kept)})
        kept.append(json.loads(path.read_text())["fcn8s"]["figure"])
    assert kept == [0, 1, 1, 3, 3, 5, 5]
    lineage.record(path, "fcn16s", {**ROW, "size": "narrow"})
    assert len(json.loads(path.read_text())) == 2


def test_cells():
    assert lineage.cells(None) == "not yet run | – | – | – | – | –"
    full = "61.2 mIoU | 134,489,759 | 401 | 12.5 | 9.9 | 16 cores, a GPU, jax, 2026-11-29"
    assert lineage.cells(ROW) == full
    assert lineage.cells({**ROW, "size": "narrow"}) == f"narrow, 384x384: {full}"
    assert lineage.cells({**ROW, "figure": None}).startswith("no value | ")


def test_of_voc_animals_the_classes_that_it_has_count():
    scores = {"miou": 0.1, **{f"iou/{name}": 0.5 for name in lineage.ANIMALS}, "iou/aeroplane": 0.0}
    scores["iou/sheep"] = None
    assert lineage.figure_of(scores, "miou", "voc_segmentation:sets/voc_animals:val") == pytest.approx(3 / 7)
    assert lineage.figure_of(scores, "miou", "masks:sets/camvid/val") == 0.1
    assert lineage.figure_of({"ap50": 0.7}, "ap50", "voc:sets/voc_animals:val") == 0.7


def test_the_clock_goes_on_where_it_was(tmp_path, monkeypatch):
    """As after a kill, which leaves the last note behind."""
    monkeypatch.setattr(clock, "BEAT", 0.01)
    path = tmp_path / "seconds"
    path.write_text("100.0\n")
    with clock.timed(path) as so_far:
        while float(path.read_text()) <= 100:  # a note every beat, by a thread
            time.sleep(0.01)
        assert float(path.read_text()) <= so_far() + 0.1
    assert 100 < float(path.read_text()) == pytest.approx(so_far(), abs=1)


def test_a_run_ends_after_its_time():
    with pytest.raises(clock.Stopped, match="stopped after 0 seconds: the same command goes on"):
        with clock.stopped_after(0.05), suppress(Exception):  # as whoever makes a damaged file anew
            time.sleep(5)
    with clock.stopped_after(0.0):
        time.sleep(0.01)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["fcn"],), "no line 'fcn': choose among rcnn, fast_rcnn"),
        ((["fcn32s"], "full"), "--vgg16 names the file of VGG16's convolutions, received None; narrow does without"),
        ((["fcn8s"], "wide"), "--size is one of full, frozen, narrow, toy, received wide"),
        ((["fcn8s"], "toy"), "fcn8s begins with fcn16s: train that first"),
        ((["all", "unet"], "toy"), "no line 'all': choose among rcnn, .*or all alone"),
        ((["unet"], "toy", -1.0), "--minutes is 0 or more, received -1.0"),
    ],
)
def test_wrong_words_are_one_line(arguments, message, tmp_path):
    names, size, minutes = (*arguments, *("toy", 0.0)[len(arguments) - 1 :])
    with pytest.raises(InputError, match=message):
        lineage.train(names, Path("sets"), None, size, minutes, tmp_path, tmp_path / "r.json")


def test_a_line_begins_with_the_one_before(tmp_path, monkeypatch):
    """Its recipe names that one's folder; the CRF trains nothing."""
    trained = []

    def train(recipe, folder, resume):
        folder.mkdir(parents=True)
        trained.append(recipe)

    monkeypatch.setattr("recipes.training.train.train", train)
    monkeypatch.setattr(lineage, "measured", lambda line, recipe, path: {"model": str(path)})
    for name in ("fcn32s", "deeplab"):
        assert lineage.run(LINES, name, "toy", None, tmp_path)["size"] == "toy"
    lineage.run(LINES, "fcn16s", "toy", None, tmp_path)
    assert [recipe.start for recipe in trained] == ["", "", str(tmp_path / "fcn32s")]
    row = lineage.run(LINES, "deeplab_crf", "toy", None, tmp_path)
    assert len(trained) == 3 and row["model"] == str(tmp_path / "deeplab" / "model.keras")


def test_a_damaged_clock_is_named(tmp_path):
    (tmp_path / "unet.seconds").write_text("")
    with pytest.raises(InputError, match="unet.seconds: is damaged; write the seconds so far into it, or 0"):
        with clock.timed(tmp_path / "unet.seconds"):
            pass


def test_the_picture_shows_the_largest_size_of_each_network(tmp_path, monkeypatch):
    class Predictor:
        task, class_names = "segmentation", ("background", "cat")

        def predict_each(self, pictures):
            return [{"logits": np.ones((*picture.shape[:2], 2)) * (0, 1)} for picture in pictures]

    loaded = []
    monkeypatch.setattr(export, "load", lambda path: loaded.append(path) or Predictor())
    with pytest.raises(InputError, match="runs: no network is trained there yet"):
        lineage.pictures(tmp_path / "cat.jpg", Path("sets"), tmp_path / "runs")
    folders = [tmp_path / "runs" / name for name in ("narrow/unet", "frozen/unet", "toy/segnet", "toy/segnet_camvid")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "done.json").write_text("{}")
    lineage.pictures(tmp_path / "cat.jpg", Path("sets"), tmp_path / "runs")
    assert loaded == [folders[2] / "model.keras", folders[1] / "model.keras"]  # in the order of the table
    with Image.open(tmp_path / "cat.jpg") as sheet:
        assert sheet.format == "JPEG" and sheet.size == (4 * 225, 150 + 16)


@pytest.mark.full
def test_a_killed_line_goes_on_and_fills_the_table(tmp_path, few_shapes):
    words = [
        "train",
        "segnet_basic_camvid",
        "--data",
        "sets",
        "--size",
        "toy",
        "--workdir",
        "runs",
        "--results",
        "r.json",
    ]
    environment = {"TFDS_DATA_DIR": str(few_shapes), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "benchmarks.lineage"]
    run = {"cwd": tmp_path, "env": {**os.environ, **environment}}
    child = subprocess.Popen([*command, *words], **run)
    folder = tmp_path / "runs" / "toy" / "segnet_basic_camvid"
    while not list(folder.glob("epoch-*.weights.h5")) and child.poll() is None:
        time.sleep(0.05)
    child.kill()
    child.wait()
    done = subprocess.run([*command, *words], **run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    row = json.loads((tmp_path / "r.json").read_text())["segnet_basic_camvid"]
    assert row["size"] == "toy" and 0 <= row["figure"] <= 1 and row["seconds"] > 0 and row["memory"] > 1e6
    before = (folder / "model.keras").stat().st_mtime_ns
    assert subprocess.run([*command, *words], **run, capture_output=True).returncode == 0  # only measures
    assert (folder / "model.keras").stat().st_mtime_ns == before
    table = subprocess.run([*command, "table", "--results", "r.json"], **run, capture_output=True, text=True).stdout
    assert (
        "| SegNet-Basic, CamVid | CamVid val | toy, 64x64: " in table
        and "| R-CNN | voc_animals val | not yet run" in table
    )
