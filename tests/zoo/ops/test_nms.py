import keras
import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full, quick
from zoo.ops import nms as suppression
from zoo.ops.nms import best_pairs, by_tiles, detections, native, nms


def random_boxes(batch, count, seed=0):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 100, (batch, count, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 40, corners.shape)], -1)
    return boxes.astype("float32"), -np.sort(-rng.random((batch, count))).astype("float32")


def greedy(boxes, scores, score_threshold, iou_threshold):
    """The definition, box by box."""
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] > score_threshold and all(overlap(boxes[i], boxes[j]) <= iou_threshold for j in kept):
            kept.append(int(i))
    return kept


def overlap(a, b):
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = np.prod(np.maximum(sides, 0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


@pytest.mark.core
def test_by_hand_with_the_lectures_thresholds():
    boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [4, 0, 14, 10], [50, 50, 60, 60], [80, 80, 90, 90]]
    scores = [0.7, 0.9, 0.8, 0.65, 0.6]
    # The second beats the first (IoU 9/11) and the third (7/13); 0.6 is not above the threshold.
    indices, count = nms(np.array(boxes, "float32"), np.array(scores, "float32"), max_outputs=4)
    assert int(count) == 2
    np.testing.assert_array_equal(ops.convert_to_numpy(indices), [1, 3, 0, 0])


@pytest.mark.core
def test_a_suppressed_box_suppresses_no_other():
    # A chain: the first beats the second, which alone would beat the third.
    boxes = np.array([[0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]], "float32")
    indices, count = nms(boxes, np.array([0.9, 0.8, 0.7], "float32"), max_outputs=3)
    np.testing.assert_array_equal(ops.convert_to_numpy(indices)[: int(count)], [0, 2])


@pytest.mark.core
@pytest.mark.parametrize("seed", quick(range(3), 0))
def test_equals_greedy_suppression(seed):
    boxes, scores = random_boxes(2, 120, seed)
    indices, counts = by_tiles(ops.convert_to_tensor(boxes), ops.convert_to_tensor(scores), 0.2, 0.4, 200)
    for i in range(2):
        expected = greedy(boxes[i], scores[i], 0.2, 0.4)
        np.testing.assert_array_equal(ops.convert_to_numpy(indices[i])[: int(counts[i])], expected)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own operator")
@pytest.mark.parametrize("most", [20, 300])
def test_both_forms_are_equal(most):
    boxes, scores = map(ops.convert_to_tensor, random_boxes(3, 150))
    for a, b in zip(native(boxes, scores, 0.1, 0.45, most), by_tiles(boxes, scores, 0.1, 0.45, most), strict=True):
        np.testing.assert_array_equal(a, b)


@core_in_full
def test_a_tile_of_boxes_below_the_threshold_ends_no_search(monkeypatch):
    boxes, scores = random_boxes(2, 48)
    scores[:, 16:32] = 0
    monkeypatch.setattr(suppression, "TILE", 16)
    _, counts = by_tiles(*map(ops.convert_to_tensor, (boxes, scores)), 1e-4, 1.0, 40)
    np.testing.assert_array_equal(ops.convert_to_numpy(counts), [32, 32])


@pytest.mark.core
@pytest.mark.parametrize("most", [5, 40, 300])
def test_tiles_do_not_show(most, monkeypatch):
    boxes, scores = map(ops.convert_to_tensor, random_boxes(2, 150))
    expected = by_tiles(boxes, scores, 0.1, 0.45, most)
    monkeypatch.setattr(suppression, "TILE", 16)
    for a, b in zip(by_tiles(boxes, scores, 0.1, 0.45, most), expected, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(a), ops.convert_to_numpy(b))


@core_in_full
def test_nothing_above_the_threshold_and_nothing_at_all():
    boxes, scores = random_boxes(1, 5)
    assert int(nms(boxes[0], 0 * scores[0])[1]) == 0
    indices, count = nms(np.zeros((0, 4)), np.zeros(0), max_outputs=3)
    assert indices.shape == (3,) and int(count) == 0


@pytest.mark.core
def test_detections_by_hand():
    boxes = np.array([[[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]]], "float32")
    scores = np.array([[[0.9, 0.1], [0.8, 0.7], [0.3, 0.0]]], "float32")
    found = detections(boxes, scores, score_threshold=0.2, iou_threshold=0.5, max_detections=4)
    found = {name: ops.convert_to_numpy(value)[0] for name, value in found.items()}
    # Class 0 keeps box 0 and 2; class 1 keeps box 1, although box 0 overlaps it.
    np.testing.assert_allclose(found["boxes"], [boxes[0, 0], boxes[0, 1], boxes[0, 2], np.zeros(4)])
    np.testing.assert_allclose(found["scores"], [0.9, 0.7, 0.3, 0.0], rtol=1e-6)
    np.testing.assert_array_equal(found["labels"], [0, 1, 0, -1])
    assert found["count"] == 3


@core_in_full
def test_many_boxes_on_one_object_do_not_hide_the_others():
    boxes = np.tile(np.float32([0, 0, 10, 10]), (1, 1003, 1))
    boxes[0, 1000:] = [[20, 0, 30, 10], [40, 0, 50, 10], [60, 0, 70, 10]]
    scores = np.zeros((1, 1003, 4), "float32")
    scores[0, :1000, :3] = 0.9
    scores[0, 1000:, 3] = 0.2
    found = detections(boxes, scores, score_threshold=0.05, iou_threshold=0.5)
    np.testing.assert_array_equal(ops.convert_to_numpy(found["labels"])[0, :7], [0, 1, 2, 3, 3, 3, -1])


@core_in_full
def test_pictures_do_not_mix():
    boxes, _ = random_boxes(2, 30)
    scores = np.random.default_rng(1).random((2, 30, 4)).astype("float32")
    options = {"score_threshold": 0.3, "iou_threshold": 0.4, "max_detections": 40}
    both = detections(boxes, scores, **options)
    for i in range(2):
        alone = detections(boxes[i : i + 1], scores[i : i + 1], **options)
        for name in both:
            np.testing.assert_allclose(ops.convert_to_numpy(both[name][i]), ops.convert_to_numpy(alone[name][0]))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="elsewhere numbers are always known")
@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_number_of_boxes_that_is_not_known_beforehand(count):
    """The pairs that there are come first, those that are missing have the score -1 and stay within the picture."""
    import tensorflow as tf

    scores = np.array([[[0.2, 0.9], [0.4, 0.0]]], "float32")
    graph = tf.function(lambda scores: best_pairs(scores, count), [tf.TensorSpec((None, None, 2))])
    best, places, labels = (values.numpy()[0].tolist() for values in graph(scores))
    known = [[0.9, 0.4, 0.2, 0.0], [0, 1, 0, 1], [1, 0, 0, 1]]
    assert [best[:4], places[:4], labels[:4]] == [pytest.approx(known[0][:count]), known[1][:count], known[2][:count]]
    assert (places[4:], labels[4:]) == ([1] * (count - 4), [1] * (count - 4))
    assert all(value < -1e29 for value in best[4:])
    assert graph.get_concrete_function().structured_outputs[0].shape[1] == count
