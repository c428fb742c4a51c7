"""COCO's average precision, of pictures in memory.

Source: https://cocodataset.org/#detection-eval; computed by faster-coco-eval, which equals pycocotools to the bit.
"""

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

# Indices of what COCOeval counted: thresholds 0.50, 0.55 ... 0.95; object sizes; 100 detections a picture.
IOU_50, IOU_75 = 0, 5
ALL, SMALL, MEDIUM, LARGE = range(4)
MOST = -1


def coco_scores(pictures, class_names):
    """Measures detections as COCO does.

    Args:
        pictures: list of `(objects, detections)`, two dicts of arrays: `boxes` `(N, 4)` xyxy and `labels` `(N,)` in
            both, `areas` `(N,)` and `ignored` `(N,)` (COCO's crowds) in the first, `scores` `(N,)` in the second.
        class_names: C names, index for index.
    Returns:
        A dict of `overall` figures, `ap` and `ap50`: lists of one figure a class. `None` stands where there is no
        object to find.
    """
    images = [{"id": i} for i in range(1, len(pictures) + 1)]
    categories = [{"id": i, "name": name} for i, name in enumerate(class_names)]
    truth = _dataset(images, categories, _rows(objects for objects, _ in pictures))
    found = _dataset(images, categories, _rows(detections for _, detections in pictures))
    counted = COCOeval_faster(truth, found, "bbox", print_function=_silent)
    counted.evaluate()
    counted.accumulate()
    shape = [counted.eval["counts"][axis] for axis in range(5)]
    precision = np.reshape(counted.eval["precision"], shape)  # (IoU, recall, class, size, detections)
    recall = np.reshape(counted.eval["recall"], (shape[0], *shape[2:]))
    return {
        "overall": {
            "ap": _mean(precision[:, :, :, ALL, MOST]),
            "ap50": _mean(precision[IOU_50, :, :, ALL, MOST]),
            "ap75": _mean(precision[IOU_75, :, :, ALL, MOST]),
            "ap_small": _mean(precision[:, :, :, SMALL, MOST]),
            "ap_medium": _mean(precision[:, :, :, MEDIUM, MOST]),
            "ap_large": _mean(precision[:, :, :, LARGE, MOST]),
            "ar100": _mean(recall[:, :, ALL, MOST]),
        },
        "ap": [_mean(precision[:, :, i, ALL, MOST]) for i in range(len(class_names))],
        "ap50": [_mean(precision[IOU_50, :, i, ALL, MOST]) for i in range(len(class_names))],
    }


def _rows(pictures):
    """Yields COCO's record of every object or detection; its ids count from 1, as 0 means "not matched"."""
    number = 0
    for image_id, picture in enumerate(pictures, 1):
        boxes = np.asarray(picture["boxes"], "float64").reshape(-1, 4)
        sides = boxes[:, 2:] - boxes[:, :2]
        areas = picture.get("areas", sides.prod(axis=-1))
        crowds = picture.get("ignored", np.zeros(len(boxes), bool))
        scores = picture.get("scores", np.ones(len(boxes)))
        for i, (box, side) in enumerate(zip(boxes, sides, strict=True)):
            number += 1
            yield {
                "id": number,
                "image_id": image_id,
                "category_id": int(picture["labels"][i]),
                "bbox": [*box[:2].tolist(), *side.tolist()],
                "area": float(areas[i]),
                "iscrowd": int(crowds[i]),
                "score": float(scores[i]),
            }


def _dataset(images, categories, rows):
    dataset = {"images": images, "categories": categories, "annotations": list(rows)}
    return COCO(dataset, print_function=_silent)


def _silent(*words):
    """Prints nothing."""


def _mean(values):
    """Averages what was counted; COCO writes -1 where there is no object."""
    known = values[values > -1]
    return float(known.mean()) if known.size else None
