import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from export.letterbox import fit
from recipes.data import transforms
from recipes.data.transforms import Windows


def numbered(height, width):
    """A picture and a segmentation whose values tell where each pixel comes from."""
    places = tf.reshape(tf.range(height * width), (height, width))
    return {
        "image": tf.cast(tf.repeat(places[..., None], 3, axis=-1), tf.uint8),
        "segmentation": places,
    }


def scene():
    """An 8x10 picture with two objects, their masks and two points each."""
    masks = np.zeros((2, 8, 10), np.uint8)
    masks[0, 1:3, 2:6] = 1
    masks[1, 5:8, 7:10] = 1
    return {
        **numbered(8, 10),
        "boxes": tf.constant([[2.0, 1.0, 6.0, 3.0], [7.0, 5.0, 10.0, 8.0]]),
        "labels": tf.constant([0, 1]),
        "masks": tf.constant(masks),
        "keypoints": tf.constant([[[2.5, 1.5, 2], [5.5, 2.5, 1]], [[8.0, 6.0, 2], [0, 0, 0]]], tf.float32),
    }


def without_objects(example):
    return {
        **example,
        "boxes": example["boxes"][:0],
        "labels": example["labels"][:0],
        "masks": example["masks"][:0],
        "keypoints": example["keypoints"][:0],
    }


def assert_same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


def boxes_of(masks):
    """Bounding boxes of masks, each with at least one pixel."""
    found = []
    for mask in np.asarray(masks):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        found.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return np.reshape(found, (-1, 4))


def test_flip_horizontal_by_hand():
    flipped = transforms.flip_horizontal(scene(), pairs=[(0, 1)])
    np.testing.assert_array_equal(flipped["segmentation"][0], np.arange(9, -1, -1))
    np.testing.assert_array_equal(flipped["boxes"], [[4, 1, 8, 3], [0, 5, 3, 8]])
    np.testing.assert_array_equal(flipped["keypoints"], [[[4.5, 2.5, 1], [7.5, 1.5, 2]], [[0, 0, 0], [2, 6, 2]]])
    np.testing.assert_array_equal(flipped["boxes"], boxes_of(flipped["masks"]))


def test_flip_vertical_by_hand():
    flipped = transforms.flip_vertical(scene())
    np.testing.assert_array_equal(flipped["segmentation"][:, 0], np.arange(70, -1, -10))
    np.testing.assert_array_equal(flipped["boxes"], [[2, 5, 6, 7], [7, 0, 10, 3]])
    np.testing.assert_array_equal(flipped["keypoints"][1], [[8, 2, 2], [0, 0, 0]])
    np.testing.assert_array_equal(flipped["boxes"], boxes_of(flipped["masks"]))


@pytest.mark.parametrize("flip", [transforms.flip_horizontal, transforms.flip_vertical])
@pytest.mark.parametrize("change", [lambda x: x, without_objects])
def test_two_flips_change_nothing(flip, change):
    example = change(scene())
    assert_same(flip(flip(example)), example)


def test_crop_by_hand():
    cropped = transforms.crop(scene(), 2, 4, 5, 4)
    expected = np.arange(80).reshape(8, 10)[2:7, 4:8]
    np.testing.assert_array_equal(cropped["segmentation"], expected)
    np.testing.assert_array_equal(cropped["image"][..., 0], expected)
    np.testing.assert_array_equal(cropped["boxes"], [[0, 0, 2, 1], [3, 3, 4, 5]])
    np.testing.assert_array_equal(cropped["keypoints"], [[[0, 0, 0], [1.5, 0.5, 1]], [[0, 0, 0], [0, 0, 0]]])
    np.testing.assert_array_equal(cropped["boxes"], boxes_of(cropped["masks"]))


def test_crop_drops_lost_objects_from_all_targets():
    cropped = transforms.crop(scene(), 0, 0, 4, 7)
    np.testing.assert_array_equal(cropped["boxes"], [[2, 1, 6, 3]])
    np.testing.assert_array_equal(cropped["labels"], [0])
    assert cropped["masks"].shape == (1, 4, 7)
    assert cropped["keypoints"].shape == (1, 2, 3)


def test_crop_pads_what_lies_outside():
    cropped = transforms.crop(scene(), -1, -2, 10, 14)
    np.testing.assert_array_equal(cropped["segmentation"][1:9, 2:12], numbered(8, 10)["segmentation"])
    assert np.all(cropped["segmentation"][0] == 255) and np.all(cropped["segmentation"][:, 12:] == 255)
    assert np.all(cropped["image"][0] == 114)
    assert not np.any(cropped["masks"][:, 0])
    np.testing.assert_array_equal(cropped["boxes"], [[4, 2, 8, 4], [9, 6, 12, 9]])


def test_letterbox_of_the_same_size_changes_nothing():
    assert_same(transforms.letterbox(scene(), (8, 10)), scene())


