import json
import os
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from PIL import Image

import export
from recipes.evaluation import comparison
from recipes.report import run
from recipes.report.comparison import draw_comparison
from recipes.segmentation.compare_camvid import NETWORKS
from recipes.training.workdir import Workdir
from zoo import InputError

COST = {"p50_ms": 1.25, "p95_ms": 2.0, "peak_memory": 3e8, "size": 4e6}


@pytest.fixture
def own_run(trained, tmp_path):
    """A copy of the toy run, to be changed."""
    return Workdir(shutil.copytree(trained.path, tmp_path / "own"), resume=True)


def test_figures_of_a_trained_network(own_run, toy, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "train", lambda *_, **__: own_run)
    monkeypatch.setattr(comparison, "in_keras", lambda path: {**COST, "size": path.stat().st_size})
    monkeypatch.setattr(comparison, "in_runtime", lambda run, format, data: {**COST, "format": format})
    found = comparison.compare({"U-Net": toy}, tmp_path)
    assert json.loads((tmp_path / "comparison.json").read_text()) == json.loads(json.dumps(found))
    assert found["budget"]["epochs"] == 5 and found["budget"]["val_data"] == toy.val_data
    (unet,) = found["networks"]
    assert (unet["name"], unet["builder"]) == ("U-Net", "unet")
    # 3x3 (3 to 4, 4 to 4, 4 to 8, 8 to 8, 8 to 4, 4 to 4), their biases, gammas and betas; 2x2 up; the classifier.
    assert unet["parameters"] == 9 * (12 + 16 + 32 + 64 + 32 + 16) + 3 * 32 + (4 * 8 * 4 + 4) + (4 * 2 + 2)
    assert unet["miou"] == pytest.approx(max(row["val_miou"] for row in own_run.read_history(9)), abs=1e-4)
    formats = {name: cost.get("format") for name, cost in unet["runtimes"].items()}
    assert formats == {"Keras": None, "SavedModel": "saved_model", "ONNX": "onnx", "LiteRT": "tflite"}
    assert unet["runtimes"]["Keras"]["size"] == own_run.model.stat().st_size
    with Image.open(tmp_path / "comparison.png") as drawn:
        assert drawn.width > 500
    assert "miou" in own_run.report.read_text()


def test_what_is_shipped_is_shipped_once(own_run, monkeypatch):
    shipped, artifact = [], own_run.artifacts / "model.onnx"

    def ship(model, format, data):
        shipped.append((model, format, data))
        artifact.parent.mkdir(exist_ok=True)
        artifact.write_bytes(b"a network")

    (own_run.path / "metrics.json").write_text("{}")
    monkeypatch.setattr(comparison, "ship", ship)
    monkeypatch.setattr(export, "benchmark", lambda path, **_: SimpleNamespace(to_dict=lambda: {**COST, "runs": 2}))
    for _ in range(2):
        assert comparison.in_runtime(own_run, "onnx", "masks:val") == COST
        assert shipped == [(own_run.model, "onnx", "masks:val")]
    assert run.measurements(own_run)["model.onnx"]["benchmark"]["runs"] == 2
    later = artifact.stat().st_mtime + 1
    os.utime(own_run.model, (later, later))
    comparison.in_runtime(own_run, "onnx", "masks:val")
    assert len(shipped) == 2


@pytest.fixture
def networks(toy, monkeypatch):
    """A toy network, to be compared in Keras and one further runtime by a few calls."""
    monkeypatch.setattr(comparison, "CALLS", 2)
    monkeypatch.setattr(comparison, "FORMATS", {"ONNX": "onnx"})
    few = {"epochs": 1, "ema": None, "class_weights": None}
    return {"SegNet-Basic": replace(toy, builder="segnet_basic", arguments={"width": 1 / 16}, **few)}


def test_a_network_without_a_figure_is_drawn_beside_others(tmp_path):
    common = {"parameters": 9, "runtimes": {"Keras": COST}}
    networks = [{"name": str(miou), "miou": miou, **common} for miou in (None, 0.5)]
    draw_comparison(networks, "on void")(tmp_path / "drawn.png")
    with Image.open(tmp_path / "drawn.png") as drawn:
        assert drawn.width > 500


@pytest.mark.full
def test_networks_are_trained_and_measured(networks, toy, tmp_path, monkeypatch):
    found = comparison.compare(networks, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == json.loads(json.dumps(found))
    assert found["budget"]["epochs"] == 1 and found["budget"]["val_data"] == toy.val_data
    (segnet,) = found["networks"]
    assert (segnet["name"], segnet["builder"]) == ("SegNet-Basic", "segnet_basic")
    # Encoders 7x7x(3+4+4+4)x4, decoders 7x7x16x4, eight biases, gammas and betas of 4, the classifier.
    assert segnet["parameters"] == 49 * 15 * 4 + 49 * 16 * 4 + 8 * 3 * 4 + 4 * 2 + 2
    assert 0 <= segnet["miou"] <= 1 and list(segnet["runtimes"]) == ["Keras", "ONNX"]
    for cost in segnet["runtimes"].values():
        assert 0 < cost["p50_ms"] <= cost["p95_ms"] and cost["peak_memory"] > 1e7 and cost["size"] > 1e3
    with Image.open(tmp_path / "out" / "comparison.png") as drawn:
        assert drawn.width > 500
    trained = Workdir(tmp_path / "out" / "SegNet-Basic", resume=True)
    assert "model.onnx" in trained.report.read_text()
    monkeypatch.setattr(comparison, "ship", lambda *_, **__: 1 / 0)  # what is shipped is not shipped again
    assert comparison.in_runtime(trained, "onnx", toy.val_data)["size"] == segnet["runtimes"]["ONNX"]["size"]


def test_the_budget_is_what_recipes_share(toy):
    shared = comparison.shared([toy, replace(toy, builder="segnet", learning_rate=0.5)])
    assert set(toy.to_dict()) - set(shared) == {"builder", "learning_rate"}


def test_other_data_are_not_comparable(networks, tmp_path):
    networks["U-Net"] = replace(networks["SegNet-Basic"], data="shapes:train")
    with pytest.raises(InputError, match="compared on the same data"):
        comparison.compare(networks, tmp_path)


def test_the_verb(zoo, monkeypatch):
    def compare(recipes, workdir, skip_bad):
        networks = [
            {"name": title, "miou": None, "parameters": 12345, "runtimes": {"Keras": COST, "ONNX": COST}}
            for title in recipes
        ]
        assert all(recipe.epochs == 3 and recipe.val_data == "masks:b" for recipe in recipes.values())
        budget = comparison.shared(recipes.values())
        return {"hardware": "a machine", "date": "2026-01-02", "budget": budget, "networks": networks}

    monkeypatch.setattr(comparison, "compare", compare)
    code, out, _ = zoo("compare", "--data", "masks:a", "--val-data", "masks:b", "--set", "epochs=3")
    assert code == 0
    for word in (*NETWORKS, "12,345", "\t1.2\t", "300.0", "a machine", "comparison.png", "–"):
        assert word in out
