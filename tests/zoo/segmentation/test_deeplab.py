import keras
import numpy as np
import pytest

import export
from tests.checks import core_in_full, learns, parameters, saves_and_loads
from zoo import InputError
from zoo.segmentation.deeplab_largefov import Interpolate, deeplab_largefov, pool

WIDTH = 1 / 32


def toy(**arguments):
    return deeplab_largefov(3, width=WIDTH, **arguments)


def pictures(height, width):
    return np.random.default_rng(0).integers(0, 255, (2, height, width, 3), "uint8")


def test_parameters_equal_the_authors_release(undrawn):
    assert parameters(deeplab_largefov(21)) == 20_505_429


def test_maps_have_the_sizes_of_the_release():
    """321 pixels give 161, 81 and 41 cells, and the last two poolings keep these."""
    model = toy(input_shape=(321, 321, 3))
    sizes = [model.get_layer(f"block{i}_pool").output.shape[1] for i in range(1, 6)]
    assert sizes == [161, 81, 41, 41, 41]
    assert model.get_layer("fc7").output.shape == (None, 41, 41, 32)
    assert model.output["logits"].shape == (None, 321, 321, 3)


@pytest.mark.core
def test_corners_are_aligned():
    cells = np.array([[0.0, 8.0, 4.0], [80.0, 88.0, 84.0]]).reshape(1, 2, 3, 1)
    out = keras.ops.convert_to_numpy(Interpolate(4)(cells.astype("float32")))[0, ..., 0]
    assert out.shape == (8, 12)
    assert out[0].tolist() == [0, 2, 4, 6, 8, 7, 6, 5, 4, 4, 4, 4]
    assert out[:, 0].tolist() == [0, 20, 40, 60, 80, 80, 80, 80]
    assert out[1, 1] == 22


@pytest.mark.core
def test_pooling_is_centred_on_every_second_pixel():
    """Rounding up gives an even side a last window around the pixel behind it."""
    for side, expected in [(5, [1, 3, 4]), (6, [1, 3, 5, 5]), (1, [0])]:
        line = np.arange(side, dtype="float32").reshape(1, side, 1, 1)
        image = keras.Input((side, 1, 1))
        out = keras.ops.convert_to_numpy(keras.Model(image, pool(image, 2, name="pool"))(line))
        assert out[0, :, 0, 0].tolist() == expected


@pytest.mark.parametrize("size", [(33, 41), (40, 50), (1, 3)])
def test_any_picture_size(size, every_way):
    assert toy().predict(pictures(*size), verbose=0)["logits"].shape == (2, *size, 3)


def test_saves_and_loads(tmp_path):
    saves_and_loads(toy(), pictures(24, 33), tmp_path / "model.keras")


@core_in_full
def test_learns(every_way):
    images = pictures(32, 40)
    learns(toy(), images, images[..., 0] // 86)


def test_too_small_a_picture():
    with pytest.raises(InputError, match="1 pixels a side or more, received 0x40"):
        toy(input_shape=(0, 40, 3))


@pytest.mark.full
@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_float32_agrees_with_keras(format, tmp_path):
    artifact = export.export(
        toy(), tmp_path / f"model.{format}", format, image_size=(33, 40), pictures=pictures(33, 40)
    )
    assert artifact.parity["passed"], artifact.parity
