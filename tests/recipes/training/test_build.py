from recipes.training.build import build, learned
from recipes.training.recipe import load
from recipes.training.settings import change
from tests.recipes.evaluation.test_evaluate import NAMES, Scenes


def test_points_are_those_of_the_source():
    recipe = change(load("landmarks_faces"), ["picture_size=32x32", "arguments.width=0.25"])
    model = build(recipe, Scenes())
    assert model.output["y"].shape == (None, 1 + 2 * len(NAMES))
    assert (model.keypoint_names, model.class_names, model.image_size) == (NAMES, ("cat", "dog"), (32, 32))


def test_classes_are_those_of_the_source():
    recipe = change(load("localizer_shapes"), ["picture_size=64x64", "arguments.width=0.25"])
    model = build(recipe, Scenes())
    assert model.output["y"].shape == (None, 1 + 4 + 2)
    assert (model.class_names, model.image_size) == (("cat", "dog"), (64, 64))


def test_the_model_predicts_as_it_was_trained():
    recipe = change(load("grid_shapes"), ["resizing=stretch"])
    assert build(recipe, Scenes()).resizing == "stretch"


def test_keypoints_are_learned_with_their_classes():
    for task in ("keypoints", "masks_and_keypoints"):
        assert learned(task, Scenes()) == {"num_classes": 2, "num_keypoints": 2}
    assert learned("detection", Scenes()) == {"num_classes": 2}
