import numpy as np

from tests.checks import parameters
from zoo.backbones.small import small_cnn


def test_parameters_by_hand():
    convolutions = 9 * (3 * 4 + 4 * 8 + 8 * 16)
    assert parameters(small_cnn(width=1 / 4, depth=3)) == convolutions + 2 * (4 + 8 + 16)
    assert parameters(small_cnn(width=0.25, depth=3)) == convolutions + 2 * (4 + 8 + 16)


def test_feature_maps_have_their_strides():
    maps = small_cnn(width=1 / 8).predict(np.zeros((1, 64, 96, 3), "uint8"), verbose=0)
    assert {name: m.shape for name, m in maps.items()} == {
        f"stride{2**i}": (1, 64 >> i, 96 >> i, min(2**i, 16)) for i in range(1, 6)
    }


def test_pooling_stops_at_the_output_stride():
    maps = small_cnn(width=1 / 8, output_stride=8).predict(np.zeros((1, 64, 96, 3), "uint8"), verbose=0)
    assert list(maps) == ["stride2", "stride4", "stride8"]
    assert maps["stride8"].shape == (1, 8, 12, 16)
