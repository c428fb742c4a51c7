import keras
import numpy as np
import pytest
from keras import layers

from tests.checks import core_in_full
from zoo import InputError
from zoo.detection.sliding_window import crop_by_crop, sliding_window, window_scores
from zoo.fully_convolutional import convolutionalize

CROP = 24
BACKGROUND, SQUARE, DISK = range(3)


def brightness(crop=(4, 4), stride=2):
    """A classifier whose second class's logit is ten times the mean brightness above 0.5."""
    model = keras.Sequential(
        [
            keras.Input((*crop, 1)),
            layers.AveragePooling2D(stride),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    model.set_weights([np.array([[0.0, 10 / 255]]), np.array([0.0, -5.0])])
    return model


def spot(height, width, box):
    x1, y1, x2, y2 = box
    picture = np.zeros((height, width, 1), "uint8")
    picture[y1:y2, x1:x2] = 255
    return picture


def found_in(found):
    count = found["count"]
    assert found["boxes"].shape == (100, 4) and found["labels"].dtype == np.int32
    assert (found["labels"][count:] == -1).all() and (found["scores"][count:] == 0).all()
    return found["boxes"][:count], found["scores"][:count], found["labels"][:count]


@pytest.mark.core
def test_one_window_by_hand():
    boxes, scores, labels = found_in(sliding_window(brightness(), spot(12, 16, (6, 2, 10, 6)), [4], background=0))
    np.testing.assert_array_equal(boxes, [[6, 2, 10, 6]])
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(-5))], rtol=1e-5)
    np.testing.assert_array_equal(labels, [1])


def test_without_background_every_class_is_reported():
    _, _, labels = found_in(sliding_window(brightness(), spot(12, 16, (6, 2, 10, 6)), [4]))
    assert set(labels) == {0, 1}


@core_in_full
def test_larger_and_oblong_windows_come_back_in_the_pictures_pixels():
    boxes, _, _ = found_in(sliding_window(brightness(), spot(24, 32, (12, 4, 20, 12)), [8], background=0))
    np.testing.assert_allclose(boxes, [[12, 4, 20, 12]])
    boxes, _, _ = found_in(sliding_window(brightness(), spot(24, 32, (16, 4, 24, 8)), [(4, 8)], background=0))
    np.testing.assert_allclose(boxes, [[16, 4, 24, 8]])


@pytest.mark.core
def test_stride_skips_windows():
    model = convolutionalize(brightness())
    picture = spot(13, 17, (0, 0, 4, 4)).astype("float32")
    fine_boxes, fine = window_scores(model, picture, np.array([4, 4]), 2)
    coarse_boxes, coarse = window_scores(model, picture, np.array([4, 4]), 4)
    assert len(fine) == 5 * 7 and len(coarse) == 3 * 4
    np.testing.assert_array_equal(coarse_boxes, fine_boxes.reshape(5, 7, 4)[::2, ::2].reshape(-1, 4))
    np.testing.assert_array_equal(coarse, fine.reshape(5, 7, 2)[::2, ::2].reshape(-1, 2))
    assert coarse_boxes[:, 2:].max(axis=0).tolist() == [16, 12]


@core_in_full
def test_a_window_larger_than_the_picture_finds_nothing():
    found = sliding_window(brightness(), np.full((8, 8, 1), 255), [9], background=0)
    assert found["count"] == 0
    found_in(found)
    assert sliding_window(brightness(), np.full((8, 8, 1), 255), [8], background=0)["count"] == 1


def test_wrong_arguments():
    picture = np.zeros((8, 8, 1), "uint8")
    with pytest.raises(InputError, match=r"\(H, W, 1\), received \(8, 8, 3\)"):
        sliding_window(brightness(), np.zeros((8, 8, 3)), [4])
    for stride in (3, 0, -2):
        with pytest.raises(InputError, match=f"multiple of 2, .*received {stride}"):
            sliding_window(brightness(), picture, [4], stride)
    for window in (0, (4, 0), (4, 4, 4)):
        with pytest.raises(InputError, match="a window is a side"):
            sliding_window(brightness(), picture, [window])
    with pytest.raises(InputError, match="background must be a class index below 2, received 2"):
        sliding_window(brightness(), picture, [4], background=2)


@pytest.mark.core
def test_crop_by_crop_takes_every_crop_whatever_the_batch():
    picture = np.random.default_rng(0).random((9, 12, 1), "float32") * 255
    logits = crop_by_crop(brightness(), picture, 2, batch_size=4)
    means = [[picture[y : y + 4, x : x + 4].mean() for x in range(0, 9, 2)] for y in range(0, 6, 2)]
    np.testing.assert_allclose(logits[..., 1], np.array(means) * 10 / 255 - 5, rtol=1e-4, atol=1e-4)


def paint(canvas, kind, centre, radius, colour):
    """Paints a square or a disk onto `(H, W, 3)`."""
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]]
    dy, dx = np.abs(y - centre[0]), np.abs(x - centre[1])
    inside = np.maximum(dy, dx) < radius if kind == SQUARE else dy**2 + dx**2 < radius**2
    canvas[inside] = colour


def patches(rng, count):
    """Squares and disks in the middle of a noisy crop; as background, those far off it or larger than the crop."""
    images, labels = rng.uniform(70, 110, (count, CROP, CROP, 3)), rng.integers(0, 3, count)
    for image, label in zip(images, labels, strict=True):
        offset, radius = rng.uniform(-1.5, 1.5, 2), rng.uniform(8, 10)
        if label == BACKGROUND:
            offset = rng.uniform(5, 20) * rng.choice([-1, 1], 2) * [(1, 0), (0, 1), (1, 1)][rng.integers(3)]
            radius = rng.uniform(7, 10) if rng.random() < 0.5 else rng.uniform(14, 24)
        paint(image, label or rng.integers(1, 3), CROP / 2 - 0.5 + offset, radius, rng.uniform(180, 255, 3))
    return images, labels


@pytest.mark.full
def test_a_trained_classifier_finds_the_shapes_of_a_scene():
    rng = np.random.default_rng(0)
    classifier = keras.Sequential(
        [
            keras.Input((CROP, CROP, 3)),
            layers.Rescaling(1 / 128, offset=-1),
            layers.Conv2D(12, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 4, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(3),
        ]
    )
    classifier.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    classifier.fit(*patches(rng, 3000), epochs=6, verbose=0)

    scene = rng.uniform(70, 110, (96, 144, 3))
    paint(scene, SQUARE, (30, 40), 9, (240, 200, 190))
    paint(scene, DISK, (56, 100), 18, (200, 230, 250))
    found = sliding_window(classifier, scene, [24, 48], background=BACKGROUND, score_threshold=0.9, iou_threshold=0.1)
    boxes, _, labels = found_in(found)
    assert sorted(labels) == [SQUARE, DISK]
    middles = {label: (box[:2] + box[2:]) / 2 for label, box in zip(labels, boxes, strict=True)}
    sides = {label: box[2] - box[0] for label, box in zip(labels, boxes, strict=True)}
    np.testing.assert_allclose(middles[SQUARE], [40, 30], atol=4)
    np.testing.assert_allclose(middles[DISK], [100, 56], atol=8)
    assert sides == {SQUARE: 24, DISK: 48}
