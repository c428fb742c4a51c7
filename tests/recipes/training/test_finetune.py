import dataclasses

import keras
import numpy as np
import psutil
import pytest
from PIL import Image

import zoo
from recipes.data import open_source
from recipes.training import choices, memory
from recipes.training.build import build
from recipes.training.chosen import chosen, lines
from recipes.training.finetune import finetune
from recipes.training.recipe import Recipe, load
from recipes.training.start import by_room
from zoo import InputError


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A file of the weights of a narrow Faster R-CNN for seven classes."""
    path = tmp_path_factory.mktemp("weights") / "small.keras"
    zoo.faster_rcnn_resnet18_fpn(7, width=1 / 16, input_shape=(64, 96, 3)).save(path)
    return path


NARROW = "arguments.width=0.0625"


def test_a_fine_tuning_follows_from_weights_and_data(squares, small):
    recipe, why = finetune("faster_rcnn_resnet18_fpn", squares, None, small, [NARROW])
    assert (recipe.data, recipe.val_data) == (f"{squares}:train", f"{squares}:val")
    assert recipe.start == str(small) and recipe.freeze == ("conv1", "res2_*")
    sizes = (32, 64, 128, 256, 512)
    assert recipe.arguments == {"frozen_batch_norm": True, "width": 0.0625, "anchor_sizes": sizes}
    assert recipe.picture_size == (96, 128) and recipe.max_objects == 1  # pictures of 80 x 120 with a square each
    assert recipe.batch_size == 2  # four pictures
    assert (recipe.optimizer, recipe.learning_rate) == ("sgd", 0.0025)  # 0.02 for 16
    assert recipe.epochs == 100 and recipe.clip == 10 and recipe.patience == 5 and recipe.metric == "ap"
    assert "0.02 for 16 pictures a step, here 2" in why["learning_rate"] and why["start"] == "given"
    rows, plain = lines(recipe, why)
    shown = {name: (value, why) for name, value, why in rows}
    assert {*shown, *plain} == {field.name for field in dataclasses.fields(Recipe)} and "seed" in plain
    assert shown["picture_size"] == ("96 x 128", "the median 80x120 in multiples of 32")
    assert shown["freeze"][0] == "conv1, res2_*" and "scale (0.8, 1.25)" in shown["augment"][0]
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_what_is_given_stays_and_the_rest_follows_it(squares, small):
    settings = [NARROW, "batch_size=4", "epochs=7", "picture_size=64x96", "freeze=()", "augment.flip=0"]
    recipe, why = finetune("faster_rcnn_resnet18_fpn", squares, squares, small, settings)
    assert (recipe.batch_size, recipe.epochs, recipe.picture_size, recipe.freeze) == (4, 7, (64, 96), ())
    assert recipe.learning_rate == 0.005 and recipe.augment == dataclasses.replace(choices.AUGMENT, flip=0.0)
    assert why["batch_size"] == why["epochs"] == "given" and recipe.val_data == squares
    gathered, _ = finetune("faster_rcnn_resnet18_fpn", squares, squares, small, [*settings, "accumulate=2"])
    assert gathered.learning_rate == pytest.approx(0.01)


def test_anchors_are_those_of_the_pictures_where_weights_bring_none(squares):
    settings = [NARROW, "picture_size=80x120"]
    recipe, why = finetune("faster_rcnn_resnet18_fpn", squares, squares, None, settings)
    assert recipe.arguments["anchor_sizes"] == (3, 6, 13, 26, 51) and "for sides of 800, here 80" in why["arguments"]
    given, _ = finetune("faster_rcnn_zf", squares, squares, None, [*settings, "arguments.anchor_sizes=(9, 8)"])
    assert given.arguments["anchor_sizes"] == (9, 8)


HEAD = ((0.5, 0.75), (1.25, 1.0), (2.0, 3.5), (4.0, 2.5))


def test_a_head_that_is_loaded_keeps_the_anchors_it_learned(squares, tmp_path):
    for num_classes in (2, 3):
        made = zoo.tiny_yolo_v2(num_classes, width=1 / 16, anchors=HEAD, input_shape=(64, 96, 3))
        made.save(tmp_path / f"of_{num_classes}.keras")
    words = "tiny_yolo_v2", squares, None, tmp_path / "of_2.keras"
    recipe, why = finetune(*words, [NARROW])
    assert recipe.arguments["anchors"] == HEAD and recipe.anchors is None
    assert why["arguments"].startswith("its recipe's; anchors: those that the head of the weights learned")
    assert "keeps its own" in why["anchors"] and "anchors" in [name for name, _, _ in lines(recipe, why)[0]]
    model = build(recipe, open_source(recipe.data))
    assert "grid" in model.begun_with.taken and model.anchors == HEAD
    started, _ = finetune(*words[:3], None, [NARROW, f"start={words[-1]}"])
    assert started.arguments == recipe.arguments

    found, why = finetune(*words, [NARROW, "anchors=3"])
    assert found.anchors == 3 and "anchors" not in found.arguments and why["anchors"] == "given"
    given, _ = finetune(*words, [NARROW, "arguments.anchors=((1, 2),)"])
    assert given.anchors is None and given.arguments["anchors"] == ((1, 2),)
    other, why = finetune(*words[:3], tmp_path / "of_3.keras", [NARROW])  # whose head is not loaded
    assert other.anchors == 5 and "anchors" not in other.arguments and "k-means" in why["anchors"]


def test_a_recipe_keeps_them_too(squares, tmp_path):
    zoo.yolo_v2(2, width=1 / 16, anchors=HEAD, input_shape=(64, 96, 3)).save(tmp_path / "model.keras")
    recipe, why = chosen("yolo_v2_finetune", squares, None, tmp_path, [NARROW])  # a run's folder
    assert recipe.arguments["anchors"] == HEAD and recipe.anchors is None and "keeps its own" in why["anchors"]
    assert chosen("yolo_v2_finetune", squares, None, tmp_path, [NARROW, "anchors=2"])[0].anchors == 2
    assert chosen("yolo_v2_finetune", None, None, tmp_path)[0].anchors == 5  # of which data, is not known yet


def test_proposals_keep_the_sizes_of_the_anchors_that_they_learned(squares, tmp_path):
    sizes = (4, 8, 16, 32, 64)
    zoo.faster_rcnn_resnet18_fpn(7, width=1 / 16, anchor_sizes=sizes, input_shape=(64, 96, 3)).save(
        tmp_path / "a.keras"
    )
    recipe, why = finetune("faster_rcnn_resnet18_fpn", squares, None, tmp_path / "a.keras", [NARROW])
    assert recipe.arguments["anchor_sizes"] == sizes and "anchor_sizes: those that" in why["arguments"]
    given = [NARROW, "arguments.anchor_sizes=(9, 8, 7, 6, 5)"]
    recipe, _ = finetune("faster_rcnn_resnet18_fpn", squares, None, tmp_path / "a.keras", given)
    assert recipe.arguments["anchor_sizes"] == (9, 8, 7, 6, 5)


def test_from_scratch_learns_all(squares):
    recipe, _ = finetune("tiny_yolo_v2", squares, None, None, [NARROW])
    assert (recipe.start, recipe.freeze, recipe.anchors) == ("", (), 5)
    assert (recipe.optimizer, recipe.learning_rate, recipe.ema) == ("adamw", 0.000707, 0.995)  # 0.001 for 4
    assert recipe.arguments["pulled_pictures"] == 4 and recipe.epochs == 300 and recipe.max_objects == 1


def test_mixed_pictures_have_the_objects_of_all(squares):
    settings = [NARROW, "augment.mosaic=0.5", "augment.mixup=0.1", "workers=1"]
    recipe, why = finetune("tiny_yolo_v2", squares, None, None, settings)
    assert recipe.max_objects == 8 and recipe.augment.mosaic == 0.5 and recipe.augment.scale == (0.8, 1.25)
    assert (why["augment"], why["workers"]) == ("gentle, for few pictures; in part given", "given")


@pytest.mark.full
def test_networks_without_batch_normalisation_have_a_tenth_of_the_rate(toy):
    plain, _ = finetune("fcn32s_vgg16", toy.data, toy.val_data, None, ["arguments.width=0.03125"])
    normalised, _ = finetune("unet", toy.data, toy.val_data, None, ["arguments.width=0.0625"])
    assert plain.learning_rate == pytest.approx(normalised.learning_rate / 10)
    assert normalised.arguments["batch_norm"] and normalised.metric == "miou"


def test_points_without_known_pairs_are_not_mirrored(tmp_path):

    (tmp_path / "faces").mkdir()
    rows = ["image,x0,y0,x1,y1"]
    for i in range(3):
        Image.fromarray(np.full((40, 40, 3), 60 * i, np.uint8)).save(tmp_path / "faces" / f"{i}.png")
        rows.append(f"{i}.png,5,6,20,30")
    (tmp_path / "faces.csv").write_text("\n".join(rows) + "\n")
    spec = f"points:{tmp_path / 'faces.csv'}"
    recipe, why = finetune("landmarks", spec, spec, None, ["arguments.width=0.25"])
    assert recipe.augment.flip == 0 and "no flips" in why["augment"]
    assert recipe.picture_size == (128, 128) and recipe.metric == "nme" and recipe.task == "points"


def test_large_pictures_are_scaled_down_to_multiples(monkeypatch):
    class Seen:
        def __init__(self, *sizes):
            self.sizes = sizes

        def outlook(self):
            return iter({"size": size} for size in self.sizes)

    assert choices.picture_size(Seen((480, 640), (400, 600), (500, 700)))[0] == (480, 640)
    assert choices.picture_size(Seen((3000, 4000)))[0] == (800, 1056)
    assert choices.picture_size(Seen((600, 4000)))[0] == (192, 1344)
    assert choices.picture_size(Seen((9, 7)))[0] == (32, 32)


def test_a_batch_fits_into_memory(monkeypatch):
    image, twice = keras.Input((10, 10, 3)), keras.layers.Conv2D(3, 1)
    model = keras.Model(image, twice(twice(image)))
    assert memory.of_picture(model) == 3 * 4 * 10 * 10 * (3 + 3 + 3)
    assert memory.of_weights(model) == 4 * 4 * (3 * 3 + 3)
    monkeypatch.setattr(memory, "free", lambda: 2 * (memory.of_weights(model) + 3 * memory.of_picture(model)))
    assert memory.fitting(model) == 3
    monkeypatch.setattr(memory, "free", lambda: 0)
    assert memory.fitting(model) == 1
    assert 0 < memory.of_picture(model) < psutil.virtual_memory().total


def test_rooms_of_what_was_taken(small, tmp_path):
    model = zoo.faster_rcnn_resnet18_fpn(2, width=1 / 16, input_shape=(64, 96, 3), weights=small)
    words = by_room(model.begun_with, model)
    assert words == "backbone 100 of 100, neck 26 of 26, heads new"
    zoo.backbones.resnet18(width=1 / 16, input_shape=(64, 96, 3)).save_weights(tmp_path / "classifier.weights.h5")
    model = zoo.faster_rcnn_resnet18_fpn(2, width=1 / 16, weights=tmp_path / "classifier.weights.h5")
    assert by_room(model.begun_with, model) == "backbone 100 of 100, neck new, heads new"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("faster_rcnn_resnet50", None),
            "model 'faster_rcnn_resnet50', nearest are faster_rcnn_",
        ),
        (("qqq", None), "unknown recipe or model 'qqq': `zoo list` shows all"),
        (("unet", None), "unet is a model without data of its own: name some, --data SOURCE"),
        (("unet", "masks:nowhere"), "nowhere"),
    ],
)
def test_wrong_words_are_one_line(words, message):
    with pytest.raises(InputError, match=message):
        chosen(*words)


def test_wrong_weights_and_fields_are_one_line(squares, toy, small):
    with pytest.raises(InputError, match="small.keras is of another model"):
        chosen("unet", toy.data, toy.val_data, small)
    with pytest.raises(InputError, match="there is no field 'epoch'"):
        chosen("unet", toy.data, toy.val_data, settings=["epoch=3"])
    with pytest.raises(InputError, match="start=gone.h5: nothing is there"):
        chosen("unet", toy.data, toy.val_data, "gone.h5")
    with pytest.raises(InputError, match="has no boxes or labels, which the task detection learns"):
        chosen("tiny_yolo_v2", toy.data, toy.val_data)


@pytest.mark.parametrize("setting", ["builder=nope", "builder=yolo_v2", "data=shapes"])
def test_model_and_data_are_named_once(squares, setting):
    with pytest.raises(InputError, match=f"--set {setting}: .* was named already: name one, as "):
        finetune("tiny_yolo_v2", squares, None, None, [NARROW, setting])


def test_a_run_goes_on_with_its_own_recipe(trained, toy):
    recipe, why = chosen("unet", settings=["epochs=9"], resume=trained.path)
    assert recipe == dataclasses.replace(toy, epochs=9) and (why["epochs"], why["seed"]) == ("given", "the run's")
    with pytest.raises(InputError, match="the run there trains unet, not segnet: name another folder"):
        chosen("segnet", resume=trained.path)


def test_the_other_split_is_found_for_a_recipe_too(squares):
    recipe, why = chosen("tiny_yolo_v2_bccd", squares)
    assert (recipe.data, recipe.val_data) == (f"{squares}:train", f"{squares}:val")
    assert (why["data"], why["batch_size"]) == ("given", "the recipe's")
    assert len(open_source(recipe.val_data)) == 1


def test_a_model_is_as_wide_as_that_of_its_weights(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.json").write_text(load("tiny_yolo_v2_bccd").to_json())
    assert choices.shape_of(str(run), "tiny_yolo_v2") == {"width": 0.25}
    (run / "model.keras").touch()
    assert choices.shape_of(run / "model.keras", "tiny_yolo_v2") == {"width": 0.25}
    assert choices.shape_of("regionzoo/tiny_yolo_v2_bccd", "tiny_yolo_v2") == {"width": 0.25}  # the package has it
    assert choices.shape_of(str(run), "yolo_v2") == choices.shape_of(tmp_path / "none.keras", "tiny_yolo_v2") == {}


def test_a_bundled_model_is_trained_on(squares):
    recipe, _ = finetune("tiny_yolo_v2", squares, None, "regionzoo/tiny_yolo_v2_bccd", ["picture_size=64x96"])
    assert recipe.start == "regionzoo/tiny_yolo_v2_bccd" and recipe.arguments["width"] == 0.25
    assert recipe.freeze and recipe.learning_rate < 1e-2
