import numpy as np
import pytest

from recipes import report
from recipes.report.errors import FALSE, MATCHED, MISSED, draw_errors, judged, point_pairs
from tests.recipes.report.examples import boxed, labelled
from zoo.errors import InputError


def test_errors_by_hand():
    image = np.full((1, 3, 3), 100, "uint8")
    drawn = draw_errors(labelled("a", image, [[0, 1, 255]], [[0, 2, 1]]))
    # Right, wrong, void: 100 / 2 + 96 = 146 in grey.
    assert drawn.tolist() == [[[146] * 3, [213, 40, 40], [146] * 3]]


def test_sizes_that_differ_are_named():
    image = np.zeros((4, 4, 3), "uint8")
    with pytest.raises(InputError, match=r"sample a: .*\(4, 4\).*\(2, 2\)"):
        draw_errors(labelled("a", image, [[0] * 4] * 4, [[0] * 2] * 2))


def test_boxes_are_judged_by_hand():
    """Class 0: a hit, a second hit and air; class 1: a missed object, an ignored one that was found."""
    truth = {
        "boxes": np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], "float32"),
        "labels": np.array([0, 1, 1]),
        "ignored": np.array([False, False, True]),
    }
    found = np.array([[0, 0, 10, 10], [40, 0, 50, 10], [1, 0, 11, 10], [20, 0, 30, 10]], "float32")
    rows, colours = judged(truth, {"boxes": found, "labels": np.array([0, 1, 0, 0])})
    expected = {(0, 0): MATCHED, (1, 0): FALSE, (20, 0): [FALSE, MISSED]}
    assert [tuple(box[:2]) for box in rows["boxes"]] == [(0, 0), (1, 0), (20, 0), (20, 0)]
    assert colours == [expected[0, 0], expected[1, 0], *expected[20, 0]]
    assert len(judged(truth, {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, int)})[1]) == 2


def test_errors_of_boxes_and_points_are_drawn_where_they_are():
    sample = boxed([[5, 5, 25, 25, 0], [30, 5, 50, 25, 0]], [[5, 5, 25, 25, 0], [30, 30, 40, 38, 0]])
    drawn = draw_errors(sample)
    assert drawn[5, 15].tolist() == [*MATCHED] and drawn[30, 35].tolist() == [*FALSE]
    assert drawn[5, 40].tolist() == [*MISSED] and drawn[15, 15].tolist() == [146] * 3
    true, found = [[5, 5, 2], [5, 30, 0]], [[25, 5], [25, 30]]
    drawn = draw_errors(
        report.Sample("a", sample.image, {"keypoints": np.array([true])}, {"keypoints": np.array([found])})
    )
    assert drawn[5, 15].tolist() == [213, 40, 40] and drawn[30, 15].tolist() == [146] * 3
    nothing = report.Sample("a", sample.image, {"keypoints": np.array([true])}, {"keypoints": np.zeros((0, 2, 2))})
    assert (draw_errors(nothing) == 146).all()


def test_masks_are_judged_with_their_boxes():
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], "float32")
    masks = np.zeros((2, 12, 32), "uint8")
    masks[0, :10, :10] = masks[1, :10, 20:30] = 1
    truth = {"boxes": boxes, "labels": np.array([0, 1]), "masks": masks}
    found = {"boxes": boxes[:1] + 1, "labels": np.array([0]), "masks": np.roll(masks[:1], (1, 1), (1, 2)) > 0}
    rows, colours = judged(truth, found)
    assert colours == [MATCHED, MISSED]
    assert np.array_equal(rows["masks"], [found["masks"][0], masks[1]])
    nothing = {key: value[:0] for key, value in found.items()}
    assert judged(nothing, nothing)[0]["masks"].shape == (0, 12, 32)
    drawn = draw_errors(report.Sample("a", np.full((12, 32, 3), 100, "uint8"), truth, found))
    # 0.6 of the grey 146 and 0.4 of the colour.
    assert drawn[5, 25].tolist() == np.rint(87.6 + 0.4 * np.array(MISSED)).tolist()


def test_keypoints_meet_those_of_the_same_object():
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], "float32")
    points = np.array([[[2, 2, 2], [8, 8, 0]], [[22, 2, 2], [28, 8, 1]]], "float32")
    truth = {"boxes": boxes, "labels": np.array([0, 0]), "keypoints": points}
    found = {"boxes": boxes[1:], "labels": np.array([0]), "keypoints": points[1:] + [0, 3, 0]}
    ((true, other),) = point_pairs(truth, found)
    assert np.array_equal(true, points[1]) and np.array_equal(other, found["keypoints"][0])
    assert point_pairs(truth, {**found, "labels": np.array([1])}) == []
    assert point_pairs({key: value[:0] for key, value in truth.items()}, found) == []
    drawn = draw_errors(report.Sample("a", np.full((12, 32, 3), 100, "uint8"), truth, found))
    assert drawn[3, 22].tolist() == [213, 40, 40] and drawn[3, 2].tolist() == [146] * 3
