import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recipes.deploy.ship import ship
from zoo.anatomy.heat import NotFound


def test_info_of_a_builder(zoo):
    words = ["tiny_yolo_v2", "--set", "num_classes=3", "--set", "width=0.125", "--image-size", "64x96"]
    code, out, err = zoo("info", *words, "--layers", "--json", "-")
    assert code == 0 and json.loads(out)["image_size"] == [64, 96]
    lines = [line.split("\t") for line in err.splitlines()]
    assert ["picture", "64x96"] in lines and ["classes", "3"] in lines
    assert any(line[:3] == ["grid", "Conv2D", "1 x 2 x 3 x 40"] for line in lines)
    code, out, err = zoo("info", "deconvnet", "--set", "width=0.03125", "--image-size", "32x32", "--json", "a.json")
    assert code == 0 and err == "" and "receptive field" in out
    with open("a.json") as file:
        assert json.load(file)["num_classes"] == 20


def test_info_of_files(zoo, trained, tmp_path):
    code, out, _ = zoo("info", trained.model)
    assert code == 0 and "32x48 by letterbox" in out and "segmentation" in out
    artifact = ship(trained.model, tmp_path / "model.onnx", format="onnx")
    code, out, _ = zoo("info", artifact.path, "--json", "card.json")
    assert code == 0 and artifact.sha256 in out and "uint8" in out
    with open("card.json") as file:
        assert json.load(file)["task"] == "segmentation"
    code, _, err = zoo("info", artifact.path, "--layers")
    assert code == 2 and "is an artifact, whose graph is as it is: leave out --image-size and --layers" in err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nothing"], "error: nothing is no model and no file: `zoo list` and `zoo weights` show"),
        (["mask_rcnn"], "error: mask_rcnn is no model and no file, nearest are mask_rcnn_"),
        (["segnet_bsic"], "error: segnet_bsic is no model and no file, nearest are segnet_basic, segnet: `zoo list`"),
        (["unet_shapes"], "error: unet_shapes is no model and no file, nearest are regionzoo/unet_shapes, "),
        (["nothing", "--set", "width=1"], "error: --set changes what a builder builds, and nothing is none"),
        (["unet", "--set", "width"], "error: --set takes argument=value, received 'width'"),
        (["unet", "--set", "colour=1"], "error: unet takes no 'colour'"),
        (["unet", "--set", "width=0"], "error: unet cannot be built with {'width': 0, 'num_classes': 20}: "),
        (["unet", "--set", "num_classes=x"], "error: unet cannot be built with {'num_classes': 'x'}: "),
        (["unet", "--image-size", "12"], "error: --image-size takes HEIGHTxWIDTH, as in 360x480, received '12'"),
    ],
)
def test_a_wrong_word_is_one_line(zoo, words, line):
    code, out, err = zoo("info", *words)
    assert (code, out) == (2, "") and err.startswith(line) and err.count("\n") == 1


def test_explain(zoo, trained, sets, tmp_path):
    code, out, _ = zoo("explain", trained.model, sets[1] / "images", "--class", "figure", "--json", "a.json")
    assert code == 0 and "0_heat.png" in out
    with open("a.json") as file:
        found = json.load(file)
    assert [one["class"] for one in found] == ["figure"] * 3 and found[0]["box"] is None
    with Image.open("heat/0_heat.png") as drawn:
        assert drawn.size == (48, 32) and np.ptp(np.asarray(drawn)) > 0
    code, _, err = zoo("explain", trained.model, sets[1] / "images", "--class", "dog")
    assert code == 2 and err == "error: --class: the model knows no 'dog'; it knows ground, figure\n"
    artifact = ship(trained.model, tmp_path / "model.onnx", format="onnx")
    code, _, err = zoo("explain", artifact.path, sets[1] / "images")
    assert code == 2 and "through which no gradient goes: give its .keras file" in err


def test_explain_keeps_heat_maps_of_one_name_apart(zoo, trained, sets):
    for folder in ("a", "b"):
        shutil.copytree(sets[1] / "images", folder)
    code, out, err = zoo("explain", trained.model, "a", "b/0.png")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert err.startswith("error: b/0.png: another input is named 0 too; explain them into different folders")
    assert not Path("heat").exists()


def test_explain_tells_where_a_class_is_not_found(zoo, trained, sets, monkeypatch):
    def nowhere(*arguments):
        raise NotFound("toy finds no figure in the picture")

    monkeypatch.setattr("recipes.deploy.explain.looked_at", nowhere)
    code, out, err = zoo("explain", trained.model, sets[1] / "images" / "0.png", "--class", "figure", "--json", "-")
    assert code == 0 and json.loads(out)[0]["heat"] is None
    assert f"0.png: {trained.model} finds no figure in it" in err
