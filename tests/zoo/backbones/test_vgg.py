import numpy as np
import pytest

from tests.checks import parameters
from zoo import InputError
from zoo.backbones.vgg import vgg16


def test_parameters_equal_keras_applications(undrawn):
    assert parameters(vgg16()) == 14_714_688
    assert parameters(vgg16(include_top=True, input_shape=(224, 224, 3))) == 138_357_544


def test_batch_norm_adds_two_values_a_filter(undrawn):
    assert parameters(vgg16(batch_norm=True)) == 14_714_688 + 2 * 4224


def test_feature_maps_have_their_strides():
    model = vgg16(width=1 / 32, input_shape=(64, 96, 3))
    maps = model.predict(np.zeros((1, 64, 96, 3), "uint8"), verbose=0)
    assert {name: m.shape[1:3] for name, m in maps.items()} == {
        **{f"conv{i}": (64 >> i - 1, 96 >> i - 1) for i in range(1, 6)},
        **{f"pool{i}": (64 >> i, 96 >> i) for i in range(1, 6)},
    }


def test_top_needs_a_fixed_size():
    with pytest.raises(InputError, match=r"fixed input_shape.*None"):
        vgg16(include_top=True)
