import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

import zoo
from recipes.data import open_source
from recipes.training.build import build
from recipes.training.checks import check_same
from recipes.training.start import model_file, take_weights
from recipes.training.train import train
from recipes.training.workdir import Workdir
from zoo import InputError, weights
from zoo.backbones.normalization import CONVENTIONS, set_convention


def unet(num_classes=2, **arguments):
    """The toy recipe's network."""
    arguments = {"width": 1 / 16, "depth": 1, "batch_norm": True, **arguments}
    return zoo.unet(num_classes, input_shape=(32, 48, 3), **arguments)


def test_layers_of_the_same_name_and_shape_are_taken(trained):
    model, other = unet(num_classes=5), keras.saving.load_model(trained.model)
    own = model.get_layer("logits").get_weights()
    take_weights(model, str(trained.path))
    report = model.begun_with
    assert list(report.missing) == list(report.unused) == ["logits/0", "logits/1"] and report.kept == ("logits",)
    for layer in model.layers:
        if layer.weights and layer.name != "logits":
            for ours, theirs in zip(layer.get_weights(), other.get_layer(layer.name).get_weights(), strict=True):
                np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(model.get_layer("logits").get_weights()[0], own[0])


def test_what_becomes_of_pixels_comes_with_the_weights(tmp_path):
    first, second = (zoo.segnet(2, width=1 / 32, input_shape=(32, 32, 3)) for _ in range(2))
    set_convention(first, "torchvision")
    first.save(tmp_path / "first.keras")
    take_weights(second, tmp_path / "first.keras")
    layer = second.get_layer("normalize")
    assert (list(layer.scale), list(layer.offset)) == CONVENTIONS["torchvision"]
    picture = np.full((1, 32, 32, 3), 77.0)
    np.testing.assert_array_equal(*(model(picture)["logits"] for model in (first, second)))


def test_a_recipes_model_begins_there(trained, toy):
    model = build(replace(toy, start=str(trained.path)), open_source(toy.data))
    for ours, theirs in zip(model.weights, keras.saving.load_model(trained.model).weights, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)


@pytest.mark.full
def test_a_recipe_begins_there_and_says_so(trained, toy, tmp_path, capsys):
    recipe = replace(toy, start=str(trained.path), epochs=1, learning_rate=0.0, weight_decay=0.0, ema=None)
    stage = train(recipe, tmp_path / "second")
    table = " ".join(capsys.readouterr().out.split())
    assert "begins with" in table and "taken" in table and "down1_conv1" in table
    first, second = (keras.saving.load_model(run.model) for run in (trained, stage))
    for layer in first.layers:
        if hasattr(layer, "kernel"):
            np.testing.assert_array_equal(layer.kernel, second.get_layer(layer.name).kernel)


@pytest.fixture
def early(trained, tmp_path):
    """A copy of the toy run as it was before there were stages."""
    run = Workdir(shutil.copytree(trained.path, tmp_path / "run"), resume=True)
    fields = json.loads(run.recipe.read_text())
    del fields["start"]
    run.recipe.write_text(json.dumps(fields, indent=2))
    return run


def test_the_recipe_of_a_run_from_before_there_were_stages_is_the_same(early, toy):
    check_same(toy, early)
    with pytest.raises(InputError, match='"start": "elsewhere" differs'):
        check_same(replace(toy, start="elsewhere"), early)


@pytest.mark.full
def test_runs_from_before_there_were_stages_go_on(early, toy):
    assert train(toy, early.path, resume=True).last_epoch() == toy.epochs


def test_wrong_starts_are_one_line(trained, toy, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.keras").write_bytes(trained.model.read_bytes()[:1000])
    for start, message in (
        (
            "nowhere",
            "start=nowhere: nothing is there; name a run's folder, a file of weights or a name of zoo weights",
        ),
        (
            "coco_v1",
            "start=coco_v1: nothing is there, nearest are torchvision/COCO_V1; name a run's folder",
        ),
        (str(tmp_path / "empty"), "empty: nothing is there"),
        (str(trained.recipe), "recipe.json: no name of published weights and no suffix of .pth"),
        (str(tmp_path / "cut.keras"), "cut.keras: no weights file of Keras, or damaged"),
    ):
        with pytest.raises(InputError, match=message):
            train(replace(toy, start=start), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_another_network_is_refused_and_the_model_unchanged(trained):
    model = zoo.segnet_basic(3, width=1 / 16, input_shape=(32, 48, 3))
    before = [np.array(weight) for weight in model.get_weights()]
    with pytest.raises(InputError, match="is of another model.*nothing else in it fits"):
        take_weights(model, trained.model)
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_file_names_itself(trained):
    assert model_file(trained.path) == model_file(trained.model) == trained.model


def test_the_recipe_has_the_last_word_on_what_is_no_number(trained, toy, monkeypatch):
    """Names, size and resizing of a file are its own; a run's are those of its recipe and data, begun either way."""
    load = weights.load

    def loaded(model, *args, **kwargs):
        report = load(model, *args, **kwargs)
        model.class_names, model.resizing, model.sides, model.image_size = ("cat", "dog"), "stretch", (8, 9), (1, 2)
        return report

    monkeypatch.setattr(weights, "load", loaded)
    monkeypatch.setattr("zoo.weights.loading.load", loaded)
    arguments = {**toy.arguments, "weights": str(trained.model)}
    for recipe in (replace(toy, start=str(trained.path)), replace(toy, arguments=arguments)):
        model = build(recipe, open_source(toy.data))
        assert model.begun_with.taken and model.class_names == ("ground", "figure")
        assert (model.resizing, model.sides, model.image_size) == ("letterbox", None, (32, 48))