def test_letterbox_by_hand():
    # 8x10 into 20x20: twice as large, 2 rows of padding above and below.
    boxed = transforms.letterbox(scene(), (20, 20))
    assert boxed["image"].shape == (20, 20, 3) and boxed["image"].dtype == tf.uint8
    np.testing.assert_array_equal(boxed["boxes"], [[4, 4, 12, 8], [14, 12, 20, 18]])
    np.testing.assert_array_equal(boxed["keypoints"][0], [[5, 5, 2], [11, 7, 1]])
    doubled = np.arange(80).reshape(8, 10).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(boxed["segmentation"][2:18], doubled)
    assert np.all(boxed["segmentation"][:2] == 255) and np.all(boxed["image"][18:] == 114)
    np.testing.assert_array_equal(boxed["boxes"], boxes_of(boxed["masks"]))


def test_letterbox_without_objects():
    boxed = transforms.letterbox(without_objects(scene()), (20, 20))
    assert boxed["boxes"].shape == (0, 4) and boxed["masks"].shape == (0, 20, 20)
    assert boxed["keypoints"].shape == (0, 2, 3) and boxed["labels"].shape == (0,)


def test_bilinear_picture_by_hand():
    image = tf.constant([[[0, 0, 0], [100, 100, 100]]], tf.uint8)
    boxed = transforms.letterbox({"image": image}, (2, 4))["image"]
    np.testing.assert_array_equal(boxed[0, :, 0], [0, 25, 75, 100])


def test_strong_shrinking_takes_the_mean():
    # Bilinear sampling would see every tenth row and column only, all of them black.
    image = np.zeros((40, 40, 3), np.uint8)
    image[::2] = 200
    boxed = transforms.letterbox({"image": tf.constant(image)}, (4, 4))["image"]
    np.testing.assert_array_equal(boxed, np.full((4, 4, 3), 100))


def test_thin_pictures_keep_a_pixel():
    boxed = transforms.letterbox({"image": tf.zeros((500, 1, 3), tf.uint8)}, (8, 8))["image"]
    np.testing.assert_array_equal(boxed[:, 4, 0], np.zeros(8))
    assert np.all(boxed[:, 5:] == 114)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0.3, 3.0),
    st.floats(0.0, 0.99),
)
def test_zoom_windows_stay_inside(h0, w0, height, width, scale, at):
    windows = transforms.zoom_windows((h0, w0), (height, width), scale, (at, 1.0 - at - 0.005))
    for (top, left, rows, columns), (most_rows, most_columns) in zip(
        windows, ((h0, w0), (height, width)), strict=True
    ):
        assert 0 <= top <= top + rows <= most_rows and rows >= 1
        assert 0 <= left <= left + columns <= most_columns and columns >= 1


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 2.0))
def test_boxes_follow_their_masks(seed, scale):
    example = scene()
    placed = transforms.scale_jitter(example, (24, 30), (scale, scale), (seed, 0))
    seen = placed["masks"].numpy().any((1, 2))
    difference = np.abs(placed["boxes"].numpy()[seen] - boxes_of(placed["masks"].numpy()[seen]))
    assert np.all(difference <= 1.0)


def test_scale_jitter_depends_on_its_seed_alone():
    a, b = (transforms.scale_jitter(scene(), (6, 6), (0.5, 2.0), (3, 4)) for _ in range(2))
    assert_same(a, b)
    c = transforms.scale_jitter(scene(), (6, 6), (0.5, 2.0), (3, 5))
    assert np.any(a["image"] != c["image"])


@pytest.mark.full
def test_scale_jitter_runs_in_tf_data():
    def jitter(index):
        return transforms.scale_jitter(scene(), (6, 6), (0.5, 2.0), tf.stack([0, index]))

    in_graph = list(tf.data.Dataset.range(3).map(jitter, 2))
    for index, example in enumerate(in_graph):
        assert_same(example, jitter(tf.constant(index, tf.int64)))


def test_stretch_by_hand():
    # Twice as wide, 8x10 is 8x20: it just fits into 8x20, each column twice.
    windows = transforms.zoom_windows((8, 10), (8, 20), 1.0, (0.5, 0.5), (1.0, 2.0))
    placed = transforms.place({**scene(), "areas": tf.constant([8.0, 9.0])}, windows, (8, 20))
    np.testing.assert_array_equal(placed["segmentation"], np.arange(80).reshape(8, 10).repeat(2, 1))
    np.testing.assert_array_equal(placed["boxes"], [[4, 1, 12, 3], [14, 5, 20, 8]])
    np.testing.assert_array_equal(placed["keypoints"][0], [[5, 1.5, 2], [11, 2.5, 1]])
    np.testing.assert_array_equal(placed["areas"], [16, 18])
    np.testing.assert_array_equal(placed["boxes"], boxes_of(placed["masks"]))


def test_aspect_changes_width_and_height_each_by_its_share():
    example = {"image": tf.zeros((100, 100, 3), tf.uint8), "boxes": tf.constant([[40.0, 40, 60, 60]])}
    example["labels"] = tf.constant([0])
    ratios = []
    for seed in range(30):
        placed = transforms.scale_jitter(example, (300, 300), (1.0, 1.0), (seed, 0), aspect=0.2)
        x1, y1, x2, y2 = placed["boxes"][0].numpy()
        ratios.append((x2 - x1) / (y2 - y1))
        assert max(x2 - x1, y2 - y1) == pytest.approx(60, abs=0.3)
    assert 0.8 / 1.2 - 0.02 <= min(ratios) < 0.9 and 1.1 < max(ratios) <= 1.2 / 0.8 + 0.02


