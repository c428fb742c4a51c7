import inspect

import pytest

from recipes.training.recipe import RECIPES, SIBLINGS, Recipe, load, trained_by
from recipes.training.settings import change
from zoo import BUILDERS, InputError


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_loads_and_names_a_builder(name):
    recipe = load(name)
    assert recipe.builder in BUILDERS
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_every_builder_is_trained_by_a_recipe():
    assert trained_by("deconvnet") == ["deconvnet_objects_voc", "deconvnet_voc"]
    assert trained_by("fcn8s_alexnet") == ["fcn8s_voc --set builder=fcn8s_alexnet"]
    assert SIBLINGS.keys() == set(BUILDERS) - {load(name).builder for name in RECIPES}
    for builder in BUILDERS:
        name, *words = trained_by(builder)[0].split(" --set ")
        recipe = change(load(name), words)
        assert recipe.builder == builder
        assert recipe.arguments.keys() <= inspect.signature(BUILDERS[builder]).parameters.keys()


@pytest.mark.parametrize("name", ["segnet_basic_camvid", "segnet_camvid"])
def test_segnets_rate_is_the_papers(name):
    """Section 4.1: fixed, 0.1, in batches of 12."""
    recipe = load(name)
    assert (recipe.optimizer, recipe.schedule, recipe.learning_rate) == ("sgd", "constant", 0.1)
    assert (recipe.batch_size, recipe.weight_decay, recipe.warmup_epochs) == (12, 5e-4, 0.0)


def test_changes():
    recipe = load("unet_shapes")
    changed = change(
        recipe,
        ["epochs=3", "learning_rate=1", "picture_size=96x64", "augment.flip=0", "arguments.width=0.125", "ema=0.99"],
    )
    assert (changed.epochs, changed.learning_rate, changed.picture_size) == (3, 1.0, (96, 64))
    assert (changed.augment.flip, changed.arguments["width"], changed.ema) == (0.0, 0.125, 0.99)
    assert changed.arguments["depth"] == recipe.arguments["depth"]
    assert change(changed, ["clip=10"]).clip == 10.0
    assert change(changed, ["ema=none", "augment.scale=(0.5, 2.0)"]).ema is None


@pytest.mark.parametrize(
    "setting, message",
    [
        ("epoch=3", "there is no field 'epoch', nearest are epochs"),
        ("qqq=3", "there is no field 'qqq'; all are builder, data"),
        ("epochs", "takes field=value, received 'epochs'"),
        ("epochs=many", "epochs is int, received 'many'"),
        ("epochs=0", "epochs is 1 or more, received 0"),
        ("epochs=True", "epochs is int, received True"),
        ("optimizer=lion", "optimizer is one of sgd, adam, adamw, received 'lion'"),
        ("picture_size=128", "picture_size is .*int, int.*, received 128"),
        ("picture_size=0x4", "picture_size is height x width"),
        ("augment.flip=2", "augment.flip lies between 0 and 1"),
        ("augment.flop=1", "there is no field 'flop'"),
        ("epochs.more=1", "epochs has no fields of its own"),
        ("ema=1.0", "ema lies between 0 and 1"),
        ("resizing=crop", "resizing is one of letterbox, stretch, received 'crop'"),
        ("learning_rate=-1", "learning_rate is 0 or more, received -1"),
        ("weight_decay=1e999", "weight_decay is 0 or more, received inf"),
        ("milestones=('a',)", r"milestones is 0 or more, received \('a',\)"),
        ("scales=(-1,)", r"scales is 0 or more, received \(-1,\)"),
        ("seed=-1", "seed is 0 or more, received -1"),
        ("steps=0", "steps is 1 or more, received 0"),
        ("patience=0", "patience is 1 or more, received 0"),
        ("accumulate=0", "accumulate is 1 or more, received 0"),
        ("workers=0", "workers is 1 or more, received 0"),
        ("clip=0", "clip is more than 0, or none, received 0.0"),
        ("mosaic=0.5", "there is no field 'mosaic', but augment.mosaic"),
        ("border_weight=-1", "border_weight is 0 or more, received -1"),
        ("border_sigma=0", "border_sigma is more than 0 pixels, received 0"),
        ("burn_in=10", "burn_in is 0 steps or more and in place of warmup_epochs, received 10 and warmup_epochs=0.5"),
    ],
)
def test_wrong_settings(setting, message):
    with pytest.raises(InputError, match=message):
        change(load("unet_shapes"), [setting])


def test_weights_at_borders_are_for_segmentation():
    assert change(load("unet_shapes"), ["border_weight=10"]).border_weight == 10
    with pytest.raises(InputError, match="border_weight is for segmentation: set border_weight=0 for detection"):
        change(load("grid_shapes"), ["border_weight=10"])


def test_unknown_recipe():
    with pytest.raises(InputError, match="unknown recipe 'unet_shape', nearest are unet_shapes"):
        load("unet_shape")


def test_nothing_is_executed():
    with pytest.raises(InputError, match='received "__import__'):
        change(load("unet_shapes"), ["epochs=__import__('os').getpid()"])
