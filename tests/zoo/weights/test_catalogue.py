import sys
from importlib.machinery import PathFinder
from types import SimpleNamespace

import pytest

import zoo
from tests.zoo.weights.shelves import write_shelf
from zoo import InputError, weights
from zoo.weights import catalogue, shelf


@pytest.fixture(autouse=True)
def cells(tmp_path, monkeypatch):
    """One model of ours, "regionzoo/tiny_cells"."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shelf, "BUNDLED", tmp_path / "bundled")
    monkeypatch.delenv("REGIONZOO_WEIGHTS", raising=False)
    return write_shelf(tmp_path / "bundled", {"tiny_cells": {"model.onnx": b"onnx"}})


@pytest.mark.parametrize("name", ["model.keras", "runs/demo", "torchvision", "hf:/user/repo", "regionzoo"])
def test_paths(name):
    assert catalogue.find(name) is None and not catalogue.is_name(name)


def test_a_file_of_that_name_wins(tmp_path):
    assert catalogue.find("regionzoo/tiny_cells").name == "regionzoo/tiny_cells"
    (tmp_path / "regionzoo").mkdir()
    (tmp_path / "regionzoo" / "tiny_cells").touch()
    assert catalogue.find("regionzoo/tiny_cells") is None and catalogue.weights_file("regionzoo/tiny_cells") is None


def test_every_detector_and_segmenter_of_torchvisions_has_a_name():
    for name in ("faster_rcnn_resnet50_fpn", "mask_rcnn_resnet50_fpn", "keypoint_rcnn_resnet50_fpn", "fcn_resnet101"):
        entry = catalogue.find(f"torchvision/{name}")
        assert entry.model == name and entry.size > 1e8 and entry.located() is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "torchvision/resnet50",
            "torchvision/resnet50 is a classifier, no model to predict with: give its weights to",
        ),
        ("torchvision/IMAGENET1K_V1", "is a classifier, no model to predict with"),
        (
            "torchvision/COCO_V1",
            "names the weights of several models: choose torchvision/faster_rcnn_resnet50_fpn or ",
        ),
        ("torchvision/maskrcnn", "nearest are torchvision/mask_rcnn_resnet50_fpn"),
        ("regionzoo/tiny_cell", "nothing is called regionzoo/tiny_cell, nearest are regionzoo/tiny_cells"),
        ("regionzoo/zzz", "nothing is called regionzoo/zzz: `zoo weights` lists all names"),
        ("hf://user", "hf://user: a model on the hub is hf://USER/REPOSITORY"),
    ],
)
def test_names_that_are_none(name, message):
    for look in (catalogue.find, zoo.pretrained, zoo.load):
        with pytest.raises(InputError, match=message):
            look(name)


def test_mistaken_names_of_weights():
    model = zoo.unet(2, width=1 / 16, depth=1)
    with pytest.raises(InputError, match="nothing is called torchvision/COCO_V9"):
        weights.load(model, "torchvision/COCO_V9")
    with pytest.raises(InputError, match="regionzoo/tiny_cells is published as model.onnx alone"):
        weights.load(model, "regionzoo/tiny_cells")


def test_nearest_names_of_a_missing_file():
    for look in (zoo.load, zoo.pretrained):
        with pytest.raises(
            InputError, match="mask_rcnn_resnet50_fpn.*, nearest are torchvision/mask_rcnn_resnet50_fpn"
        ):
            look("mask_rcnn_resnet50_fpn")
    assert catalogue.hint("photos/me.keras") == ""


def test_an_artifact_is_no_keras_file(tmp_path):
    (tmp_path / "model.onnx").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.keras").touch()
    with pytest.raises(InputError, match="run is a folder, no .keras file: .*/run/model.keras is the model"):
        zoo.load(tmp_path / "run")
    with pytest.raises(InputError, match="model.onnx is an artifact, no .keras file: export.load opens it"):
        zoo.load(tmp_path / "model.onnx")


def test_what_load_takes(tmp_path):
    (tmp_path / "a.jpg").touch()
    for given, message in (
        (None, "load takes a .keras file or a name of `zoo weights`, received None"),
        (b"x", "load takes .*, received b'x'"),
        (tmp_path, f"{tmp_path} is a folder, no .keras file: export.load opens a SavedModel's"),
        (tmp_path / "a.jpg", "a.jpg is no .keras file: give one, or a name of `zoo weights`"),
    ):
        with pytest.raises(InputError, match=message):
            zoo.load(given)
    with pytest.raises(InputError, match="info takes a model, received 'unet': zoo.build makes one by"):
        zoo.info("unet")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The Hugging Face Hub, with one file in one repository."""

    def hf_hub_download(repository, file):
        if (repository, file) != ("user/repo", "models/model.keras"):
            raise RuntimeError(f"404 Client Error.\n\nEntry Not Found for {repository}/{file}")
        return str(tmp_path / "model.keras")

    zoo.unet(2, width=1 / 16, depth=1, name="theirs").save(tmp_path / "model.keras")
    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(hf_hub_download=hf_hub_download))


def test_a_file_on_the_hub(hub, tmp_path):
    assert zoo.load("hf://user/repo/models/model.keras").name == "theirs"
    report = weights.load(zoo.unet(3, width=1 / 16, depth=1), "hf://user/repo/models/model.keras")
    assert report.kept == ("logits",)
    with pytest.raises(
        InputError, match=r"x.onnx cannot be fetched \(404 Client Error. Entry Not Found.*\): fetch it"
    ):
        catalogue.find("hf://user/repo/x.onnx").located()
    with pytest.raises(InputError, match="hf://user/repo is a repository: name the file of weights in it"):
        weights.load(zoo.unet(3, width=1 / 16, depth=1), "hf://user/repo")


def test_a_repository_is_keras_own(hub, monkeypatch):
    opened = []
    monkeypatch.setattr("keras.saving.load_model", lambda name, compile: opened.append(name) or "a model")
    assert zoo.load("hf://user/repo") == "a model" and opened == ["hf://user/repo"]


def test_without_the_hubs_package(monkeypatch):
    find = PathFinder.find_spec

    def find_spec(name, path=None, target=None):
        return None if name == "huggingface_hub" else find(name, path, target)

    monkeypatch.delitem(sys.modules, "huggingface_hub", raising=False)
    monkeypatch.setattr(PathFinder, "find_spec", find_spec)
    for name in ("hf://user/repo", "hf://user/repo/model.keras"):
        with pytest.raises(InputError, match=r"huggingface_hub is not installed.*pip install 'regionzoo\[hf\]'"):
            zoo.load(name)
