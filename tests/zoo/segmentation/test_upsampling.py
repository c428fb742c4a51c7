import keras
import numpy as np
import pytest

from zoo.segmentation.upsampling import Bilinear, Cells, cropped, fused, scored, upsampled

pytestmark = pytest.mark.core


def ramp(start, stride, count, name="ramp"):
    """A map whose every cell holds the two coordinates of the pixel it is centred on."""
    line = start + stride * np.arange(count)
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), -1)[None].astype("float32")
    return Cells(keras.ops.convert_to_tensor(grid), stride, start, name)


def inner(cells, border):
    """Asserts that cells further than `border` from the map's own hold where they stand."""
    expected = ramp(cells.start, cells.stride, cells.map.shape[1]).map
    inside = slice(border, -border)
    np.testing.assert_allclose(cells.map[:, inside, inside], expected[:, inside, inside], atol=1e-3)


def test_bilinear_kernel_by_hand():
    kernel = np.asarray(Bilinear()((4, 4, 2, 2)))
    line = [0.25, 0.75, 0.75, 0.25]
    np.testing.assert_allclose(kernel[:, :, 0, 0], np.outer(line, line))
    np.testing.assert_array_equal(kernel[:, :, 0, 0], kernel[:, :, 1, 1])
    assert not kernel[:, :, 0, 1].any() and not kernel[:, :, 1, 0].any()
    np.testing.assert_allclose(np.asarray(Bilinear()((3, 3, 1, 1)))[1, :, 0, 0], [0.5, 1, 0.5])


@pytest.mark.parametrize("factor", [2, 16])
@pytest.mark.parametrize(("start", "odd"), [(12.5, False), (13.0, True)])
def test_upsampling_keeps_its_place_in_the_picture(start, odd, factor):
    finer = upsampled(ramp(start, 32, 4), factor, name="up")
    assert finer.stride == 32 // factor and finer.start.is_integer() == odd
    inner(finer, 2 * factor)


@pytest.mark.parametrize(("fine_start", "count"), [(-91.5, 16), (-11.5, 9)])
def test_fusion_adds_what_stands_on_the_same_pixel(fine_start, count):
    """The finer map has a margin, as in the release, or is the smaller one, as in GoogLeNet."""
    coarse = upsampled(ramp(12.5, 32, 4), 2, name="up")
    both = fused(coarse, ramp(fine_start, 16, count, name="pool4"))
    inner(Cells(both.map / 2, both.stride, both.start, both.name), 4)


def test_crop_by_hand():
    cells = Cells(keras.ops.reshape(keras.ops.arange(25.0), (1, 5, 5, 1)), 8, -16.0, "x")
    cut = np.asarray(cropped(cells, np.zeros((1, 2, 3, 1)), 0, name="cut"))
    assert cut[0, ..., 0].tolist() == [[12, 13, 14], [17, 18, 19]]


def test_scores_begin_at_zero():
    scores = scored(ramp(0.0, 8, 3), 5)
    assert scores.map.shape == (1, 3, 3, 5) and not np.asarray(scores.map).any()


def test_a_saved_model_knows_the_initializer(tmp_path):
    image = keras.Input((4, 4, 2))
    model = keras.Model(image, upsampled(Cells(image, 2, 0.5, "x"), 2, name="up").map)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.get_layer("up").kernel_initializer, Bilinear)
