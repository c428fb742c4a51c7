from dataclasses import replace

import keras
import numpy as np
import pytest

from recipes.data import open_source
from recipes.training.build import build
from recipes.training.rates import check_rates, rates_of
from recipes.training.recipe import Recipe, load
from recipes.training.settings import change
from recipes.training.train import compiled, train
from zoo import InputError


def test_words_of_the_command_line(toy):
    changed = change(toy, ["freeze=down1_*", "multipliers.bias=2", "multipliers.logits=10"])
    assert (changed.freeze, changed.multipliers) == ("down1_*", {"bias": 2, "logits": 10})
    assert Recipe.from_json(changed.to_json()) == changed
    both = change(toy, ["freeze=('down1_*', 'up1_*')", "multipliers={'logits/bias': 0.5}"])
    assert rates_of(both).freeze == ("down1_*", "up1_*") and rates_of(both).multipliers == {"logits/bias": 0.5}


def test_recipes_of_papers_have_their_papers_rates():
    found = rates_of(load("faster_rcnn_voc"))
    assert (found.freeze, found.multipliers) == (("block[12]_*",), {"bias": 2.0})
    assert rates_of(change(load("fast_rcnn_voc"), ["builder=fast_rcnn_zf"])).freeze == ()
    assert rates_of(load("deconvnet_voc")).multipliers == {"bias": 2.0}
    assert rates_of(load("fcn8s_voc")).multipliers == rates_of(load("fcn32s_voc")).multipliers


def test_a_compiled_model_has_them(toy, trained):
    recipe = replace(toy, start=str(trained.path), freeze="down1_*", multipliers={"logits": 10})
    model = compiled(recipe, open_source(toy.data), 2)
    paths = [variable.path for variable in model.trainable_variables]
    assert not any("down1" in path for path in paths)
    factors = dict(zip(paths, model.optimizer.factors, strict=True))
    assert {path: factor for path, factor in factors.items() if factor != 1} == {
        "logits/kernel": 10,
        "logits/bias": 10,
    }


@pytest.mark.full
def test_frozen_layers_come_out_of_a_run_as_they_went_in(toy, trained, tmp_path):
    recipe = replace(toy, start=str(trained.path), freeze="down1_*", epochs=1, ema=None)
    first, second = (keras.saving.load_model(run.model) for run in (trained, train(recipe, tmp_path / "run")))
    for layer in first.layers:
        pairs = list(zip(layer.get_weights(), second.get_layer(layer.name).get_weights(), strict=True))
        if pairs and layer.name in ("down1_conv1", "logits"):
            assert all(np.array_equal(*pair) for pair in pairs) == layer.name.startswith("down1")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"freeze": "down1_*"}, r"freeze=down1_. keeps layers that begin at random \(down1_conv1\): name weights"),
        ({"freeze": "paper"}, "freeze=paper: unet's paper has none, give patterns"),
        (
            {"multipliers": "papers"},
            "multipliers is paper or factors by pattern, such as multipliers.bias=2, not papers",
        ),
        ({"multipliers": {"bias": -2}}, "multipliers: 'bias' has the factor -2"),
        ({"multipliers": {"fc8": 2}}, "multipliers: 'fc8' matches nothing that learns: there are "),
        ({"freeze": "fc8"}, "freeze: 'fc8' matches no layer: there are down1_conv1"),
        ({"multipliers": {3: 2}}, "multipliers are factors by pattern, as in {'bias': 2}, received {3: 2}"),
    ],
)
def test_wrong_rates_are_one_line(toy, tmp_path, fields, message):
    with pytest.raises(InputError, match=message) as error:
        train(replace(toy, **fields), tmp_path / "run")
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_layers_that_the_file_does_not_have_cannot_be_frozen(toy, trained):
    recipe = replace(toy, start=str(trained.path))
    model = build(recipe, open_source(toy.data))
    check_rates(replace(recipe, freeze="logits"), model)
    model.begun_with = replace(model.begun_with, taken=("down1_conv1",))
    with pytest.raises(InputError, match=r"freeze=logits keeps layers that begin at random \(logits\)"):
        check_rates(replace(recipe, freeze="logits"), model)


def test_something_has_to_learn(toy, trained):
    recipe = replace(toy, start=str(trained.path), freeze="*")
    with pytest.raises(InputError, match="freeze=. leaves nothing that learns: freeze fewer layers"):
        check_rates(recipe, build(recipe, open_source(toy.data)))


def test_what_training_adds_may_have_its_factor(toy):
    model = build(toy, open_source(toy.data))
    check_rates(replace(toy, multipliers={"fc9": 10.0}), model, later=("fc9",))
    with pytest.raises(InputError, match="'fc9' matches nothing that learns"):
        check_rates(replace(toy, multipliers={"fc9": 10.0}), model)
