from functools import cache

import keras
import numpy as np
import pytest

from tests.checks import core_in_full, learns, saves_and_loads
from zoo import InputError
from zoo.backbones.small import small_cnn
from zoo.backbones.vgg import vgg16
from zoo.localization.localizer import localizer


def toy(**arguments):
    return localizer(3, width=1 / 8, **{"input_shape": (32, 64, 3), **arguments})


@cache
def network(**arguments):
    """The toy of the tests that leave it as it is."""
    return toy(**arguments)


def pictures():
    return np.random.default_rng(0).integers(0, 255, (2, 32, 64, 3), "uint8")


def targets(labels=(1, -1)):
    boxes = np.array([[16, 8, 48, 24], [0, 0, 0, 0]], "float32")
    return {"boxes": boxes, "labels": np.array(labels, "int32")}


def numpy(tree):
    return {name: keras.ops.convert_to_numpy(value) for name, value in tree.items()}


def test_one_vector_a_picture():
    model = toy()
    assert model.output["y"].shape == (None, 5 + 3)
    assert model.num_classes == 3
    assert localizer(7).output["y"].shape == (None, 12)


@pytest.mark.core
def test_predictions_by_hand():
    y = np.array([[0, 0.5, 0.25, 0.25, 0.5, 0, np.log(3), -100], [9, 1, 1, 1, -1, 0, 0, 0]], "float32")
    found = numpy(network().predictions({"y": y}))
    assert found["score"][0] == 0.5
    np.testing.assert_allclose(found["box"], [[24, 0, 40, 16], [32, 32, 64, 32]])  # within the frame
    np.testing.assert_allclose(found["probs"], [[0.25, 0.75, 0], [1 / 3] * 3], atol=1e-6)
    squared = numpy(network(loss="squared").predictions({"y": y}))
    np.testing.assert_allclose(squared["score"], [0, 1])
    np.testing.assert_allclose(squared["probs"][0], [0, 1, 0])


@pytest.mark.core
def test_mixed_loss_by_hand():
    y = np.array([[0, 0.5, 0.5, 0.4, 0.2, 0, 0, 0], [0, 9, 9, 9, 9, 9, 8, 7]], "float32")
    terms = numpy(network().loss_terms(targets(), {"y": y}))  # the box is (0.5, 0.5, 0.5, 0.5)
    assert terms["presence"] == pytest.approx(np.log(2))
    assert terms["box"] == pytest.approx((0.1**2 + 0.3**2) / 2)
    assert terms["class"] == pytest.approx(np.log(3) / 2)


@pytest.mark.core
def test_squared_loss_by_hand():
    y = np.array([[0.5, 0.5, 0.5, 0.4, 0.2, 0.1, 0.7, 0.2], [0.5, 9, 9, 9, 9, 9, 8, 7]], "float32")
    terms = numpy(network(loss="squared").loss_terms(targets(), {"y": y}))
    assert terms["presence"] == pytest.approx(0.25)
    assert terms["box"] == pytest.approx((0.1**2 + 0.3**2) / 2)
    assert terms["class"] == pytest.approx((0.1**2 + 0.3**2 + 0.2**2) / 2)


@pytest.mark.core
@pytest.mark.parametrize("loss", ["mixed", "squared"])
def test_without_an_object_only_the_presence_is_learned(loss):
    model, rng = network(loss=loss), np.random.default_rng(0)
    y, other = rng.normal(size=(2, 2, 8)).astype("float32")
    other[:, 0] = y[:, 0]
    empty = targets((-1, -1))
    terms = numpy(model.loss_terms(empty, {"y": y}))
    assert terms["presence"] > 0 and terms["box"] == terms["class"] == 0
    assert numpy(model.loss_terms(empty, {"y": other})) == terms

    y[:, 0] += 0.1
    assert numpy(model.loss_terms(empty, {"y": y}))["presence"] != terms["presence"]


@core_in_full
def test_without_an_object_the_weights_of_the_rest_stand_still():
    model = toy()
    heads = {name: model.get_layer(name) for name in ("presence", "where_map", "sides", "classes")}
    before = {name: keras.ops.convert_to_numpy(head.kernel) for name, head in heads.items()}
    model.compile(keras.optimizers.SGD(0.1))
    model.train_on_batch(pictures(), targets((-1, -1)))
    moved = {name for name, head in heads.items() if np.any(keras.ops.convert_to_numpy(head.kernel) != before[name])}
    assert moved == {"presence"}


@core_in_full
def test_the_box_weighs_as_much_as_one_says():
    y = np.random.default_rng(0).normal(size=(2, 8)).astype("float32")
    plain, weighted = (numpy(network(box_weight=w).loss_terms(targets(), {"y": y})) for w in (1.0, 5.0))
    assert weighted["box"] == pytest.approx(5 * plain["box"])
    assert weighted["class"] == plain["class"]


@pytest.mark.core
def test_predictions_invert_the_target():
    boxes = np.array([[3, 5, 40, 30], [0, 0, 64, 32]], "float32")
    x1, y1, x2, y2 = boxes.T / np.array([[64], [32], [64], [32]])
    y = np.zeros((2, 8), "float32")
    y[:, 1:5] = np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=-1)
    model = network()
    np.testing.assert_allclose(numpy(model.predictions({"y": y}))["box"], boxes, atol=1e-5)
    assert numpy(model.loss_terms({"boxes": boxes, "labels": np.zeros(2, "int32")}, {"y": y}))["box"] < 1e-12


@pytest.mark.core
def test_learns(every_way):
    learns(toy(), pictures(), targets())


@pytest.mark.core
@pytest.mark.full
def test_learns_from_an_empty_batch():
    learns(toy(), pictures(), targets((-1, -1)), still=("where_map", "sides", "classes"))


@core_in_full
def test_saves_and_loads(tmp_path):
    model = toy(loss="squared", box_weight=3.0)
    model.compile("adam")
    model.fit(pictures(), targets(), verbose=0)
    saves_and_loads(model, pictures(), tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.loss_form, loaded.box_weight) == ("squared", 3.0)
    assert loaded.evaluate(pictures(), targets(), verbose=0) == pytest.approx(
        model.evaluate(pictures(), targets(), verbose=0)
    )


@core_in_full
@pytest.mark.parametrize("kind", ["name", "function", "model"])
def test_any_backbone(kind):
    backbone = {"name": "vgg16", "function": vgg16}.get(kind) or small_cnn(width=1 / 4, input_shape=(32, 64, 3))
    model = toy(backbone=backbone)
    found = model.predict(pictures(), verbose=0)
    assert {name: value.shape for name, value in found.items()} == {"score": (2,), "box": (2, 4), "probs": (2, 3)}
    assert model.get_layer("where_map").input.shape[1:3] == (1, 2)  # the deepest map, of stride 32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backbone": "vgg61"}, "knows no backbone 'vgg61': choose one of darknet19"),
        ({"backbone": keras.Sequential([keras.Input((32, 64, 3)), keras.layers.Flatten()])}, "feature maps"),
        ({"loss": "logistic"}, "loss= one of mixed, squared, received 'logistic'"),
        ({"input_shape": (None, None, 3)}, r"fixed size.*received \(None, None\)"),
        ({"backbone": "vgg16", "input_shape": (16, 16, 3)}, r"input_shape=\(16, 16, 3\): choose a larger picture"),
    ],
)
def test_wrong_input(arguments, message):
    with pytest.raises(InputError, match=message):
        toy(**arguments)
