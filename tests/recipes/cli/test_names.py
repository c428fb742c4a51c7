"""Models by name on the command line: one of ours, published from the toy run."""

import json
import os
import shutil
from urllib.error import URLError

import pytest

from export import Artifact
from recipes.deploy.ship import ship
from recipes.report.run import write_metrics
from recipes.training.workdir import Workdir
from tests.recipes.cli.test_light import HEAVY, run
from zoo.weights import shelf


@pytest.fixture(scope="module")
def measured(trained, tmp_path_factory):
    """The folder of the measured toy run with an artifact."""
    own = Workdir(shutil.copytree(trained.path, tmp_path_factory.mktemp("named") / "toy"), resume=True)
    write_metrics(own)
    ship(own.model, format="onnx")
    return own.path


@pytest.fixture
def published(measured, zoo, tmp_path, monkeypatch):
    """`zoo publish` of it, as REGIONZOO_WEIGHTS names it."""
    monkeypatch.setattr(shelf, "BUNDLED", tmp_path / "none")
    monkeypatch.setenv("REGIONZOO_WEIGHTS", str(tmp_path / "models"))
    words = "--licence", "Apache-2.0", "--data-licence", "CC0-1.0"
    code, out, err = zoo("publish", measured, "models", *words)
    assert (code, err) == (0, "")
    assert "model.onnx" in out and "to use it: REGIONZOO_WEIGHTS=models zoo predict regionzoo/toy photos/" in out
    return tmp_path / "models"


def test_predicting_by_name_loads_no_framework(published, sets, tmp_path):
    code, printed, modules = run("predict", "regionzoo/toy", sets[1] / "images", "--output", tmp_path / "out")
    assert code == "0" and "onnxruntime" in modules and not HEAVY & modules
    assert len(json.loads((tmp_path / "out" / "predictions.json").read_text())) == 3


def test_every_verb_takes_a_name(published, sets, zoo):
    code, out, _ = zoo("evaluate", "regionzoo/toy", "--data", f"masks:{sets[1]}")
    assert code == 0 and "regionzoo/toy on" in out and "miou" in out
    code, out, _ = zoo("export", "regionzoo/toy", "--format", "tflite")
    assert code == 0 and Artifact.read(os.path.join("artifacts", "toy.tflite")).class_names == ("ground", "figure")
    code, out, _ = zoo("verify", "regionzoo/toy", "--data", f"masks:{sets[1]}")
    assert code in (0, 1) and "against Keras, 3 pictures" in out
    code, out, _ = zoo("benchmark", "regionzoo/toy", "--runs", "1")
    assert code == 0 and "model.onnx" in out
    code, out, err = zoo("info", "regionzoo/toy")
    assert (code, err) == (0, "") and "receptive field" in out
    code, out, err = zoo("explain", "regionzoo/toy", sets[1] / "images", "--class", "figure")
    assert (code, err) == (0, "") and "0_heat.png" in out


def test_the_list_and_fetching(published, zoo, tmp_path):
    code, out, _ = zoo("weights", "--json", "weights.json")
    assert code == 0 and "regionzoo/toy" in out
    listed = {one["name"]: one for one in json.loads((tmp_path / "weights.json").read_text())}
    assert listed["regionzoo/toy"]["fetched"] and listed["regionzoo/toy"]["licence"] == "Apache-2.0"
    assert listed["torchvision/fcn_resnet50"]["size"] > 1e8
    assert zoo("weights", "fetch", "regionzoo/toy") == (0, "regionzoo/toy is here\n", "")
    code, out, err = zoo("weights", "fetch", "regionzoo/toi")
    assert (code, out) == (2, "") and err.startswith(
        "error: nothing is called regionzoo/toi, nearest are regionzoo/toy"
    )


WRONG = {
    "unknown": (["predict", "regionzoo/tou", "."], "nothing is called regionzoo/tou, nearest are regionzoo/toy"),
    "unknown of info": (["info", "regionzoo/tou"], "nothing is called regionzoo/tou, nearest are regionzoo/toy"),
    "classifier": (
        ["export", "torchvision/resnet50"],
        "torchvision/resnet50 is a classifier, no model to predict with",
    ),
    "several": (
        ["evaluate", "torchvision/COCO_V1"],
        "torchvision/COCO_V1 names the weights of several models: choose",
    ),
    "no hub's": (["predict", "hf://x", "."], "hf://x: a model on the hub is hf://USER/REPOSITORY"),
    "run that is none": (
        ["publish", "nowhere", "m", "--licence", "MIT", "--data-licence", "MIT"],
        "nowhere: no run that was trained and measured, recipe.json is missing",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_names_are_one_line(published, zoo, wrong):
    words, message = WRONG[wrong]
    code, _, err = zoo(*words)
    assert code == 2 and err.startswith(f"error: {message}") and err.count("\n") == 1


def test_offline_says_which_file_to_put_where(zoo, tmp_path, monkeypatch):
    def offline(request, timeout):
        raise URLError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("urllib.request.urlopen", offline)
    for words in (["predict", "torchvision/fcn_resnet50", "."], ["weights", "fetch", "torchvision/fcn_resnet50"]):
        code, _, err = zoo(*words)
        assert code == 2 and err.startswith(
            "error: https://download.pytorch.org/models/fcn_resnet50_coco-1167a1af.pth"
        )
        place = tmp_path / "home" / "regionzoo" / "fcn_resnet50_coco-1167a1af.pth"
        assert f"cannot be fetched (no network): put the file at {place} yourself" in err and err.count("\n") == 1


def test_licences_are_asked_for(zoo):
    code, _, err = zoo("publish", "run", "models", "--licence", "MIT")
    assert code == 2 and "--data-licence" in err
