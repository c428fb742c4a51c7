"""COCO's average precision, of pictures in memory.

Source: https://cocodataset.org/#detection-eval; computed by faster-coco-eval, which equals pycocotools to the bit.
"""

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster, mask

from recipes.evaluation import rle
from zoo.ops.objects_numpy import crowds, ignored

# Indices of what COCOeval counted: thresholds 0.50, 0.55 ... 0.95; objects of all sizes; most detections a picture.
IOU_50, IOU_75 = 0, 5
ALL = 0
MOST = -1

OF_BOX = 0.53
"""The area of a person as a share of its box, by which distances of keypoints are measured where no area is stated.

Source: xtcocotools' cocoeval.py, `use_area=False`; so do CrowdPose, MMPose and faster-coco-eval.
"""


def coco_scores(pictures, class_names, kind="bbox", prefix="", sigmas=None):
    """Measures detections as COCO does.

    A crowd may match many detections, by the share of them that lies in it; what matches it is not counted. Other
    ignored objects (VOC's difficult ones, which COCO has none of) do the same by the usual overlap.

    Args:
        pictures: list of `(objects, detections)`, two dicts of arrays: `boxes` `(N, 4)` xyxy and `labels` `(N,)` in
            both, in the first `ignored` `(N,)`, `crowds` `(N,)` and `areas` `(N,)`, NaN where none is stated, in the
            second `scores` `(N,)`.
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
    counted = Counted(truth, found, kind, print_function=_silent, kpt_oks_sigmas=sigmas)
    counted.params.catIds = [category["id"] for category in categories]  # for keypoints it takes those with objects
    counted.evaluate()
    counted.accumulate()
    shape = [counted.eval["counts"][axis] for axis in range(5)]
    precision = np.reshape(counted.eval["precision"], shape)  # (IoU, recall, class, size, detections)
    recall = np.reshape(counted.eval["recall"], (shape[0], *shape[2:]))
    sizes = [(size, name) for size, name in enumerate(counted.params.areaRngLbl) if size != ALL]
    overall = {
        "ap": _mean(precision[:, :, :, ALL, MOST]),
        "ap50": _mean(precision[IOU_50, :, :, ALL, MOST]),
        "ap75": _mean(precision[IOU_75, :, :, ALL, MOST]),
        **{f"ap_{name}": _mean(precision[:, :, :, size, MOST]) for size, name in sizes},
        **{f"ar{most}": _mean(recall[:, :, ALL, i]) for i, most in enumerate(counted.params.maxDets)},
        **{f"ar_{name}": _mean(recall[:, :, size, MOST]) for size, name in sizes},
    }
    of_each = {f"ap50/{name}": _mean(precision[IOU_50, :, i, ALL, MOST]) for i, name in enumerate(class_names)}
    of_each |= {f"ap/{name}": _mean(precision[:, :, i, ALL, MOST]) for i, name in enumerate(class_names)}
    return tuple({prefix + key: value for key, value in figures.items()} for figures in (overall, of_each))


class Counted(COCOeval_faster):
    """COCO's measure, whose ignored objects, `iscrowd` in its records, overlap as others where `group` is 0."""

    def computeIoU(self, imgId, catId):
        """Returns the overlaps of a picture's detections, by falling score, and objects, of one class."""
        truths, found = self.gt_dataset.get(imgId, catId), self.dt_dataset.get(imgId, catId)
        if not truths or not found:
            return []
        found = sorted(found, key=lambda row: -row["score"])[: self.params.maxDets[MOST]]
        key = "rle" if self.params.compute_rle else "bbox"
        return mask.iou([row[key] for row in found], [row[key] for row in truths], [row["group"] for row in truths])


def _size(objects):
    height, width = objects.get("size", (0, 0))
    return {"height": height, "width": width}


def _rows(pictures, kind):
    """Yields COCO's record of every object or detection; its ids count from 1, as 0 means "not matched"."""
    number = 0
    for image_id, picture in enumerate(pictures, 1):
        boxes = np.asarray(picture["boxes"], "float64").reshape(-1, 4)
        sides = boxes[:, 2:] - boxes[:, :2]
        areas = _areas(picture, sides, kind)
        left_out, many = ignored(picture), crowds(picture)
        scores = picture.get("scores", np.ones(len(boxes)))
        for i, (box, side) in enumerate(zip(boxes, sides, strict=True)):
            number += 1
            row = {
                "id": number,
                "image_id": image_id,
                "category_id": int(picture["labels"][i]),
                "bbox": [*box[:2].tolist(), *side.tolist()],
                "area": float(areas[i]),
                "iscrowd": int(left_out[i]),
                "group": int(many[i]),
                "score": float(scores[i]),
            }
            if kind == "segm":
                row["segmentation"] = picture["masks"][i]
            if kind == "keypoints":
                points = np.asarray(picture["keypoints"][i], "float64")
                row |= {"keypoints": points.ravel().tolist(), "num_keypoints": int(np.sum(points[:, 2] > 0))}
            yield row


def _areas(picture, sides, kind):
    """Returns the areas of objects or detections, `(N,)`, by which they are small or large: those that are stated.

    Else they are those of boxes or masks; a detection's keypoints have the area that they span, as in pycocotools'
    `loadRes`, an object's `OF_BOX` of its box's.
    """
    if kind == "segm":
        own = np.array([rle.area(one) for one in picture["masks"]], "float64")
    elif kind == "keypoints" and "scores" in picture:
        own = np.ptp(np.asarray(picture["keypoints"], "float64")[..., :2], axis=1).prod(axis=-1)
    else:
        own = sides.prod(axis=-1) * (OF_BOX if kind == "keypoints" else 1)
    stated = np.asarray(picture.get("areas", np.full(len(own), np.nan)), "float64")
    return np.where(np.isnan(stated), own, stated)


def _dataset(images, categories, rows):
    dataset = {"images": images, "categories": categories, "annotations": list(rows)}
    return COCO(dataset, print_function=_silent)


def _silent(*words):
    """Prints nothing."""


def _mean(values):
    """Averages what was counted; COCO writes -1 where there is no object."""
    known = values[values > -1]
    return float(known.mean()) if known.size else None
