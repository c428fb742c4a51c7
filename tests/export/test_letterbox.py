import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from export.letterbox import Placement, between, fit, resize, scaled
from recipes.data import transforms
from zoo.constants import PADDING
from zoo.errors import InputError

sides = st.integers(1, 160)


@settings(max_examples=40, deadline=None)
@given(sides, sides, st.tuples(sides, sides))
def test_the_same_pixels_as_in_training(height, width, frame):
    photograph = data.astronaut()[:height, 100 : 100 + width]
    ours, placement = fit(photograph, frame)
    theirs = transforms.letterbox({"image": photograph}, frame)["image"].numpy()
    assert ours.dtype == np.uint8 and np.abs(ours.astype(int) - theirs).max() <= 1
    windows = transforms.letterbox_windows((height, width), frame)
    assert [placement.top, placement.left, placement.height, placement.width] == windows.target.numpy().tolist()


def test_sides_are_scaled_as_torchvisions():
    """Its `GeneralizedRCNNTransform(800, 1333)` gave these: `torch.zeros(3, h, w)` of each size."""
    for size, expected in {
        (427, 640): (800, 1199),
        (480, 640): (800, 1066),
        (640, 480): (1066, 800),
        (333, 500): (800, 1201),
        (100, 900): (148, 1333),
        (1, 7): (190, 1333),
    }.items():
        assert scaled(size, 800, 1333) == expected


def test_resizing_by_hand():
    values = np.array([[[0.0], [10.0], [20.0], [30.0]]], np.float32)
    # Centres of the two halves lie between the pixels; of eight, a quarter before and after each pixel's own.
    assert resize(values, (1, 2))[0, :, 0].tolist() == [5.0, 25.0]
    assert resize(values, (1, 8))[0, :3, 0].tolist() == [0.0, 2.5, 7.5]
    # Three pixels cover 4/3 each: (0 + 10/3) / (4/3), (20/3 + 40/3) / (4/3), (20/3 + 30) / (4/3).
    np.testing.assert_allclose(resize(values, (1, 3), by_area=True)[0, :, 0], [2.5, 15.0, 27.5], rtol=1e-6)
    assert resize(values, (1, 4), by_area=True) is values


def test_a_frame_by_hand():
    image = np.full((10, 20, 3), 200, np.uint8)
    fitted, placement = fit(image, (40, 40))
    assert placement == Placement((10, 20), (40, 40), top=10, left=0, height=20, width=40)
    assert (fitted[:10] == PADDING).all() and (fitted[10:30] == 200).all() and (fitted[30:] == PADDING).all()
    boxes = placement.boxes([[0, 10, 40, 30], [4, 12, 8, 14], [-6, 0, 50, 40], [0, 0, 0, 0]])
    assert boxes.tolist() == [[0, 0, 20, 10], [2, 1, 4, 2], [0, 0, 20, 10], [0, 0, 0, 0]]
    assert placement.points([[40.0, 30.0], [10.0, 9.0]]).tolist() == [[20, 10], [5, 0]]
    assert placement.boxes(np.zeros((0, 4))).shape == (0, 4) and placement.points([1.0, 2.0]).shape == (2,)


def test_keypoints_by_hand():
    _, placement = fit(np.zeros((10, 20, 3), np.uint8), (40, 40))
    keypoints = np.array([[[40, 30, 7.5], [10, 0, -2]], [[0, 0, 0], [0, 0, 0]]], np.float32)
    found = [[[20, 10, 7.5], [5, 0, -2]], [[0, 0, 0], [0, 0, 0]]]
    assert placement.keypoints(keypoints).tolist() == found
    assert placement.keypoints(keypoints[:0]).shape == (0, 2, 3)


