"""A real network reads and predicts as its authors' Caffe does."""

import keras

from tests.zoo.weights import imagenet


def test_googlenet_names_what_is_in_three_photographs(zoo_data):
    model = imagenet.network(zoo_data)
    assert model.count_params() == 6_998_552
    imagenet.check(keras.ops.convert_to_numpy(model(imagenet.centre_squares(zoo_data))["logits"]))
