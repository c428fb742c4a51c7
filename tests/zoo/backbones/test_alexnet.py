import numpy as np
import pytest

from tests.checks import parameters
from zoo import InputError
from zoo.backbones.alexnet import alexnet


def test_parameters_equal_torchvision():
    assert parameters(alexnet(include_top=True, input_shape=(224, 224, 3))) == 61_100_840


def test_feature_maps_have_torchvisions_sizes():
    model = alexnet(width=1 / 64, include_top=True, num_classes=7, input_shape=(224, 224, 3))
    maps = model.predict(np.zeros((1, 224, 224, 3), "uint8"), verbose=0)
    assert maps.pop("logits").shape == (1, 7)
    sizes = {"conv1": 55, "pool1": 27, "conv2": 27, "pool2": 13, "conv3": 13, "conv4": 13, "conv5": 13, "pool5": 6}
    assert {name: m.shape[1:3] for name, m in maps.items()} == {name: (n, n) for name, n in sizes.items()}


def test_smallest_picture():
    model = alexnet(width=1 / 64, input_shape=(63, 63, 3))
    assert model.output["pool5"].shape == (None, 1, 1, 4)
    with pytest.raises(InputError, match="63 pixels"):
        alexnet(input_shape=(62, 224, 3))


def test_top_needs_a_fixed_size():
    with pytest.raises(InputError, match=r"fixed input_shape.*None"):
        alexnet(include_top=True)
