"""One model, pictures of three sizes in turn: every network of the zoo that takes any size, and what the others say.

After the first size TensorFlow traces `predict` anew with sides that are not known before it runs; JAX knows them
always. There the answers are compared with those of the model called operation by operation, of which JAX would
compile each.
"""

import inspect

import keras
import numpy as np
import pytest

import zoo
from tests.checks import quick

TENSORFLOW = keras.backend.backend() == "tensorflow"
SIZES = (64, 96), (97, 75), (128, 64)
OWN_SIZE = {"grid_detector": {"grid": (2, 3)}}
"""By name, what a model of one size takes beside its size to be built for the first of `SIZES`."""
OF_STRIDE_64 = "fast_yolo", "yolo_v1"
NUM_PROPOSALS = 8
PARAMETERS = {name: inspect.signature(builder).parameters for name, builder in zoo.BUILDERS.items()}
ONE_SIZE = [name for name, known in PARAMETERS.items() if None not in known["input_shape"].default]
ANY_SIZE = [name for name in PARAMETERS if name not in ONE_SIZE]
KEPT = ("faster_rcnn_zf", "segnet_basic", "tiny_yolo_v2") if TENSORFLOW else ("tiny_yolo_v2",)


def toy(name, **arguments):
    known = PARAMETERS[name]
    arguments["num_points" if "num_points" in known else "num_classes"] = 2
    arguments |= {"width": 1 / 16}
    arguments |= {"num_proposals": NUM_PROPOSALS} if "num_proposals" in known else {}
    model = zoo.build(name, **arguments)
    if hasattr(model, "score_threshold"):
        model.score_threshold = 0.0
    if any(isinstance(layer, keras.layers.Add) for layer in model.layers):
        halve_the_branches(model)
    return model


def halve_the_branches(model):
    """Untrained, every residual block doubles what it is given: a hundred layers on no number is finite."""
    for variable in model.weights:
        if variable.name == "gamma":
            variable.assign(np.full(variable.shape, 0.5))


def batch(model, size):
    """Two pictures, of which the second is darker, and for a model that looks at them regions."""
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, 255, (2, *size, 3)).astype("float32") * np.float32([1, 0.5]).reshape(2, 1, 1, 1)
    if not getattr(model, "proposals", ""):
        return pictures
    corners = rng.uniform(0, 0.5, (2, NUM_PROPOSALS, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0.2, 0.5, corners.shape)], axis=-1)
    return {"image": pictures, "proposals": (boxes * (size[::-1] * 2)).astype("float32")}


def check_answer(found, size):
    """Asserts that all numbers are finite, and what is found lies in the picture."""
    assert all(np.isfinite(values).all() for values in found.values())
    if "logits" in found:
        assert found["logits"].shape == (2, *size, 2)
    else:
        assert found["count"].min() > 0
        assert found["boxes"].min() >= 0 and (found["boxes"] <= size[::-1] * 2).all()


@pytest.mark.core
@pytest.mark.parametrize("name", quick(ANY_SIZE, *KEPT))
def test_one_model_predicts_pictures_of_any_size(name, traced):
    model = toy(name)
    for size in SIZES:
        pictures = batch(model, size)
        found = model.predict(pictures, verbose=0)
        check_answer(found, size)
        if TENSORFLOW:
            expected = model.predictions(model(pictures, training=False))
            for key, values in found.items():
                np.testing.assert_allclose(values, expected[key], rtol=1e-4, atol=1e-3, err_msg=f"{key} at {size}")


@pytest.mark.core
@pytest.mark.parametrize("name", quick(ONE_SIZE, "grid_detector"))
def test_a_model_of_one_size_says_which_in_one_line(name, traced):
    height, width = (128, 64) if name in OF_STRIDE_64 else SIZES[0]
    model = toy(name, input_shape=(height, width, 3), **OWN_SIZE.get(name, {}))
    pictures, others = np.ones((1, height, width, 3), "float32"), np.ones((1, 97, 75, 3), "float32")
    line = (
        f"{name} takes pictures of {height}x{width}, received 97x75: build it with input_shape=(97, 75, 3), "
        "or let zoo predict fit them in"
    )
    for _ in range(2):
        assert all(np.isfinite(values).all() for values in model.predict(pictures, verbose=0).values())
        for call in (lambda: model.predict(others, verbose=0), lambda: model(others)):
            with pytest.raises(zoo.InputError) as error:
                call()
            assert str(error.value) == line


@pytest.mark.full
@pytest.mark.skipif(not TENSORFLOW, reason="JAX compiles each size anew, knowing it")
@pytest.mark.parametrize(
    "name",
    [
        "fast_rcnn_resnet18_fpn",
        "faster_rcnn_zf",
        "fcn8s_alexnet",
        "keypoint_rcnn_resnet18_fpn",
        "mask_keypoint_rcnn_resnet18_fpn",
        "mask_rcnn_resnet50_c4",
        "segnet_basic",
        "tiny_yolo_v2",
    ],
)
def test_one_model_learns_from_pictures_of_any_size_and_any_number_of_objects(name):
    model = toy(name, **({"num_keypoints": 2} if "keypoint" in name else {}))
    if hasattr(model, "region_samples"):
        model.region_samples = 8
    model.compile(keras.optimizers.SGD(1e-6))
    for size, objects in zip(SIZES, (3, 1, 4), strict=True):
        pictures, truth = batch(model, size), targets(model, size, objects)
        losses = [step(pictures, truth, return_dict=True) for step in (model.train_on_batch, model.test_on_batch)]
        assert all(np.isfinite(list(terms.values())).all() for terms in losses)


def targets(model, size, objects):
    """What two pictures show: half a picture of each class, or objects, the last of the second picture missing."""
    if model.task == "segmentation":
        return np.tile(np.arange(size[1]) % 2, (2, size[0], 1)).astype("int32")
    labels = np.zeros((2, objects), "int32")
    labels[1, -1] = -1
    return {
        "boxes": np.tile(np.float32([8, 10, 50, 60]), (2, objects, 1)),
        "labels": labels,
        "masks": np.ones((2, objects, 8, 8), "uint8"),
        "keypoints": np.tile(np.float32([20, 24, 2]), (2, objects, 2, 1)),
    }
