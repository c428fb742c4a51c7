import numpy as np
import pytest

from tests.checks import learns, parameters, saves_and_loads
from zoo import InputError, segnet, segnet_basic

TOYS = [lambda **kw: segnet(3, width=1 / 16, **kw), lambda **kw: segnet_basic(3, width=1 / 16, **kw)]


def test_parameters_equal_the_authors_release(undrawn):
    assert parameters(segnet(11)) == 29_449_355
    assert parameters(segnet_basic(11)) == 1_416_587


def test_thirteen_and_thirteen_convolutions(undrawn):
    names = [layer.name for layer in segnet(11).layers if layer.__class__.__name__ == "Conv2D"]
    assert sum(name.startswith("encoder") for name in names) == 13
    assert sum(name.startswith("decoder") for name in names) == 12  # and the classifier


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("size", [pytest.param((32, 64), marks=pytest.mark.full), (37, 45), (2, 3)])
def test_any_picture_size(toy, size, every_way):
    images = np.random.default_rng(0).integers(0, 255, (2, *size, 3), "uint8")
    assert toy().predict(images, verbose=0)["logits"].shape == (2, *size, 3)


@pytest.mark.parametrize("toy", TOYS)
def test_saves_and_loads(toy, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (2, 32, 48, 3), "uint8")
    saves_and_loads(toy(input_shape=(32, 48, 3)), images, tmp_path / "model.keras")


@pytest.mark.parametrize("toy", [TOYS[0], pytest.param(TOYS[1], marks=pytest.mark.core)])
def test_learns(toy, every_way):
    images = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), "uint8")
    learns(toy(input_shape=(32, 32, 3)), images, images[..., 0] // 86)


def test_too_small_a_picture():
    with pytest.raises(InputError, match="2 pixels a side or more, received 1x40"):
        segnet(3, input_shape=(1, 40, 3))
    with pytest.raises(InputError, match=r"\(height, width, channels\), received \(32, 32\)"):
        segnet_basic(3, input_shape=(32, 32))