def test_points_on_the_far_edge_are_outside():
    example = {"image": tf.zeros((4, 4, 3), tf.uint8), "keypoints": tf.constant([[[4.0, 2.0, 2.0]]])}
    windows = Windows(tf.constant([0, 0, 4, 4]), tf.constant([0, 0, 4, 4]))
    np.testing.assert_array_equal(transforms.place(example, windows, (4, 4))["keypoints"], [[[0, 0, 0]]])


def test_grey_by_hand():
    grey = transforms.to_channels(tf.constant([[[255, 0, 0], [10, 20, 30]]], tf.uint8), 1)
    np.testing.assert_array_equal(grey, [[[76], [18]]])
    levels = tf.repeat(tf.range(256)[None, :, None], 3, axis=-1)
    np.testing.assert_array_equal(transforms.to_channels(tf.cast(levels, tf.uint8), 1)[0, :, 0], np.arange(256))


PROPOSALS = [[2.0, 1, 6, 3], [0, 0, 1.5, 8], [0, 0, 0, 0]]


def with_proposals():
    """`scene()` with the first object as a proposal, a sliver at the left, and an empty row."""
    return {**scene(), "proposals": tf.constant(PROPOSALS)}


def test_proposals_are_mirrored():
    flipped = transforms.flip_horizontal(with_proposals())
    np.testing.assert_array_equal(flipped["proposals"][:2], [[4, 1, 8, 3], [8.5, 0, 10, 8]])
    np.testing.assert_array_equal(flipped["proposals"][0], flipped["boxes"][0])
    np.testing.assert_array_equal(
        transforms.flip_vertical(with_proposals())["proposals"][:2], [[2, 5, 6, 7], [0, 0, 1.5, 8]]
    )


@pytest.mark.parametrize("flip", [transforms.flip_horizontal, transforms.flip_vertical])
def test_two_flips_leave_proposals(flip):
    assert_same(flip(flip(with_proposals())), with_proposals())


def test_an_empty_row_stays_empty_in_the_frame():
    boxed = transforms.letterbox(transforms.flip_vertical(transforms.flip_horizontal(with_proposals())), (20, 20))
    np.testing.assert_array_equal(boxed["proposals"], [[8, 12, 16, 16], [17, 2, 20, 18], [0, 0, 0, 0]])


def test_proposals_keep_their_rows_where_objects_are_dropped():
    # The window loses the second object and all but half a pixel of the second proposal.
    cropped = transforms.crop(with_proposals(), 0, 1, 4, 7)
    np.testing.assert_array_equal(cropped["boxes"], [[1, 1, 5, 3]])
    np.testing.assert_array_equal(cropped["proposals"], [[1, 1, 5, 3], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_proposals_without_objects():
    example = {"image": scene()["image"], "proposals": tf.constant(PROPOSALS)}
    np.testing.assert_array_equal(
        transforms.letterbox(example, (16, 20))["proposals"], [[4, 2, 12, 6], [0, 0, 3, 16], [0, 0, 0, 0]]
    )
    none = transforms.letterbox({**example, "proposals": example["proposals"][:0]}, (16, 20))
    assert none["proposals"].shape == (0, 4)


@pytest.mark.full
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 2.0))
def test_proposals_follow_the_boxes_they_equal(seed, scale):
    example = scene()
    example["proposals"] = example["boxes"]
    placed = transforms.scale_jitter(example, (24, 30), (scale, scale), (seed, 0), aspect=0.3)
    assert placed["proposals"].shape == (2, 4)
    kept = placed["proposals"].numpy().any(axis=1)
    np.testing.assert_array_equal(placed["proposals"][kept], placed["boxes"])


@pytest.mark.parametrize("size", [(6, 4), (9, 20)])
def test_stretched_pictures_are_those_that_are_predicted_on(size):
    """10 x 8 to other aspects, larger and smaller; a box goes along with both axes."""
    image = np.random.default_rng(0).integers(0, 256, (10, 8, 3), dtype=np.uint8)
    example = {"image": tf.constant(image), "boxes": tf.constant([[2.0, 5, 6, 10]]), "labels": tf.constant([0])}
    stretched = transforms.stretch(example, size)
    expected = fit(image, size, "stretch")[0]
    assert np.abs(stretched["image"].numpy().astype(int) - expected).max() <= 1
    height, width = size
    np.testing.assert_allclose(stretched["boxes"], [[width / 4, height / 2, width * 3 / 4, height]], rtol=1e-6)
    jittered = transforms.scale_jitter(example, size, (1.0, 1.0), (3, 4), resizing="stretch")
    np.testing.assert_array_equal(jittered["boxes"], stretched["boxes"])
    # Half as large, somewhere within the frame.
    smaller = transforms.scale_jitter(example, (20, 40), (0.5, 0.5), (3, 4), resizing="stretch")["boxes"][0]
    np.testing.assert_allclose(smaller[2:] - smaller[:2], [10, 5])
