import numpy as np
import pytest

from recipes.evaluation.metrics.keypoints import COCO_SIGMAS, Evaluator
from zoo.errors import InputError

BOX = [0, 0, 100, 100]
NAMES = ("head", "tail")
POINTS = [[20, 20, 2], [80, 80, 1]]


def objects(boxes, keypoints, **others):
    keypoints = np.array(keypoints, "float32")
    found = {"boxes": np.array(boxes, "float32").reshape(-1, 4), "labels": np.zeros(len(boxes), "int32")}
    return found | {"keypoints": keypoints.reshape(len(boxes), -1, 3) if len(boxes) else keypoints} | others


def moved(*by, score=5.0):
    """The keypoints, each so many pixels to the right of where it is."""
    return [[x + dx, y, score] for (x, y, _), dx in zip(POINTS, by, strict=True)]


def measured(*pictures, names=NAMES):
    evaluator = Evaluator(["fly"], names)
    for prediction, example in pictures:
        evaluator.update(prediction, example)
    return evaluator.scores()


def test_similarity_by_hand():
    """7 pixels off at sigma 0.05, where nobody states an area: by 0.53 of the box's.

    exp(-49 / (2 x 0.1^2 x 0.53 x 100^2)) = 0.630, a hit at 0.50, 0.55 and 0.60.
    """
    found = objects([BOX], [moved(7, 7)], scores=np.array([0.9]))
    scores = measured((found, objects([BOX], [POINTS])))
    assert scores["keypoint_ap"] == pytest.approx(0.3) and scores["ap"] == 1
    assert scores["keypoint_ap50"] == scores["keypoint_ap50/fly"] == 1 and scores["keypoint_ap75"] == 0
    names = ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar20", "ar_medium", "ar_large")
    assert list(scores)[:8] == [f"keypoint_{name}" for name in names]
    assert list(scores).index("keypoint_ap50/fly") < list(scores).index("ap")


def test_given_areas_are_the_unit_of_distances():
    found = objects([BOX], [moved(10, 10)], scores=np.array([0.9]))
    # exp(-100 / (2 x 0.1^2 x 4 x 100^2)) = 0.88 is a hit at 0.50 to 0.85.
    scores = measured((found, objects([BOX], [POINTS], areas=np.array([4e4]))))
    assert scores["keypoint_ap"] == pytest.approx(0.8)


def test_a_keypoint_that_is_not_in_the_picture_does_not_count():
    found = objects([BOX], [moved(0, 50)], scores=np.array([0.9]))
    truth = objects([BOX], [[POINTS[0], [0, 0, 0]]])
    assert measured((found, truth))["keypoint_ap"] == 1


def test_objects_without_keypoints_are_neither_right_nor_wrong():
    other = [200, 0, 300, 100]
    truth = objects([BOX, other], [POINTS, np.zeros((2, 3))])
    one = objects([BOX], [moved(0, 0)], scores=np.array([0.8]))
    both = objects([other, BOX], [[[250, 50, 5], [260, 60, 5]], moved(0, 0)], scores=np.array([0.9, 0.8]))
    assert measured((one, truth))["keypoint_ap"] == measured((both, truth))["keypoint_ap"] == 1
    assert measured((one, truth))["ar100"] == 0.5


def test_points_that_span_little_are_small_detections():
    """This false one has a large box, but points that span 20 x 20: large objects do not count it."""
    false = [200, 200, 320, 320]
    tight = [[[210, 210, 5], [230, 230, 5]], moved(0, 0)]
    found = objects([false, BOX], tight, scores=np.array([0.9, 0.8]))
    scores = measured((found, objects([BOX], [POINTS], areas=np.array([1e4]))))
    assert scores["keypoint_ap"] == 0.5 and scores["keypoint_ap_large"] == 1


def test_crowds_are_neither_right_nor_wrong():
    truth = objects([BOX, [200, 0, 300, 100]], [POINTS, np.zeros((2, 3))], ignored=np.array([False, True]))
    truth["crowds"] = truth["ignored"]
    found = objects(
        [[210, 10, 240, 90], BOX], [[[220, 50, 5], [225, 60, 5]], moved(0, 0)], scores=np.array([0.9, 0.8])
    )
    scores = measured((found, truth))
    assert scores["keypoint_ap"] == scores["ap"] == 1


def test_nothing_found_and_nothing_to_find():
    none = objects([], np.zeros((0, 2, 3)), scores=np.zeros(0))
    missed = measured((none, objects([BOX], [POINTS])))
    assert missed["keypoint_ap"] == missed["keypoint_ar20"] == 0
    false = objects([BOX], [moved(0, 0)], scores=np.array([0.9]))
    assert set(measured((false, objects([], np.zeros((0, 2, 3)))), names=()).values()) == {None}
    assert set(measured().values()) == {None}


def test_sigmas_are_cocos_for_its_keypoints_alone():
    backwards = tuple(reversed(COCO_SIGMAS))
    assert Evaluator(["person"], backwards).sigmas()[:2] == [0.089, 0.089]
    assert Evaluator(["person"], backwards).sigmas()[-1] == 0.026
    assert Evaluator(["fly"], NAMES).sigmas() == [0.05, 0.05]


def test_another_number_of_keypoints_is_named():
    found = objects([BOX], [moved(0, 0)], scores=np.array([0.9]))
    with pytest.raises(InputError, match="the model predicts 2 keypoints, the source has 1"):
        measured((found, objects([BOX], [POINTS[:1]])))
