import numpy as np
import pytest

from zoo import InputError
from zoo.ops.anchors import anchors, cell_anchors, kmeans_anchors, size_iou


def test_nine_anchors_by_hand():
    boxes = anchors((49, 49), 16)
    assert boxes.shape == (49 * 49 * 9, 4) and boxes.dtype == np.float32
    boxes = boxes.reshape(49, 49, 9, 4)
    np.testing.assert_array_equal(boxes[0, 0, 3], [8 - 64, 8 - 64, 8 + 64, 8 + 64])  # 128^2, 1:1
    np.testing.assert_array_equal(boxes[2, 10, 5], [168 - 256, 40 - 256, 168 + 256, 40 + 256])  # row 2, column 10
    width, height = 128 * 2**0.5, 128 / 2**0.5  # 128^2, half as high as wide
    np.testing.assert_allclose(
        boxes[0, 0, 0], [8 - width / 2, 8 - height / 2, 8 + width / 2, 8 + height / 2], rtol=1e-6
    )


def test_every_area_and_ratio_on_every_centre():
    boxes = anchors((2, 3), (10, 20), areas=(100, 50), ratios=(0.25, 1.0, 4.0)).reshape(2, 3, 6, 4)
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    np.testing.assert_allclose(width * height, np.broadcast_to([100, 50] * 3, (2, 3, 6)), rtol=1e-5)
    np.testing.assert_allclose(height / width, np.broadcast_to(np.repeat([0.25, 1, 4], 2), (2, 3, 6)), rtol=1e-5)
    centres = (boxes[..., :2] + boxes[..., 2:]) / 2
    np.testing.assert_allclose(centres[1, 2], np.broadcast_to([50, 15], (6, 2)), rtol=1e-5)


def test_anchors_of_whole_pixels_at_16_are_the_releases():
    # generate_anchors.py: 23x12, 16x16 and 11x22 about the middle of a cell, eight, sixteen and thirty-two times.
    boxes = cell_anchors(base=16)
    sides = [(184, 96), (368, 192), (736, 384), (128, 128), (256, 256), (512, 512), (88, 176), (176, 352), (352, 704)]
    np.testing.assert_allclose(boxes[:, 2:] - boxes[:, :2], sides)
    np.testing.assert_allclose(boxes[:, 2:] + boxes[:, :2], 0)


def test_no_cells_no_anchors():
    assert anchors((0, 4), 16).shape == (0, 4)


@pytest.mark.parametrize("wrong", [{"areas": (128, 0)}, {"ratios": (-1.0,)}, {"stride": 0}])
def test_sizes_above_zero(wrong):
    with pytest.raises(InputError, match=f"anchors take {next(iter(wrong))} above 0, received"):
        anchors((2, 2), **{"stride": 16, **wrong})


def test_overlap_of_sizes_by_hand():
    # 2x4 and 4x2 share 2x2: 4 / (8 + 8 - 4); 2x4 lies within 4x4: 8 / 16.
    np.testing.assert_allclose(size_iou(np.array([[2, 4]]), np.array([[4, 2], [4, 4]])), [[1 / 3, 1 / 2]])


def test_kmeans_finds_three_groups():
    rng = np.random.default_rng(0)
    centres = np.array([[10, 10], [20, 60], [90, 30]])
    sizes = np.concatenate([centre * rng.uniform(0.95, 1.05, (40, 2)) for centre in centres])
    found = kmeans_anchors(rng.permutation(sizes), 3)
    np.testing.assert_allclose(found, centres, rtol=0.02)
    assert size_iou(sizes, found).max(1).mean() > 0.9


def test_kmeans_by_hand():
    # One anchor is the mean; as many as there are sizes are the sizes.
    sizes = [[1, 3], [3, 1], [5, 5]]
    np.testing.assert_allclose(kmeans_anchors(sizes, 1), [[3, 3]])
    assert {tuple(size) for size in kmeans_anchors(sizes, 3).tolist()} == {(1, 3), (3, 1), (5, 5)}


def test_kmeans_is_of_the_ratio_not_of_the_difference():
    # By difference 30 stays with 1 and 4, where it is closer to their mean than to 60; by overlap never.
    sizes = np.array([[1, 1], [4, 4], [30, 30], [60, 60]])
    for seed in range(8):
        np.testing.assert_allclose(kmeans_anchors(sizes, 2, seed), [[2.5, 2.5], [45, 45]])


def test_kmeans_wants_enough_different_sizes():
    with pytest.raises(InputError, match="1 to 1 anchors in these sizes, received k=2"):
        kmeans_anchors([[2, 2], [2, 2]], 2)
    with pytest.raises(InputError, match="above 0, received 0"):
        kmeans_anchors([[2, 0]], 1)
