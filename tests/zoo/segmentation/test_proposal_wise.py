import numpy as np
import pytest
from skimage import data

from tests.checks import core_in_full
from zoo import InputError
from zoo.segmentation.deconvnet import deconvnet
from zoo.segmentation.proposal_wise import ensemble, framed, proposal_wise, resized, windows


def gradient(height, width):
    """A picture whose red tells the row and whose green the column, from 1."""
    rows, columns = np.mgrid[1 : height + 1, 1 : width + 1]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype("uint8")


def colours(pictures):
    """A network whose scores are its pixels."""
    return {"logits": pictures.astype("float32")}


def in_turn(*scores):
    """A network of two classes that gives the n-th picture the n-th pair of scores everywhere."""
    rows = iter(scores)

    def predict(pictures):
        assert pictures.dtype == np.uint8
        return {"logits": np.stack([np.full((*one.shape[:2], 2), next(rows), "float32") for one in pictures])}

    return predict


def test_windows_by_hand():
    boxes = [[10, 20, 20, 40], [0, 0, 5, 5], [3, 3, 3, 3]]
    assert windows(boxes).tolist() == [[9, 18, 21, 42], [0, 0, 6, 6], [3, 3, 4, 4]]
    assert windows(boxes, context=2)[0].tolist() == [5, 10, 25, 50]
    assert windows(np.empty((0, 4))).shape == (0, 4)


def test_every_pixel_comes_back_to_its_place():
    """Regions of the frame's own size are neither resized nor mixed."""
    picture = gradient(9, 12)
    regions = [[2, 1, 6, 5], [5, 4, 9, 8]]
    logits = proposal_wise(colours, picture, (4, 4), proposals=regions, context=1)["logits"]
    expected = np.zeros((9, 12, 3))
    for x1, y1, x2, y2 in regions:
        expected[y1:y2, x1:x2] = picture[y1:y2, x1:x2]
    np.testing.assert_array_equal(logits, expected)
    assert logits.dtype == np.float32


def test_a_region_that_reaches_out_of_the_picture_sees_black_there():
    picture = gradient(5, 6)
    framed_corner = framed(picture, np.array([-2, -1, 2, 3]), (4, 4))
    assert framed_corner[0].max() == framed_corner[:, :2].max() == 0
    np.testing.assert_array_equal(framed_corner[1:, 2:], picture[:3, :2])
    logits = proposal_wise(colours, picture, (4, 4), proposals=[[-1, 0, 1, 2]], context=2)["logits"]
    np.testing.assert_array_equal(logits[:3, :2], picture[:3, :2])
    assert not logits[3:].any() and not logits[:, 2:].any()


def test_the_largest_score_wins_class_by_class_and_0_where_none_is():
    regions = [[0, 0, 4, 4], [2, 0, 6, 4], [0, 0, 4, 4]]
    logits = proposal_wise(
        in_turn((1, 5), (3, 2), (-1, 4)), gradient(4, 8), (4, 4), proposals=regions, context=1, batch_size=2
    )["logits"]
    assert logits[0].tolist() == [[1, 5], [1, 5], [3, 5], [3, 5], [3, 2], [3, 2], [0, 0], [0, 0]]
    assert np.argmax(logits, axis=-1)[0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    below = proposal_wise(in_turn((-1, -2)), gradient(4, 4), (4, 4), proposals=[[0, 0, 4, 4]], context=1)["logits"]
    assert not below.any()


def test_only_the_best_regions_that_are_large_enough_are_seen():
    seen = []

    def predict(pictures):
        seen.append(pictures[:, 0, 0, :2].tolist())
        return colours(pictures)

    regions = [[1, 0, 2, 8], [2, 0, 10, 8], [3, 3, 6, 6], [4, 1, 8, 5], [0, 2, 4, 6], [6, 6, 10, 10]]
    arguments = {"proposals": regions, "context": 1, "num_proposals": 3}
    proposal_wise(predict, gradient(10, 10), (8, 8), batch_size=2, **arguments)
    assert [len(batch) for batch in seen] == [2, 1]
    assert seen == [[[1, 3], [2, 5]], [[3, 1]]]  # three pixels are less than half of 8
    seen.clear()
    proposal_wise(predict, gradient(10, 10), (8, 8), min_side=1, **arguments)
    assert len(seen[0]) == 3


def test_without_large_regions_the_picture_is_one():
    logits = proposal_wise(colours, gradient(4, 4), (4, 4), proposals=[])["logits"]
    np.testing.assert_array_equal(logits, gradient(4, 4))


def test_resizing_by_hand():
    line = np.array([0.0, 4.0])[None, :, None]
    assert resized(line, (1, 4))[0, :, 0].tolist() == [0, 1, 3, 4]
    assert resized(np.arange(4.0).reshape(1, 4, 1), (2, 2))[..., 0].tolist() == pytest.approx(
        np.array([[5 / 7, 16 / 7]] * 2)
    )
    values = np.random.default_rng(0).normal(size=(5, 7, 3)).astype("float32")
    np.testing.assert_array_equal(resized(values, (5, 7)), values)
    assert resized(np.ones((9, 13, 2)), (4, 31)) == pytest.approx(np.ones((4, 31, 2)))


def test_an_ensemble_has_the_mean_of_the_probabilities():
    first, second = np.log([[[0.2, 0.8]]]) + 3, np.log([[[0.6, 0.4]]])
    combined = ensemble(first, second)
    assert np.exp(combined) == pytest.approx(np.array([[[0.4, 0.6]]]), rel=1e-5)
    assert ensemble(combined) == pytest.approx(combined, abs=1e-6)
    assert np.isfinite(ensemble([[[1e4, -1e4]]], [[[-1e4, -1e4]]])).all()
    with pytest.raises(InputError, match=r"maps of one size, received \[\(1, 1, 2\), \(2, 2\)\]"):
        ensemble(first, np.zeros((2, 2)))


@core_in_full
def test_a_photograph_by_edge_boxes():
    model = deconvnet(3, width=1 / 32, input_shape=(32, 32, 3))
    photograph = data.astronaut()[::4, ::4]
    logits = proposal_wise(model.predict_on_batch, photograph, (32, 32), num_proposals=3)["logits"]
    assert logits.shape == (128, 128, 3) and 0 < (logits.max(axis=-1) > 0).mean() <= 1


def test_errors():
    picture, one = gradient(8, 8), [[0, 0, 8, 8]]
    with pytest.raises(InputError, match=r"uint8 RGB, received \(8, 8\) uint8"):
        proposal_wise(colours, picture[..., 0], (8, 8), proposals=one)
    with pytest.raises(InputError, match="unknown method of proposals 'bing'"):
        proposal_wise(colours, picture, (8, 8), method="bing")
    with pytest.raises(InputError, match="1 or more, context more than 0, received 0, 8, 1.2"):
        proposal_wise(colours, picture, (8, 8), proposals=one, num_proposals=0)
    with pytest.raises(InputError, match=r"each pixel of \(1, 8, 8, 3\), received \(1, 4, 4, 3\)"):
        proposal_wise(lambda x: colours(x[:, :4, :4]), picture, (8, 8), proposals=one)
