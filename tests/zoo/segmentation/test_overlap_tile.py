import numpy as np
import pytest

from zoo import InputError, overlap_tile, unet
from zoo.segmentation.overlap_tile import begins, context

pytestmark = pytest.mark.core


def noise(*size):
    return np.random.default_rng(0).integers(0, 255, (*size, 3), "uint8")


def colours(pictures):
    """A network whose scores are its pixels."""
    return {"logits": pictures.astype("float32")}


def centre(pictures):
    """An unpadded network: it loses 2 rows and 3 columns at each side."""
    return {"logits": pictures[:, 2:-2, 3:-3].astype("float32")}


def one_above(pictures):
    """A padded network that sees the pixel above, and nothing beyond its tile."""
    return {"logits": np.pad(pictures[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0))).astype("float32")}


def test_where_tiles_begin_by_hand():
    assert list(begins(8, kept=8, stride=32)) == [0]
    assert list(begins(9, kept=8, stride=32)) == [0, 8]
    assert list(begins(16, kept=8, stride=32)) == [0, 8]
    assert list(begins(500, kept=388, stride=32)) == [0, 384]  # the paper's tile; 384 is a multiple of 32
    assert list(begins(29, kept=11, stride=4)) == [0, 8, 16, 24]


@pytest.mark.parametrize("network, margin", [(colours, None), (colours, 0), (centre, None), (centre, (5, 3))])
@pytest.mark.parametrize("size, tile", [((31, 47), (16, 12)), ((16, 12), (16, 12)), ((33, 50), (15, 24))])
def test_every_pixel_comes_back_to_its_place(network, margin, size, tile):
    picture = noise(*size)
    logits = overlap_tile(network, picture, tile, margin=margin)["logits"]
    np.testing.assert_array_equal(logits, picture)
    assert logits.dtype == np.float32


def test_beyond_the_picture_it_is_mirrored_and_within_there_is_no_seam():
    picture = noise(20, 9)
    seen = overlap_tile(one_above, picture, (8, 8), margin=2)["logits"]
    np.testing.assert_array_equal(seen, np.concatenate([picture[1:2], picture[:-1]]))
    seams = overlap_tile(one_above, picture, (8, 8), margin=0)["logits"]
    assert np.flatnonzero(~seams.any((1, 2))).tolist() == [0, 8, 16]


def test_all_batches_have_one_size():
    seen = []

    def predict(tiles):
        seen.append(tiles.shape)
        return colours(tiles)

    overlap_tile(predict, noise(40, 24), (16, 16), margin=4, batch_size=4)
    assert seen == [(4, 16, 16, 3)] * 4  # 5 x 3 tiles
    assert context(colours, (256, 512)) == (64, 128) and context(colours, (100, 12)) == (25, 3)
    assert context(centre, (16, 12)) == (2, 3)
    odd = context(lambda tiles: {"logits": tiles[:, 2:-3]}, (16, 12))
    assert odd == (3, 0)


def test_an_unpadded_network_sees_the_whole_picture_tile_by_tile():
    """In one pass over the mirrored picture it gives the same numbers, as its poolings meet the same pixels."""
    picture = noise(61, 75)
    model = unet(3, width=1 / 32, depth=2, padding="valid")
    mirrored = np.pad(picture, ((20, 104 - 20 - 61), (20, 116 - 20 - 75), (0, 0)), mode="reflect")
    whole = np.asarray(model.predict_on_batch(mirrored[None])["logits"])[0, :61, :75]
    tiled = overlap_tile(model.predict_on_batch, picture, (60, 60), stride=4)["logits"]
    np.testing.assert_allclose(tiled, whole, atol=1e-5)
    apart = overlap_tile(model.predict_on_batch, picture, (60, 60), stride=3)["logits"]  # 18 apart, not 20
    assert abs(apart - whole).max() > 1e-3


def test_a_padded_network_agrees_where_its_context_is_in_the_picture():
    """Between multiples of its stride of 4, a pixel's logits depend on 24 around it at most."""
    picture = noise(75, 90)
    model = unet(2, width=1 / 32, depth=2)
    whole = np.asarray(model.predict_on_batch(picture[None])["logits"])[0]
    tiled = overlap_tile(model.predict_on_batch, picture, (60, 64), margin=24, stride=4)["logits"]
    np.testing.assert_allclose(tiled[24:-24, 24:-24], whole[24:-24, 24:-24], atol=1e-5)
    assert abs(tiled - whole)[0].max() > 1e-3  # zeros beyond the picture there, its mirror image here


ERRORS = {
    "small": (
        {"picture": noise(15, 40)},
        "a picture of 15x40 is smaller than a tile of 16x16: choose a smaller tile",
    ),
    "narrow": ({"picture": noise(40, 15)}, "a picture of 40x15 is smaller"),
    "grey": ({"picture": noise(40, 40)[..., 0]}, r"uint8 RGB, received \(40, 40\) uint8"),
    "float": ({"picture": noise(40, 40) / 255}, r"uint8 RGB, received \(40, 40, 3\) float64"),
    "tile": ({"tile": (16,)}, r"height x width in pixels, as in 256x256, received \(16,\)"),
    "no tile": ({"tile": (16, 0)}, r"received \(16, 0\)"),
    "half tile": ({"tile": (16, 8.5)}, r"received \(16, 8.5\)"),
    "wide margin": ({"margin": 8}, "leaves pixels of a tile of 16x16, received 8"),
    "margins": ({"margin": (1, 2, 3)}, r"received \(1, 2, 3\)"),
    "half a margin": ({"margin": (2, 2.5)}, r"received \(2, 2.5\)"),
    "negative margin": ({"margin": -1}, "received -1"),
    "narrow margin": ({"predict": centre, "margin": 2}, "of 16 pixels .* segments 10: choose a margin above 2"),
    "batch": ({"batch_size": 0}, "stride and batch_size are 1 or more, received 32, 0"),
    "classifier": ({"predict": lambda x: {"logits": x[:, 0, 0]}}, r"logits of their pixels, received \(4, 3\)"),
    "larger": ({"predict": lambda x: {"logits": x.repeat(2, 1)}}, r"received \(4, 32, 16, 3\)"),
}


@pytest.mark.parametrize("arguments, message", ERRORS.values(), ids=ERRORS)
def test_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        overlap_tile(**{"predict": colours, "picture": noise(40, 40), "tile": (16, 16), **arguments})
