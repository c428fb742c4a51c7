"""From boxes with a score a class to detections: non-maximum suppression, class by class. NumPy alone."""

import numpy as np

CANDIDATES = 5000  # the best pairs of box and class that are looked at


def suppress(boxes, scores, score_threshold, iou_threshold, max_detections):
    """Keeps of the boxes of one class that overlap the best one, and of all classes the best ones.

    Args:
        boxes: `(N, 4)` float32 x1, y1, x2, y2 in pixels.
        scores: `(N, C)` float32.
        score_threshold: pairs of box and class with this score or less are dropped.
        iou_threshold: a pair is dropped if it overlaps a better one of its class by more than this.
        max_detections: K, rows of the result.
    Returns:
        Dict of `boxes (K, 4)` and `scores (K,)` falling, 0 in empty rows, `labels (K,)`, -1 there, and `count ()`.
    """
    pairs = np.argsort(-scores, axis=None, kind="stable")[:CANDIDATES]
    pairs = pairs[scores.ravel()[pairs] > score_threshold]
    rows, classes = np.unravel_index(pairs, scores.shape)
    x1, y1, x2, y2 = boxes[rows].T
    area = (x2 - x1) * (y2 - y1)
    waiting, kept = np.arange(len(pairs)), []
    while len(waiting) and len(kept) < max_detections:
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        width = np.minimum(x2[best], x2[waiting]) - np.maximum(x1[best], x1[waiting])
        height = np.minimum(y2[best], y2[waiting]) - np.maximum(y1[best], y1[waiting])
        common = np.maximum(width, 0) * np.maximum(height, 0)
        overlap = common / np.maximum(area[best] + area[waiting] - common, 1e-12)
        waiting = waiting[(classes[best] != classes[waiting]) | (overlap <= iou_threshold)]
    found = {
        "boxes": np.zeros((max_detections, 4), np.float32),
        "scores": np.zeros(max_detections, np.float32),
        "labels": np.full(max_detections, -1, np.int32),
        "count": np.int32(len(kept)),
    }
    found["boxes"][: len(kept)] = boxes[rows[kept]]
    found["scores"][: len(kept)] = scores.ravel()[pairs[kept]]
    found["labels"][: len(kept)] = classes[kept]
    return found
