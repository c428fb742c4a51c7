import numpy as np
import pytest

from recipes.data.sources.outlines import encoded_masks
from recipes.evaluation.metrics.instance_segmentation import Evaluator

SIZE = (40, 60)


def full(*boxes):
    """Returns the masks that fill boxes of whole pixels, `(N, 40, 60)`."""
    masks = np.zeros((len(boxes), *SIZE), "uint8")
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[y1:y2, x1:x2] = 1
    return masks


def objects(boxes, masks=None, **others):
    found = {"boxes": np.array(boxes, "float32").reshape(-1, 4), "labels": np.zeros(len(boxes), "int32")}
    runs = encoded_masks(full(*boxes) if masks is None else np.array(masks))
    return found | {"image": np.zeros((*SIZE, 3), "uint8"), "runs": runs} | others


def detections(boxes, masks, scores):
    found = {"boxes": np.array(boxes, "float32").reshape(-1, 4), "labels": np.zeros(len(boxes), "int32")}
    return found | {"masks": np.array(masks), "scores": np.array(scores, "float32")}


def measured(*pictures):
    evaluator = Evaluator(["cell"])
    for prediction, example in pictures:
        evaluator.update(prediction, example)
    return evaluator.scores()


def half(side=20):
    """A mask of a cell a pixel, in which the left 12 of 20 columns are inside."""
    mask = np.zeros((side, side), "float32")
    mask[:, :12] = 0.9
    return mask


def test_masks_and_boxes_are_measured_apart_by_hand():
    """The box is right, the mask covers 12 of 20 columns: IoU 0.6 is a hit at 0.50, 0.55 and 0.60."""
    scores = measured((detections([[10, 5, 30, 25]], [half()], [0.9]), objects([[10, 5, 30, 25]])))
    assert scores["ap"] == 1 and scores["mask_ap"] == pytest.approx(0.3)
    assert scores["mask_ap50"] == scores["mask_ap50/cell"] == 1 and scores["mask_ap75"] == 0
    assert list(scores)[:4] == ["mask_ap", "mask_ap50", "mask_ap75", "mask_ap_small"]
    assert list(scores).index("mask_ap50/cell") < list(scores).index("ap") < list(scores).index("ap50/cell")


def test_a_mask_with_a_hole_and_two_parts_is_measured_as_it_is():
    mask = full([5, 5, 45, 35])
    mask[0, 10:30, 15:25] = mask[0, :, 30:34] = 0
    box = [[5, 5, 45, 35]]
    exact = np.kron(mask[0, 5:35, 5:45], np.ones((4, 3)))  # 120 x 120 cells: 4 a pixel down, 3 across
    scores = measured((detections(box, [exact], [0.9]), objects(box, mask)))
    assert scores["mask_ap"] == scores["ap"] == 1
    filled = measured((detections(box, [np.ones((28, 28))], [0.9]), objects(box, mask)))
    # 1200 pixels of the box, 200 of them in the hole and 120 between the parts: IoU 880 / 1200 = 0.733.
    assert filled["mask_ap"] == pytest.approx(0.5) and filled["ap"] == 1


def test_a_crowd_swallows_the_masks_within_it():
    crowd, cell = [0, 0, 40, 40], [44, 4, 54, 24]
    first = np.array([True, False])
    truth = objects([crowd, cell], ignored=first, crowds=first)
    found = detections([[2, 2, 12, 12], [20, 20, 30, 30], cell], np.ones((3, 28, 28)), [0.9, 0.8, 0.7])
    scores = measured((found, truth))
    assert scores["mask_ap"] == scores["ap"] == 1
    difficult = measured((found, objects([crowd, cell], ignored=first)))
    wrong = measured((found, objects([cell])))
    assert difficult["mask_ap"] == difficult["ap"] == pytest.approx(1 / 3)
    assert wrong["mask_ap"] == pytest.approx(1 / 3)


def test_an_object_without_pixels_is_missed():
    box = [[5, 5, 45, 35]]
    scores = measured((detections(box, np.ones((1, 28, 28)), [0.9]), objects(box, np.zeros((1, *SIZE)))))
    assert scores["mask_ap"] == 0 and scores["ap"] == 1


def test_nothing_found_and_nothing_to_find():
    none = detections([], np.zeros((0, 28, 28)), [])
    missed = measured((none, objects([[5, 5, 45, 35]])))
    assert missed["mask_ap"] == missed["mask_ar100"] == 0
    false = measured((detections([[5, 5, 45, 35]], np.ones((1, 28, 28)), [0.9]), objects([])), (none, objects([])))
    assert set(false.values()) == {None}


def test_empty_rows_and_boxes_without_area_do_not_matter():
    box = [10, 5, 30, 25]
    padded = detections([box, [7, 7, 7, 9], [0, 0, 0, 0]], np.ones((3, 28, 28)), [0.9, 0.8, 0])
    padded["labels"][2] = -1
    assert measured((padded, objects([box])))["mask_ap"] == 1


def test_masks_are_kept_as_run_lengths():
    evaluator = Evaluator(["cell"])
    evaluator.update(detections([[10, 5, 30, 25]], [half()], [0.9]), objects([[10, 5, 30, 25]]))
    (pair,) = evaluator.pictures
    for rows in pair:
        (mask,) = rows["masks"]
        assert mask["size"] == [40, 60] and isinstance(mask["counts"], str)
