"""From a recipe to its model: the builder's arguments, those that follow from the data included."""

import keras

import zoo
from recipes.data.graph import mapped
from recipes.data.targets import TARGETS, check_targets
from recipes.training.start import take_weights
from zoo.errors import InputError


def build(recipe, source, precision="float32", any_size=False):
    """Builds the recipe's model for the classes or keypoints of a source, with the weights that it begins with.

    Args:
        recipe: a `Recipe`.
        source: what it learns from.
        precision: Keras dtype policy.
        any_size: whether the model takes pictures of any size, instead of `recipe.picture_size`.

    Raises:
        InputError: if the builder does not take the recipe's arguments or picture size, its task is another, it
            needs proposals and the recipe names none, or the recipe begins with a model that does not exist or fit.
    """
    size = (None, None) if any_size else recipe.picture_size
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        arguments = {"input_shape": (*size, 3), **learned(recipe.task, source), **recipe.arguments}
        if recipe.proposals:
            arguments |= {"proposals": recipe.proposals, "num_proposals": recipe.num_proposals}
        model = zoo.build(recipe.builder, **arguments)
    finally:
        keras.config.set_dtype_policy(previous)
    if model.task != recipe.task:
        raise InputError(f"{recipe.builder} is a model for {model.task}, not {recipe.task}: set task={model.task}")
    if (needed := getattr(model, "proposals", "")) != recipe.proposals:
        raise InputError(f"{recipe.builder} looks at regions that are proposed to it: set proposals={needed}")
    if model.task == "segmentation" and model.output["logits"].shape[1:3] != size:
        raise InputError(f'{recipe.builder} does not cover its picture when unpadded: train with padding="mirror"')
    if recipe.start:
        take_weights(model, recipe.start)
    model.class_names, model.image_size = tuple(source.class_names(recipe.task)), tuple(recipe.picture_size)
    model.resizing, model.sides = recipe.resizing, None
    if "keypoints" in TARGETS[model.task]:
        for name in ("keypoint_names", "skeleton", "flip_pairs"):
            setattr(model, name, tuple(getattr(source, name)))
    return model


def learned(task, source):
    """Returns the builder's arguments that say how much there is to learn.

    Raises:
        InputError: if the source lacks the task's targets.
    """
    check_targets(source, task)
    if "keypoints" in TARGETS[task]:
        points = mapped(source.records(), source.decode).element_spec["keypoints"].shape[1]
        if task == "points":
            return {"num_points": points}
        return {"num_classes": len(source.class_names(task)), "num_keypoints": points}
    return {"num_classes": len(source.class_names(task))}