def test_a_mask_stays_where_its_box_is_cut():
    _, placement = fit(np.zeros((10, 20, 3), np.uint8), (40, 40))  # rows 10 to 30 of the frame
    ramp = np.broadcast_to(np.array([0.5, 1.5, 2.5, 3.5], np.float32)[:, None], (4, 4))
    boxes = np.array([[0, 10, 8, 18], [0, 2, 8, 18], [0, 20, 8, 40], [0, 0, 0, 0], [-8, 10, 8, 30]], np.float32)
    masks = placement.masks(np.stack([ramp, ramp, ramp, 0 * ramp, ramp.T]), boxes)
    assert masks[0].tolist() == ramp.tolist() and not masks[3].any()
    # Of 4 rows the lower, or the upper, two are left: read at quarters of them, the outermost beyond the last centre.
    np.testing.assert_allclose(masks[1], np.broadcast_to([[2.25], [2.75], [3.25], [3.5]], (4, 4)))
    np.testing.assert_allclose(masks[2], np.broadcast_to([[0.5], [0.75], [1.25], [1.75]], (4, 4)))
    np.testing.assert_allclose(masks[4], np.broadcast_to([2.25, 2.75, 3.25, 3.5], (4, 4)))
    assert placement.masks(np.zeros((0, 28, 28)), np.zeros((0, 4))).shape == (0, 28, 28)
    _, same = fit(np.zeros((40, 40, 3), np.uint8), (40, 40))
    np.testing.assert_array_equal(same.masks(np.stack([ramp] * 4), boxes[:4]), np.stack([ramp] * 4))


def test_a_stretched_frame_by_hand():
    fitted, placement = fit(np.full((10, 20, 3), 200, np.uint8), (40, 40), "stretch")
    assert placement == Placement((10, 20), (40, 40), top=0, left=0, height=40, width=40)
    assert (fitted == 200).all() and placement.boxes([4, 12, 8, 40]).tolist() == [2, 3, 4, 10]


def test_boxes_and_points_come_back():
    _, placement = fit(np.zeros((37, 91, 3), np.uint8), (64, 48))
    boxes = np.array([[3, 5, 90, 30], [0, 0, 91, 37]], np.float32)
    example = {"image": np.zeros((37, 91, 3), np.uint8), "boxes": boxes, "keypoints": np.ones((2, 2, 3), "float32")}
    placed = transforms.letterbox({**example, "labels": np.zeros(2, "int32")}, (64, 48))
    np.testing.assert_allclose(placement.boxes(placed["boxes"].numpy()), boxes, atol=1e-4)
    np.testing.assert_allclose(placement.points(placed["keypoints"].numpy()[0, :, :2]), 1.0, atol=1e-4)


def test_maps_come_back():
    fitted, placement = fit(np.zeros((10, 20, 3), np.uint8), (40, 40))
    ramp = np.tile(np.arange(40, dtype=np.float32), (40, 1))[..., None]
    restored = placement.maps(ramp)[..., 0]
    np.testing.assert_allclose(restored, np.tile(0.5 + 2 * np.arange(20), (10, 1)))
    _, same = fit(np.zeros((8, 6, 3), np.uint8), (8, 6))
    logits = np.random.default_rng(0).normal(size=(8, 6, 2)).astype(np.float32)
    np.testing.assert_array_equal(same.maps(logits), logits)
    with pytest.raises(InputError, match=r'maps 40x40 pixels to 32x32: build it with padding="mirror"'):
        placement.maps(np.zeros((32, 32, 5)))


@pytest.mark.parametrize("num_classes", [1, 2, 3, 4, 5, 21, 150])
def test_maps_of_any_number_of_classes(num_classes):
    values = np.random.default_rng(0).normal(0, 10, (13, 9, num_classes)).astype(np.float32)
    rows, columns = (np.arange(20) + 0.5) * 13 / 20 - 0.5, (np.arange(17) + 0.5) * 9 / 17 - 0.5
    expected = between(between(values, 0, rows), 1, columns)
    np.testing.assert_allclose(resize(values, (20, 17)), expected, atol=3e-5)


def test_a_stretched_picture_is_the_callers_no_longer():
    picture = np.zeros((8, 8, 3), np.uint8)
    fit(picture, (8, 8), "stretch")[0][:] = 1
    assert not picture.any()
