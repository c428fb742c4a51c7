import numpy as np
import pytest

from recipes.evaluation.metrics.points import Evaluator
from zoo.errors import InputError


def example(points, **others):
    """One object; its box plays no part but in being the largest."""
    points = np.array([points], "float32")
    return {"keypoints": points, "boxes": np.array([[0, 0, 9, 9]], "float32"), "labels": np.array([0]), **others}


def predicted(points):
    return {"score": np.float32(0.9), "points": np.array(points, "float32")}


SQUARE = [[0, 0, 2], [30, 40, 2], [0, 40, 1], [99, 99, 0]]


def test_landmarks_by_hand():
    """Visible points span 30 x 40, a diagonal of 50: errors of 3, 0, 0 pixels are 1 / 50 on average."""
    evaluator = Evaluator(["face"])
    evaluator.update(predicted([[3, 0], [30, 40], [0, 40], [0, 0]]), example(SQUARE))
    assert evaluator.scores() == {
        "nme": pytest.approx(0.02),
        "auc": pytest.approx(1 - 0.02 / 0.08),
        "failure_rate": 0.0,
        "pck": 1.0,
    }
    # A second picture whose three points are 50 pixels off: an error of 1, which fails and adds no area.
    evaluator.update(predicted([[50, 0], [80, 40], [50, 40], [0, 0]]), example(SQUARE))
    assert evaluator.scores() == {
        "nme": pytest.approx((0.02 + 1) / 2),
        "auc": pytest.approx(0.75 / 2),
        "failure_rate": 0.5,
        "pck": 0.5,
    }


def test_auc_is_the_area_under_the_curve_that_is_drawn():
    rng = np.random.default_rng(0)
    evaluator = Evaluator(["face"])
    for _ in range(200):
        moved = np.array(SQUARE)[:, :2] + rng.normal(0, 3, (4, 2))
        evaluator.update(predicted(moved), example(SQUARE))
    (curve,) = evaluator.curves()
    xs, ys = curve["lines"]["pictures"]
    assert np.trapezoid(ys, xs) / 0.08 == pytest.approx(evaluator.scores()["auc"], abs=0.01)
    assert xs[-1] == 0.08 and ys[-1] == pytest.approx(1 - evaluator.scores()["failure_rate"])


NAMES = ("left_shoulder", "right_hip", "left_wrist")


def test_pose_by_hand():
    """A torso of 50 pixels: points within 10 count as found. The wrist of the second picture has no place."""
    evaluator = Evaluator(["person"], NAMES)
    evaluator.update(predicted([[10, 0], [30, 51], [0, 0]]), example([[0, 0, 2], [30, 40, 2], [0, 80, 2]]))
    evaluator.update(predicted([[0, 0], [30, 40], [0, 0]]), example([[0, 0, 2], [30, 40, 1], [0, 80, 0]]))
    scores = evaluator.scores()
    assert next(iter(scores)) == "pck"
    assert scores["pck"] == pytest.approx(3 / 5)
    assert [scores[f"pck/{name}"] for name in NAMES] == [1.0, 0.5, 0.0]
    assert scores["nme"] == pytest.approx(((10 + 11 + 80) / 3 / np.hypot(30, 80) + 0) / 2)


@pytest.mark.parametrize("torso", [[[0, 0, 0], [30, 40, 2]], [[30, 40, 2], [30, 40, 2]]])
def test_a_pose_without_a_torso_has_no_pck(torso):
    evaluator = Evaluator(["person"], NAMES)
    evaluator.update(predicted([[0, 0]] * 3), example([*torso, [0, 80, 2]]))
    scores = evaluator.scores()
    assert scores["pck"] is scores["pck/left_wrist"] is None and scores["nme"] > 0


def test_a_joint_that_is_never_seen_has_no_value():
    evaluator = Evaluator(["person"], NAMES)
    evaluator.update(predicted([[0, 0], [30, 40], [0, 0]]), example([[0, 0, 2], [30, 40, 2], [0, 0, 0]]))
    assert evaluator.scores()["pck/left_wrist"] is None and evaluator.scores()["pck"] == 1


@pytest.mark.parametrize("names", [(), NAMES])
def test_nothing_to_measure(names):
    evaluator = Evaluator(["person"], names)
    for _ in range(2):
        scores = evaluator.scores()
        assert set(scores.values()) == {None} and len(scores) == 4 + len(names)
        assert evaluator.curves()[0]["lines"] == {}
        none = {"keypoints": np.zeros((0, 3, 3)), "boxes": np.zeros((0, 4)), "labels": np.zeros(0, int)}
        evaluator.update(predicted(np.zeros((3, 2))), none)
        evaluator.update(predicted(np.zeros((3, 2))), example([[5, 5, 2], [0, 0, 0], [0, 0, 0]]))
        evaluator.update(predicted(np.zeros((3, 2))), example(SQUARE[:3], ignored=np.array([True])))


def test_another_number_of_points_is_named():
    with pytest.raises(InputError, match="predicts 3 points, the source has 4"):
        Evaluator(["face"]).update(predicted(np.zeros((3, 2))), example(SQUARE))
