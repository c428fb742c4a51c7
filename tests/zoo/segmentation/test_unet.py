import numpy as np
import pytest

from tests.checks import learns, parameters, saves_and_loads
from zoo import InputError, unet
from zoo.segmentation.unet import unpadded_input


def test_parameters_equal_the_paper(undrawn):
    assert parameters(unet(2, input_shape=(None, None, 1))) == 31_030_658
    assert parameters(unet(2, padding="valid", input_shape=(572, 572, 1))) == 31_030_658


def test_unpadded_sizes_are_the_papers():
    model = unet(2, padding="valid", width=1 / 32, input_shape=(572, 572, 1))
    assert model.output["logits"].shape == (None, 388, 388, 2)
    assert unpadded_input(388, depth=4) == 572
    assert unpadded_input(387, depth=4) == 572
    assert unpadded_input(389, depth=4) == 588


@pytest.mark.parametrize("padding", ["same", "mirror"])
@pytest.mark.parametrize("size", [(96, 128), (97, 101)])
def test_any_picture_size(padding, size, traced):
    images = np.zeros((1, *size, 3), "uint8")
    for shape in [(None, None, 3), (*size, 3)]:
        model = unet(2, padding=padding, width=1 / 32, depth=2, input_shape=shape)
        assert model.predict(images, verbose=0)["logits"].shape == (1, *size, 2)


def test_mirrored_centre_equals_the_unpadded_network():
    """Away from the border the mirrored form computes just what the paper's unpadded network does."""
    images = np.random.default_rng(0).integers(0, 255, (1, 252, 252, 3), "uint8")
    unpadded = unet(2, padding="valid", width=1 / 32, input_shape=(252, 252, 3))
    mirrored = unet(2, padding="mirror", width=1 / 32, input_shape=(252, 252, 3))
    mirrored.set_weights(unpadded.get_weights())
    small = unpadded.predict(images, verbose=0)["logits"]
    large = mirrored.predict(images, verbose=0)["logits"]
    assert small.shape[1:3] == (68, 68)
    np.testing.assert_allclose(large[:, 92:160, 92:160], small, atol=1e-5)


def test_saves_and_loads(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (2, 40, 24, 3), "uint8")
    saves_and_loads(unet(2, width=1 / 32, depth=2, batch_norm=True), images, tmp_path / "model.keras")


@pytest.mark.core
def test_learns(every_way):
    images = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), "uint8")
    learns(unet(3, width=1 / 16, depth=2), images, images[..., 0] // 86)


def test_unpadded_form_learns_from_the_centre_of_the_labels(every_way):
    images = np.random.default_rng(0).integers(0, 255, (2, 60, 60, 3), "uint8")
    learns(unet(3, width=1 / 16, depth=2, padding="valid"), images, images[..., 0] // 86)


def test_errors():
    with pytest.raises(InputError, match="188 pixels a side or more, received 187x572"):
        unet(2, padding="valid", input_shape=(187, 572, 1))
    with pytest.raises(InputError, match="received 'full'"):
        unet(2, padding="full")
