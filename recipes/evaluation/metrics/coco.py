"""COCO's average precision, of pictures in memory.

Source: https://cocodataset.org/#detection-eval; computed by faster-coco-eval, which equals pycocotools to the bit.
"""

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from recipes.evaluation import rle

# Indices of what COCOeval counted: thresholds 0.50, 0.55 ... 0.95; objects of all sizes; most detections a picture.
IOU_50, IOU_75 = 0, 5
ALL = 0
MOST = -1


def coco_scores(pictures, class_names, kind="bbox", prefix="", sigmas=None):
    """Measures detections as COCO does.

    Args:
        pictures: list of `(objects, detections)`, two dicts of arrays: `boxes` `(N, 4)` xyxy and `labels` `(N,)` in
            both, `areas` `(N,)` and `ignored` `(N,)` (COCO's crowds) in the first, `scores` `(N,)` in the second.
            For "segm" both have `masks`, a list of dicts of `recipes.evaluation.rle.encode`, and the first has the
            picture's `size` `(H, W)`; for "keypoints" both have `keypoints` `(N, K, 3)`, visibility or a score last.
        class_names: C names, index for index.
        kind: what is compared: "bbox" by IoU of boxes, "segm" of masks, "keypoints" by their similarity (OKS).
        prefix: what the names of the figures begin with.
        sigmas: K, how far each keypoint may be off, as a share of the square root of the object's area.
    Returns:
        Two flat dicts: the overall figures, `ap` first, and those of each class, "ap50/<class>" and "ap/<class>".
        `None` stands where there is no object to find.
    """
    images = [{"id": i, **_size(objects)} for i, (objects, _) in enumerate(pictures, 1)]
    categories = [{"id": i, "name": name} for i, name in enumerate(class_names)]
    truth = _dataset(images, categories, _rows((objects for objects, _ in pictures), kind))
    found = _dataset(images, categories, _rows((detections for _, detections in pictures), kind))
    counted = COCOeval_faster(truth, found, kind, print_function=_silent, kpt_oks_sigmas=sigmas)
    counted.params.catIds = [category["id"] for category in categories]  # for keypoints it takes those with objects
    counted.evaluate()
    counted.accumulate()
    shape = [counted.eval["counts"][axis] for axis in range(5)]
    precision = np.reshape(counted.eval["precision"], shape)  # (IoU, recall, class, size, detections)
    recall = np.reshape(counted.eval["recall"], (shape[0], *shape[2:]))
    overall = {
        "ap": _mean(precision[:, :, :, ALL, MOST]),
        "ap50": _mean(precision[IOU_50, :, :, ALL, MOST]),
        "ap75": _mean(precision[IOU_75, :, :, ALL, MOST]),
    }
    for size, name in enumerate(counted.params.areaRngLbl):
        if size != ALL:
            overall[f"ap_{name}"] = _mean(precision[:, :, :, size, MOST])
    overall[f"ar{counted.params.maxDets[MOST]}"] = _mean(recall[:, :, ALL, MOST])
    of_each = {f"ap50/{name}": _mean(precision[IOU_50, :, i, ALL, MOST]) for i, name in enumerate(class_names)}
    of_each |= {f"ap/{name}": _mean(precision[:, :, i, ALL, MOST]) for i, name in enumerate(class_names)}
    return tuple({prefix + key: value for key, value in figures.items()} for figures in (overall, of_each))


def _size(objects):
    height, width = objects.get("size", (0, 0))
    return {"height": height, "width": width}


def _rows(pictures, kind):
    """Yields COCO's record of every object or detection; its ids count from 1, as 0 means "not matched"."""
    number = 0
    for image_id, picture in enumerate(pictures, 1):
        boxes = np.asarray(picture["boxes"], "float64").reshape(-1, 4)
        sides = boxes[:, 2:] - boxes[:, :2]
        areas = [rle.area(mask) for mask in picture["masks"]] if kind == "segm" else sides.prod(axis=-1)
        areas = picture.get("areas", areas)
        crowds = picture.get("ignored", np.zeros(len(boxes), bool))
        scores = picture.get("scores", np.ones(len(boxes)))
        for i, (box, side) in enumerate(zip(boxes, sides, strict=True)):
            number += 1
            row = {
                "id": number,
                "image_id": image_id,
                "category_id": int(picture["labels"][i]),
                "bbox": [*box[:2].tolist(), *side.tolist()],
                "area": float(areas[i]),
                "iscrowd": int(crowds[i]),
                "score": float(scores[i]),
            }
            if kind == "segm":
                row["segmentation"] = picture["masks"][i]
            if kind == "keypoints":
                points = np.asarray(picture["keypoints"][i], "float64")
                row |= {"keypoints": points.ravel().tolist(), "num_keypoints": int(np.sum(points[:, 2] > 0))}
            yield row


def _dataset(images, categories, rows):
    dataset = {"images": images, "categories": categories, "annotations": list(rows)}
    return COCO(dataset, print_function=_silent)


def _silent(*words):
    """Prints nothing."""


def _mean(values):
    """Averages what was counted; COCO writes -1 where there is no object."""
    known = values[values > -1]
    return float(known.mean()) if known.size else None
