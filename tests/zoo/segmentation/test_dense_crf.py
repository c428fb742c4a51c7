import numpy as np
import pytest
from skimage import data

import zoo
from zoo import InputError, dense_crf


def softmax(scores):
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def exact(picture, logits, iterations=10, w1=4.0, alpha=121.0, beta=5.0, w2=3.0, gamma=3.0):
    """Mean field with every pair of pixels, and exact Gaussians that sum to 1 over all of a pixel's neighbours."""
    rows, columns = np.indices(logits.shape[:2], float).reshape(2, -1)
    colours = picture.reshape(-1, 3).T.astype(float)
    kernel = 0
    for weight, features in (
        (w1, [rows / alpha, columns / alpha, *(colours / beta)]),
        (w2, [rows / gamma, columns / gamma]),
    ):
        distances = sum(np.subtract.outer(one, one) ** 2 for one in features)
        kernel += weight * np.exp(-distances / 2) / np.exp(-distances / 2).sum(axis=1, keepdims=True)
    unary = logits.reshape(len(rows), -1).astype(float)
    beliefs = softmax(unary)
    for _ in range(iterations):
        beliefs = softmax(unary + kernel @ beliefs)
    return beliefs.reshape(logits.shape)


def two_halves(height, width, seed=0):
    """A noisy picture with a slanting edge, its labels, and logits that know two thirds of them."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((height, width))
    labels = (2 * columns + rows > width).astype(int)
    picture = np.where(labels, 170, 60)[..., None] + rng.normal(0, 3, (height, width, 3))
    right = rng.random((height, width)) < 0.7
    logits = np.where(np.eye(2, dtype=bool)[np.where(right, labels, 1 - labels)], 1.0, 0.0)
    return picture.astype("uint8"), labels, logits.astype("float32")


@pytest.mark.parametrize("iterations", [0, 1, 10])
def test_near_the_exact_mean_field(iterations):
    """The lattice is an approximation: what it does in a step stays within 0.06 of a probability."""
    picture, _, logits = two_halves(9, 11)
    ours, all_pairs = dense_crf(picture, logits, iterations=iterations), exact(picture, logits, iterations)
    difference = abs(ours - all_pairs)
    assert difference.max() < (0.06 if iterations else 1e-6) and difference.mean() < 0.01
    assert ours.dtype == np.float32 and np.mean(ours.argmax(-1) == all_pairs.argmax(-1)) > 0.97


@pytest.mark.parametrize("seed", range(3))
def test_near_the_exact_kernels_one_at_a_time(seed):
    rng = np.random.default_rng(seed)
    picture = rng.integers(90, 110, (7, 9, 3)).astype("uint8")
    logits = rng.normal(size=(7, 9, 4)).astype("float32")
    for ours, theirs in (
        ({"smoothness_weight": 0, "appearance_xy": 4, "appearance_rgb": 9}, {"w2": 0, "alpha": 4, "beta": 9}),
        ({"appearance_weight": 0, "smoothness_xy": 2}, {"w1": 0, "gamma": 2}),
    ):
        difference = abs(dense_crf(picture, logits, iterations=1, **ours) - exact(picture, logits, 1, **theirs))
        assert difference.max() < 0.09 and difference.mean() < 0.015


def test_two_pixels_by_hand():
    """Unlike colours: each sees itself alone. Equal ones, far within the widths: each sees the mean of both."""
    logits = np.log(np.float32([[[0.8, 0.2], [0.4, 0.6]]]))
    unlike = np.uint8([[[0, 0, 0], [255, 255, 255]]])
    # 0.8 e^(2 · 0.8) : 0.2 e^(2 · 0.2) = 13.280, and 0.4 e^(2 · 0.4) : 0.6 e^(2 · 0.6) = 0.44688
    got = dense_crf(unlike, logits, iterations=1, appearance_weight=2, smoothness_weight=0)
    np.testing.assert_allclose(got[0, :, 0], [0.92997, 0.30886], atol=1e-4)
    # Both see (0.6, 0.4): 4 e^(2 · 0.2) = 5.9673, 2/3 e^(0.4) = 0.99455
    alike = np.full((1, 2, 3), 99, np.uint8)
    words = {"iterations": 1, "appearance_weight": 2, "smoothness_weight": 0, "appearance_xy": 1e6}
    np.testing.assert_allclose(dense_crf(alike, logits, **words)[0, :, 0], [0.85647, 0.49863], atol=1e-4)
    # The same by both kernels with half of the weight each.
    words |= {"appearance_weight": 1, "smoothness_weight": 1, "smoothness_xy": 1e6}
    np.testing.assert_allclose(dense_crf(alike, logits, **words)[0, :, 0], [0.85647, 0.49863], atol=1e-4)


def test_a_noisy_labelling_snaps_to_the_edge_of_the_picture():
    picture, labels, logits = two_halves(37, 52)
    assert np.mean(logits.argmax(-1) == labels) < 0.75
    assert np.mean(dense_crf(picture, logits).argmax(-1) == labels) == 1
    # Without colours it smooths across the edge.
    assert np.mean(dense_crf(picture, logits, appearance_weight=0).argmax(-1) == labels) < 0.99


def test_a_uniform_picture_and_labelling_stay_uniform():
    logits = np.tile(np.float32([0.5, 0, -1]), (13, 8, 1))
    got = dense_crf(np.full((13, 8, 3), 7, np.uint8), logits)
    np.testing.assert_allclose(got, np.broadcast_to(got[0, 0], got.shape), atol=1e-5)
    # With kernels that sum to 1 all pixels are as one that sees itself.
    beliefs = softmax(logits[0, 0])
    for _ in range(10):
        beliefs = softmax(logits[0, 0] + 7 * beliefs)
    np.testing.assert_allclose(got[0, 0], beliefs, atol=1e-5)


def test_one_class_one_pixel_and_many_classes():
    picture = data.astronaut()[100:133, 60:101]
    logits = np.random.default_rng(0).normal(size=(33, 41, 30)).astype("float32")
    np.testing.assert_array_equal(dense_crf(picture, logits[..., :1]), np.ones((33, 41, 1)))
    got = dense_crf(picture, logits)
    assert got.shape == logits.shape and got.dtype == np.float32
    np.testing.assert_allclose(got.sum(axis=-1), 1, atol=1e-5)
    # Classes are filtered in blocks, of which the order of classes means nothing.
    np.testing.assert_allclose(dense_crf(picture, logits[..., ::-1])[..., ::-1], got, atol=1e-4)
    one = dense_crf(picture[:1, :1], logits[:1, :1], iterations=1)
    np.testing.assert_allclose(one, softmax(logits[:1, :1] + 7 * softmax(logits[:1, :1])), atol=1e-5)


def test_without_weights_the_softmax_stays():
    picture, _, logits = two_halves(5, 7)
    got = dense_crf(picture, logits, appearance_weight=0, smoothness_weight=0)
    np.testing.assert_allclose(got, softmax(logits), atol=1e-6)


def test_logits_count_by_their_differences_and_may_exclude_classes():
    picture, _, logits = two_halves(10, 11)
    shifted = logits + np.float32(np.linspace(-300, 300, 110).reshape(10, 11, 1))
    np.testing.assert_allclose(dense_crf(picture, shifted), dense_crf(picture, logits), atol=1e-3)
    never = np.concatenate([logits, np.full((10, 11, 1), -np.inf, np.float32)], axis=-1)
    got = dense_crf(picture, never, appearance_weight=40, smoothness_weight=40)
    assert np.isfinite(got).all() and not got[..., 2].any()


WRONG = {
    "grey": (lambda p, x: dense_crf(p[..., 0], x), r"a picture is \(H, W, 3\) uint8 RGB, received \(6, 5\) uint8"),
    "float": (lambda p, x: dense_crf(p / 255, x), "received .* float64"),
    "empty": (lambda p, x: dense_crf(p[:0], x[:0]), r"received \(0, 5, 3\) uint8"),
    "size": (lambda p, x: dense_crf(p, x[:3]), r"the picture's logits are \(6, 5, C\), received \(3, 5, 2\)"),
    "batch": (lambda p, x: dense_crf(p, x[None]), r"received \(1, 6, 5, 2\)"),
    "no classes": (lambda p, x: dense_crf(p, x[..., :0]), r"received \(6, 5, 0\)"),
    "not finite": (lambda p, x: dense_crf(p, x * np.float32(np.nan)), "finite"),
    "iterations": (lambda p, x: dense_crf(p, x, iterations=-1), "whole number from 0, received -1"),
    "half a step": (lambda p, x: dense_crf(p, x, iterations=1.5), "whole number from 0, received 1.5"),
    "width": (lambda p, x: dense_crf(p, x, appearance_rgb=0), "more than 0, received 121.0, 0, 3.0"),
    "nan": (lambda p, x: dense_crf(p, x, smoothness_xy=float("nan")), "more than 0, received 121.0, 5.0, nan"),
    "weight": (lambda p, x: dense_crf(p, x, appearance_weight=-1), "0 or more and together 80 at most, received -1"),
    "weights": (lambda p, x: dense_crf(p, x, smoothness_weight=77), "80 at most, received 4.0, 77"),
}


@pytest.mark.parametrize("call, message", WRONG.values(), ids=WRONG)
def test_wrong_inputs_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call(np.zeros((6, 5, 3), np.uint8), np.zeros((6, 5, 2), np.float32))


def test_it_is_public():
    assert zoo.dense_crf is dense_crf and "dense_crf" in zoo.__all__
