"""The figures of pycocotools, as the benchmark's server counts them, of what an `Evaluator` is given."""

import contextlib
import io

import numpy as np
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from zoo.ops.masks import paste

FIGURES = {
    "bbox": ("ap", "ap50", "ap75", *(f"ap_{size}" for size in ("small", "medium", "large")), "ar1", "ar10", "ar100"),
    "keypoints": ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar20", None, None, "ar_medium", "ar_large"),
}
FIGURES["bbox"] = FIGURES["segm"] = (*FIGURES["bbox"], *(f"ar_{size}" for size in ("small", "medium", "large")))


def xywh(box):
    x1, y1, x2, y2 = np.asarray(box, float).tolist()
    return [x1, y1, x2 - x1, y2 - y1]


def truths_of(image, example, kind, size):
    """Yields COCO's annotations of a picture; each states its area, as the benchmark's do."""
    for i, box in enumerate(example["boxes"]):
        row = {"image_id": image, "category_id": int(example["labels"][i]), "bbox": xywh(box)}
        row |= {"iscrowd": int(example["crowds"][i]), "area": float(example["areas"][i])}
        if kind == "segm":
            row["segmentation"] = rle.encode(np.asfortranarray(example["masks"][i], "uint8"))
        if kind == "keypoints":
            points = example["keypoints"][i].astype(float)
            row |= {"keypoints": points.ravel().tolist(), "num_keypoints": int((points[:, 2] > 0).sum())}
        yield row


def results_of(image, prediction, kind, size):
    """Yields COCO's results of a picture, in the form in which they are sent in."""
    masks = paste(prediction["masks"], prediction["boxes"], size) if kind == "segm" else None
    for i, label in enumerate(prediction["labels"]):
        row = {"image_id": image, "category_id": int(label), "score": float(prediction["scores"][i])}
        if kind == "bbox":
            row["bbox"] = xywh(prediction["boxes"][i])
        elif kind == "segm":
            row["segmentation"] = rle.encode(np.asfortranarray(masks[i], "uint8"))
        else:
            row["keypoints"] = prediction["keypoints"][i].astype(float).ravel().tolist()
        yield row


def figures(pictures, num_classes, kind, size=(480, 640), sigmas=None):
    """Measures `(prediction, example)` pairs, of which there is at least one detection.

    Returns:
        A dict of the figures that the server tells, `None` for its -1, and "ap/<number of the class>".
    """
    images = [{"id": i, "height": size[0], "width": size[1]} for i in range(len(pictures))]
    truths = [row for i, (_, example) in enumerate(pictures) for row in truths_of(i, example, kind, size)]
    results = [row for i, (found, _) in enumerate(pictures) for row in results_of(i, found, kind, size)]
    truth = COCO()
    truth.dataset = {"images": images, "categories": [{"id": i} for i in range(num_classes)]}
    truth.dataset["annotations"] = [{**row, "id": number} for number, row in enumerate(truths, 1)]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        counted = COCOeval(truth, truth.loadRes(results), kind)
        if sigmas is not None:
            counted.params.kpt_oks_sigmas = np.array(sigmas)
        counted.evaluate()
        counted.accumulate()
        counted.summarize()
    found = dict(zip(FIGURES[kind], counted.stats.tolist(), strict=True))
    for number in range(num_classes):
        precision = counted.eval["precision"][:, :, number, 0, -1]
        found[f"ap/{number}"] = precision[precision > -1].mean() if (precision > -1).any() else -1
    return {name: None if value == -1 else value for name, value in found.items() if name is not None}
