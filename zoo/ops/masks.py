"""Masks in NumPy: their intersection over union, and those of boxes pasted into a picture."""

import numpy as np

from zoo.constants import VOID


def iou(truth, prediction, void=VOID):
    """Measures how well two binary masks overlap: `TP / (TP + FP + FN)`.

    Args:
        truth: `(...)` numbers or bools; 0 is background, `void` is left out, all else is the object.
        prediction: the same shape; 0 is background, all else is the object.
        void: the value of `truth` whose pixels do not count.
    Returns:
        A float 0..1, `None` where neither mask has the object.
    Raises:
        ValueError: if the shapes differ (the message shows both).
    Source: Everingham et al. 2010, "The PASCAL Visual Object Classes Challenge", section 4.4.
    """
    truth, prediction = labelled(truth, prediction, void)
    truth, prediction = truth != 0, prediction != 0
    union = np.sum(truth | prediction)
    return float(np.sum(truth & prediction) / union) if union else None


def class_iou(truth, prediction, num_classes, void=VOID):
    """Measures the overlap of each class in two label maps.

    Args:
        truth: `(...)` integers; `void` is left out.
        prediction: the same shape, integers.
        num_classes: number of classes C.
        void: the value of `truth` whose pixels do not count.
    Returns:
        List of C floats 0..1, `None` for a class that is neither true nor predicted.
    Raises:
        ValueError: if the shapes differ (the message shows both).
    """
    truth, prediction = labelled(truth, prediction, void)
    return [iou(truth == c, prediction == c) for c in range(num_classes)]


def labelled(truth, prediction, void):
    """Returns the pixels of both where `truth` is not `void`, `(N,)` each."""
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise ValueError(f"masks take one shape, received {truth.shape} and {prediction.shape}")
    known = truth != void
    return truth[known], prediction[known]


def paste(masks, boxes, size, threshold=0.5):
    """Resamples the masks of boxes into a picture.

    A mask is a grid of cells over its box, with zeros around it. It is read bilinearly at the centres of the
    picture's pixels. A box without area has an empty mask; what lies outside the picture is cut off.

    Args:
        masks: `(K, m, m)` numbers, probabilities or 0 and 1.
        boxes: `(K, 4)` xyxy, pixels.
        size: `(H, W)` of the picture, pixels.
        threshold: the least probability inside a mask; `None` leaves the probabilities as they are.
    Returns:
        `(K, H, W)` bool, float32 without a threshold.
    Raises:
        ValueError: if there is not one mask a box (the message shows both shapes).
    Source: He et al. 2017, arXiv:1703.06870, section 3.1; as Detectron2's `paste_masks_in_image` and, but for its
        rounding of boxes to whole pixels, torchvision's, which pads masks by a cell of zeros.
    """
    masks, boxes = np.asarray(masks, "float32"), np.asarray(boxes, "float64")
    if masks.ndim != 3 or boxes.shape != (len(masks), 4):
        raise ValueError(f"paste takes (K, m, m) masks and (K, 4) boxes, received {masks.shape} and {boxes.shape}")
    pasted = np.zeros((len(masks), *size), "float32" if threshold is None else bool)
    for mask, box, picture in zip(masks, boxes, pasted, strict=True):
        part, read = paste_part(mask, box, size)
        picture[part] = read if threshold is None else read >= threshold
    return pasted


def paste_part(mask, box, size):
    """Returns the part of a picture that one mask reaches, two slices, and what is read there; see `paste`.

    Args:
        mask: `(m, m)` float32.
        box: `(4,)` float64 xyxy, pixels.
        size: `(H, W)` of the picture, pixels.
    """
    x1, y1, x2, y2 = box
    if not (x2 > x1 and y2 > y1):
        return (slice(0), slice(0)), np.zeros((0, 0), "float32")
    rows, above, down = _neighbours(y1, y2, mask.shape[0], size[0])
    columns, before, right = _neighbours(x1, x2, mask.shape[1], size[1])
    cells, down = np.pad(mask, 1), down[:, None]
    read = cells[above] * (1 - down) + cells[above + 1] * down
    return (rows, columns), read[:, before] * (1 - right) + read[:, before + 1] * right


def _neighbours(start, stop, cells, length):
    """Finds between which cells, a zero before them and one behind, the pixels lie that a row of cells reaches.

    Returns:
        The slice of the pixels, and of each the number of the cell before it and the share of the one after that.
    """
    cell = (stop - start) / cells
    first, last = np.clip([np.floor(start - cell), np.ceil(stop + cell)], 0, length).astype(int)
    at = np.clip((np.arange(first, last) + 0.5 - start) / cell + 0.5, 0, cells + 1)
    before = np.minimum(at.astype(int), cells)
    return slice(first, last), before, (at - before).astype("float32")
