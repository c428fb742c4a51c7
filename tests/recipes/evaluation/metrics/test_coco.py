"""Our figures against those of pycocotools, of random pictures with crowds, ties, many detections and none."""

import numpy as np
import pytest

from recipes.data.sources.outlines import encoded_masks
from recipes.evaluation import metrics
from recipes.evaluation.metrics.keypoints import COCO_SIGMAS

SIZE = (60, 80)
TASKS = {
    "bbox": ("detection", ""),
    "segm": ("instance_segmentation", "mask_"),
    "keypoints": ("keypoints", "keypoint_"),
}


def boxes_of(rng, count):
    """Boxes of whole pixels within the picture; some are small, some cover most of it."""
    corners = rng.integers(0, (SIZE[1] - 6, SIZE[0] - 6), (count, 2))
    sides = rng.integers(4, 70, (count, 2))
    return np.concatenate([corners, np.minimum(corners + sides, (SIZE[1], SIZE[0]))], axis=1).astype("float32")


def picture(rng, kind, objects, detections):
    """Returns a prediction and an example; detections lie near objects or anywhere, their scores in ten steps."""
    boxes, labels = boxes_of(rng, objects), rng.integers(0, 3, objects)
    example = {"boxes": boxes, "labels": labels, "crowds": rng.random(objects) < 0.25}
    example |= {"ignored": example["crowds"], "areas": (boxes[:, 2:] - boxes[:, :2]).prod(-1) * rng.uniform(0.3, 2)}
    seen = boxes_of(rng, detections)
    found = {"labels": rng.integers(0, 3, detections), "scores": rng.integers(0, 10, detections) / np.float32(10)}
    near = rng.random(detections) < 0.7 * (objects > 0)
    which = rng.integers(0, max(objects, 1), detections)[near]
    seen[near] = np.clip(boxes[which] + rng.integers(-3, 4, (len(which), 4)), 0, [SIZE[1], SIZE[0]] * 2)
    seen[:, 2:] = np.maximum(seen[:, 2:], seen[:, :2] + 1)
    found["labels"][near] = labels[which]
    found["boxes"] = seen
    if kind == "segm":
        rows, columns = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
        inside = [(columns > x1) & (columns < x2) & (rows > y1) & (rows < y2) for x1, y1, x2, y2 in boxes]
        masks = np.array(inside, bool).reshape(objects, *SIZE) & (rng.random((objects, *SIZE)) < 0.9)
        example |= {"image": np.zeros((*SIZE, 3), "uint8"), "masks": masks, "runs": encoded_masks(masks)}
        found["masks"] = rng.uniform(0.3, 1, (detections, 7, 7)).astype("float32")
    if kind == "keypoints":
        spots = boxes[:, None, :2] + rng.random((objects, 17, 2)) * (boxes[:, 2:] - boxes[:, :2])[:, None]
        visible = rng.integers(0, 3, (objects, 17, 1)) * (rng.random((objects, 1, 1)) < 0.7)
        example["keypoints"] = np.concatenate([spots, visible], axis=-1).astype("float32")
        spots = seen[:, None, :2] + rng.random((detections, 17, 2)) * (seen[:, 2:] - seen[:, :2])[:, None]
        spots[near] = example["keypoints"][which, :, :2] + rng.normal(0, 1.5, (len(which), 17, 2))
        found["keypoints"] = np.concatenate([spots, np.ones((detections, 17, 1))], axis=-1).astype("float32")
    return found, example


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("seed", range(6))
def test_figures_equal_those_of_pycocotools(kind, seed):
    reference = pytest.importorskip("tests.recipes.evaluation.metrics.reference")
    rng = np.random.default_rng([seed, list(TASKS).index(kind)])
    many = 340 if seed == 0 else 25  # of three classes: more than the 100, or 20, that are looked at
    counts = [(5, many), (0, 6), (4, 0), (0, 0), (8, 30), (3, 12)]
    pictures = [picture(rng, kind, *numbers) for numbers in rng.permutation(counts)]
    task, prefix = TASKS[kind]
    evaluator = metrics.evaluator(task, "012", tuple(COCO_SIGMAS) if kind == "keypoints" else ())
    for found, example in pictures:
        evaluator.update(found, example)
    scores = evaluator.scores()
    expected = reference.figures(pictures, 3, kind, SIZE, evaluator.sigmas() if kind == "keypoints" else None)
    assert {name: scores[prefix + name] for name in expected} == pytest.approx(expected, abs=1e-9)
    assert 0 < expected["ap50"] < 1
