import contextlib
import io

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
    """10 of 100 pixels off at sigma 0.05: exp(-100 / (2 x 0.1^2 x 100^2)) = 0.607, a hit at 0.50, 0.55 and 0.60."""
    found = objects([BOX], [moved(10, 10)], scores=np.array([0.9]))
    scores = measured((found, objects([BOX], [POINTS])))
    assert scores["keypoint_ap"] == pytest.approx(0.3) and scores["ap"] == 1
    assert scores["keypoint_ap50"] == scores["keypoint_ap50/fly"] == 1 and scores["keypoint_ap75"] == 0
    assert list(scores)[:6] == [
        f"keypoint_{name}" for name in ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar20")
    ]
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


def test_crowds_are_neither_right_nor_wrong():
    truth = objects([BOX, [200, 0, 300, 100]], [POINTS, np.zeros((2, 3))], ignored=np.array([False, True]))
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


def test_figures_equal_those_of_pycocotools():
    coco, cocoeval = pytest.importorskip("pycocotools.coco"), pytest.importorskip("pycocotools.cocoeval")
    rng = np.random.default_rng(0)
    evaluator, truths, founds = Evaluator(["cat", "person"], tuple(COCO_SIGMAS)), [], []
    for image in range(1, 9):
        corners, sides = rng.uniform(0, 200, (5, 2)), rng.uniform(30, 200, (5, 2))
        points = np.concatenate(
            [corners[:, None] + sides[:, None] * rng.random((5, 17, 2)), np.zeros((5, 17, 1))], -1
        )
        points[..., 2] = rng.integers(0, 3, (5, 17)) * (rng.random((5, 1)) < 0.8)
        truth = objects(np.hstack([corners, corners + sides]), points, labels=rng.integers(0, 2, 5))
        truth |= {"ignored": rng.random(5) < 0.2, "areas": sides.prod(-1) / 2}
        near = points + rng.normal(0, 1, (5, 17, 3)) * sides.mean(-1)[:, None, None] * [[[0.06, 0.06, 0]]]
        found = objects(truth["boxes"], near, labels=truth["labels"], scores=rng.random(5).astype("float32"))
        evaluator.update(found, truth)
        for i in range(5):
            common = {"image_id": image, "category_id": int(truth["labels"][i])}
            x1, y1, x2, y2 = truth["boxes"][i].astype(float).tolist()
            box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "id": len(truths) + 1}
            visible = truth["keypoints"][i].astype(float)
            truths.append({**common, **box, "keypoints": visible.ravel().tolist(), "area": float(truth["areas"][i])})
            truths[-1] |= {"iscrowd": int(truth["ignored"][i]), "num_keypoints": int((visible[:, 2] > 0).sum())}
            founds.append({**common, **box, "keypoints": found["keypoints"][i].astype(float).ravel().tolist()})
            founds[-1] |= {"score": float(found["scores"][i]), "area": (x2 - x1) * (y2 - y1)}
    dataset = {"images": [{"id": i} for i in range(1, 9)], "categories": [{"id": 0}, {"id": 1}]}
    with contextlib.redirect_stdout(io.StringIO()):
        reference, results = coco.COCO(), coco.COCO()
        reference.dataset, results.dataset = ({**dataset, "annotations": rows} for rows in (truths, founds))
        reference.createIndex()
        results.createIndex()
        counted = cocoeval.COCOeval(reference, results, "keypoints")
        counted.evaluate()
        counted.accumulate()
        counted.summarize()
    scores = evaluator.scores()
    names = ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar20")
    assert [scores[f"keypoint_{name}"] for name in names] == pytest.approx(counted.stats[:6], abs=1e-12)
    assert 0.1 < scores["keypoint_ap"] < 0.9
