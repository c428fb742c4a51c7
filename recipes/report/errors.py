"""What a model got wrong in a picture, drawn on the picture in grey."""

import numpy as np
from PIL import Image

from zoo.constants import VOID
from zoo.detection.average_precision import IOU, NOT_COUNTED, RIGHT, match
from zoo.drawing.shapes import draw_boxes, draw_lines, draw_masks
from zoo.errors import InputError
from zoo.ops.boxes_numpy import iou
from zoo.ops.objects_numpy import crowds, ignored

# Of boxes, from Okabe and Ito's colours, which differ for all readers; a wrong pixel or point is red.
MATCHED, FALSE, MISSED = (0, 158, 115), (213, 94, 0), (240, 228, 66)
WRONG = (213, 40, 40)


def meanings(samples):
    """Returns what the colours of boxes mean, `(words, colour)` pairs; `()` where no sample has boxes."""
    if not any("boxes" in sample.prediction for sample in samples):
        return ()
    return ("matched", MATCHED), ("false", FALSE), ("missed", MISSED)


def draw_errors(sample):
    """Draws the errors of a `Sample` with ground truth.

    Returns:
        `(H, W, 3)` uint8, in grey; wrong pixels in red; boxes that match an object of their class at IoU 0.5, false
        ones and missed objects each in a colour of their own, with their masks; a red line from each true point to
        the predicted one.
    Raises:
        InputError: if two label maps differ in size.
    """
    grey = np.asarray(Image.fromarray(sample.image).convert("L"))
    drawn = np.repeat(grey[..., None] // 2 + 96, 3, axis=-1)
    if "segmentation" in sample.prediction:
        drawn[wrong_pixels(sample)] = WRONG
    if "boxes" in sample.prediction:
        rows, colours = judged(sample.truth, sample.prediction)
        if "masks" in rows:
            drawn = draw_masks(drawn, rows["masks"], colours)
        drawn = draw_boxes(drawn, rows["boxes"], colours=colours)
    if "keypoints" in sample.prediction:
        for true, found in point_pairs(sample.truth, sample.prediction):
            known = (true[:, 2] > 0) & (found[:, 2:] > 0).all(axis=-1)
            drawn = draw_lines(drawn, true[known, :2], found[known, :2], [WRONG] * int(known.sum()))
    return drawn


def wrong_pixels(sample):
    """Returns `(H, W)` bool: labelled, but not as predicted."""
    truth, found = sample.truth["segmentation"], sample.prediction["segmentation"]
    if np.shape(truth) != np.shape(found):
        raise InputError(
            f"sample {sample.name}: ground truth {np.shape(truth)} and prediction {np.shape(found)} differ in size"
        )
    return (truth != found) & (truth != VOID)


def judged(truth, found):
    """Judges each box found and each true one that was not.

    Args:
        truth: targets with boxes, see `zoo.drawing.depict`.
        found: the same, by falling score.
    Returns:
        A dict of P rows of `boxes` and, if there are any, `masks`, and their P colours; detections that are not
        counted and ignored objects are left out.
    """
    rows, colours = {key: [found[key][:0]] for key in ("boxes", "masks") if key in found}, []
    left_out, many = ignored(truth), crowds(truth)
    for label in np.union1d(truth["labels"], found["labels"]):
        ours, theirs = found["labels"] == label, truth["labels"] == label
        verdicts, hit = match(found["boxes"][ours], truth["boxes"][theirs], left_out[theirs], many[theirs])
        counted, missed = verdicts != NOT_COUNTED, ~hit & ~left_out[theirs]
        for key, parts in rows.items():
            parts += [found[key][ours][counted], truth[key][theirs][missed]]
        colours += [MATCHED if verdict == RIGHT else FALSE for verdict in verdicts[counted]] + [MISSED] * missed.sum()
    return {key: np.concatenate(parts) for key, parts in rows.items()}, colours


def point_pairs(truth, found):
    """Returns pairs of true and predicted keypoints: of the one object, or of those whose class and box agree."""
    if "boxes" not in found:
        return list(zip(truth["keypoints"], found["keypoints"], strict=False))
    overlaps = iou(found["boxes"], truth["boxes"]) * (found["labels"][:, None] == truth["labels"])
    found_again = zip(overlaps, found["keypoints"], strict=True)
    return [(truth["keypoints"][row.argmax()], points) for row, points in found_again if row.max(initial=0) >= IOU]
