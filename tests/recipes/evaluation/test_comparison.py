import json
from dataclasses import replace

import pytest
from PIL import Image

from recipes.evaluation import comparison
from recipes.segmentation.compare_camvid import NETWORKS
from recipes.training.workdir import Workdir
from zoo import InputError


@pytest.fixture
def networks(toy, monkeypatch):
    """A toy network, to be compared in Keras and one further runtime by a few calls."""
    monkeypatch.setattr(comparison, "CALLS", 2)
    monkeypatch.setattr(comparison, "FORMATS", {"ONNX": "onnx"})
    few = {"epochs": 1, "ema": None, "class_weights": None}
    return {"SegNet-Basic": replace(toy, builder="segnet_basic", arguments={"filters": 4}, **few)}


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
    run = Workdir(tmp_path / "out" / "SegNet-Basic", resume=True)
    assert "model.onnx" in run.report.read_text()
    monkeypatch.setattr(comparison, "ship", lambda *_, **__: 1 / 0)  # what is shipped is not shipped again
    assert comparison.in_runtime(run, "onnx", toy.val_data)["size"] == segnet["runtimes"]["ONNX"]["size"]


def test_the_budget_is_what_recipes_share(toy):
    shared = comparison.shared([toy, replace(toy, builder="segnet", learning_rate=0.5)])
    assert set(toy.to_dict()) - set(shared) == {"builder", "learning_rate"}


def test_other_data_are_not_comparable(networks, tmp_path):
    networks["U-Net"] = replace(networks["SegNet-Basic"], data="shapes:train")
    with pytest.raises(InputError, match="compared on the same data"):
        comparison.compare(networks, tmp_path)


def test_the_verb(zoo, monkeypatch):
    def compare(recipes, workdir, skip_bad):
        cost = {"p50_ms": 1.25, "p95_ms": 2.0, "peak_memory": 3e8, "size": 4e6}
        networks = [
            {"name": title, "miou": 0.5, "parameters": 12345, "runtimes": {"Keras": cost, "ONNX": cost}}
            for title in recipes
        ]
        assert all(recipe.epochs == 3 and recipe.val_data == "masks:b" for recipe in recipes.values())
        budget = comparison.shared(recipes.values())
        return {"hardware": "a machine", "date": "2026-01-02", "budget": budget, "networks": networks}

    monkeypatch.setattr(comparison, "compare", compare)
    code, out, _ = zoo("compare", "--data", "masks:a", "--val-data", "masks:b", "--set", "epochs=3")
    assert code == 0
    for word in (*NETWORKS, "12,345", " 1.2 ", "300.0", "a machine", "comparison.png"):
        assert word in out
