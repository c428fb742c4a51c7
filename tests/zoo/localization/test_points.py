from functools import cache

import keras
import numpy as np
import pytest

from tests.checks import core_in_full, learns, quick, saves_and_loads
from zoo import InputError
from zoo.localization.landmarks import landmarks, pose
from zoo.localization.soft_argmax import SoftArgmax, SoftPooling


def toy(**arguments):
    return landmarks(2, width=1 / 8, input_shape=(32, 64, 3), **arguments)


@cache
def network(**arguments):
    """The toy of the tests that leave it as it is."""
    return toy(**arguments)


def pictures():
    return np.random.default_rng(0).integers(0, 255, (2, 32, 64, 3), "uint8")


def targets(labels=(0, -1)):
    keypoints = np.array([[[16, 8, 2], [0, 0, 0]], [[7, 7, 2], [7, 7, 2]]], "float32")
    return {"keypoints": keypoints, "labels": np.array(labels, "int32")}


def numpy(tree):
    return {name: keras.ops.convert_to_numpy(value) for name, value in tree.items()}


def test_137_numbers_of_a_face_and_29_of_a_person():
    assert landmarks(input_shape=(64, 64, 3)).output["y"].shape == (None, 137)
    assert pose(input_shape=(64, 64, 3)).output["y"].shape == (None, 29)
    assert landmarks(5, input_shape=(64, 64, 3)).num_points == 5


@pytest.mark.core
def test_soft_argmax_by_hand():
    maps = np.zeros((1, 2, 4, 3), "float32")
    maps[0, 1, 2, 0] = 100.0  # one cell
    maps[0, 0, 1, 1] = maps[0, 0, 2, 1] = 100.0  # halfway between two
    expected = [[2.5 / 4, 1.5 / 2], [0.5, 0.25], [0.5, 0.5]]  # the last is flat: the centre
    np.testing.assert_allclose(keras.ops.convert_to_numpy(SoftArgmax()(maps))[0], expected, atol=1e-6)
    assert SoftArgmax()(maps[:0]).shape == (0, 3, 2)


@pytest.mark.core
def test_soft_pooling_reads_the_features_where_the_map_is_high():
    features = np.arange(12, dtype="float32").reshape(1, 2, 2, 3)
    heat = np.log(np.array([1, 0.25, 0.25, 0.5], "float32")).reshape(1, 2, 2, 1)
    expected = (features[0].reshape(4, 3) * np.array([[0.5], [0.125], [0.125], [0.25]])).sum(0)
    pooled = SoftPooling()([features, heat])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(pooled), [expected], rtol=1e-6)
    assert SoftPooling()([features[:0], heat[:0]]).shape == (0, 3)


@pytest.mark.core
def test_predictions_by_hand():
    y = np.array([[0, 0.25, 0.5, 1, 0], [100, 0, 0, 0, 0]], "float32")
    found = numpy(network().predictions({"y": y}))
    np.testing.assert_allclose(found["score"], [0.5, 1])
    np.testing.assert_allclose(found["points"][0], [[16, 16], [64, 0]])


@pytest.mark.core
def test_losses_by_hand():
    # The one point that counts is wrong by 32 pixels of 64 and by 1 of 32.
    y = np.array([[0, 0.75, 9 / 32, 5, 5], [0, 5, 5, 5, 5]], "float32")
    expected = {
        "squared": 0.5**2 + (1 / 32) ** 2,
        "l1": 0.5 + 1 / 32,
        "wing": 32 - (10 - 10 * np.log(6)) + 10 * np.log(1.5),
    }
    for loss, value in expected.items():
        terms = numpy(network(loss=loss).loss_terms(targets(), {"y": y}))
        assert terms["points"] == pytest.approx(value, rel=1e-5)
        assert terms["presence"] == pytest.approx(np.log(2))


@pytest.mark.core
@pytest.mark.parametrize("loss", ["squared", "l1", "wing"])
def test_hidden_points_and_pictures_without_object_are_left_out(loss):
    model, rng = network(loss=loss), np.random.default_rng(0)
    y, other = rng.normal(size=(2, 2, 5)).astype("float32")
    other[:, 0], other[0, 1:3] = y[:, 0], y[0, 1:3]  # all differs but Pc and the one visible point
    terms = numpy(model.loss_terms(targets(), {"y": y}))
    assert numpy(model.loss_terms(targets(), {"y": other})) == terms
    assert terms["points"] > 0
    assert numpy(model.loss_terms(targets((-1, -1)), {"y": y}))["points"] == 0


@core_in_full
def test_a_point_is_learned_and_hidden_ones_stand_still():
    model = toy(loss="l1")
    before = keras.ops.convert_to_numpy(model.get_layer("maps").kernel)
    model.compile(keras.optimizers.SGD(0.1))
    model.train_on_batch(pictures(), targets())
    moved = np.abs(keras.ops.convert_to_numpy(model.get_layer("maps").kernel) - before).max(axis=(0, 1, 2))
    assert moved[0] > 0 and moved[1] == 0


@pytest.mark.core
@pytest.mark.parametrize("loss", quick(["squared", "l1", "wing"], "wing"))
def test_learns(loss, every_way):
    learns(toy(loss=loss), pictures(), targets())


@pytest.mark.core
@pytest.mark.full
@pytest.mark.parametrize("loss", ["squared", "l1", "wing"])
def test_learns_from_an_empty_batch(loss):
    learns(toy(loss=loss), pictures(), targets((-1, -1)), still=("maps",))


@core_in_full
def test_saves_and_loads(tmp_path):
    model = toy(loss="wing")
    model.keypoint_names, model.skeleton, model.flip_pairs = ("left", "right"), ((0, 1),), ((0, 1),)
    saves_and_loads(model, pictures(), tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.loss_form, loaded.keypoint_names) == ("wing", ("left", "right"))
    assert loaded.skeleton == loaded.flip_pairs == ((0, 1),)


@core_in_full
def test_the_deepest_map_of_any_backbone():
    model = landmarks(2, backbone="vgg16", width=1 / 32, input_shape=(64, 96, 3))
    assert model.get_layer("maps").output.shape == (None, 2, 3, 2)
    assert model.predict(np.zeros((1, 64, 96, 3), "uint8"), verbose=0)["points"].shape == (1, 2, 2)


def test_wrong_input():
    with pytest.raises(InputError, match="landmarks takes loss= one of squared, l1, wing, received 'huber'"):
        toy(loss="huber")
    with pytest.raises(InputError, match="pose takes pictures of a fixed size"):
        pose(input_shape=(None, None, 3))
