"""What a model got wrong in a picture, drawn on the picture in grey."""

import numpy as np
from PIL import Image

from recipes.drawing import VOID, draw_boxes, draw_lines
from recipes.metrics.objects import ignored
from zoo.detection.average_precision import NOT_COUNTED, RIGHT, match
from zoo.errors import InputError

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
        ones and missed objects each in a colour of their own; a red line from each true point to the predicted one.
    Raises:
        InputError: if two label maps differ in size.
    """
    grey = np.asarray(Image.fromarray(sample.image).convert("L"))
    drawn = np.repeat(grey[..., None] // 2 + 96, 3, axis=-1)
    if "segmentation" in sample.prediction:
        drawn[wrong_pixels(sample)] = WRONG
    elif "boxes" in sample.prediction:
        boxes, colours = judged(sample.truth, sample.prediction)
        drawn = draw_boxes(drawn, boxes, colours=colours)
    else:
        for true, found in zip(sample.truth["keypoints"], sample.prediction["keypoints"], strict=False):
            known = true[:, 2] > 0
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
        truth: dict of `boxes` `(N, 4)`, `labels` `(N,)` and perhaps `ignored` `(N,)`.
        found: dict of `boxes` `(M, 4)` by falling score and `labels` `(M,)`.
    Returns:
        `(P, 4)` boxes and their P colours; detections that are not counted and ignored objects are left out.
    """
    boxes, colours = [], []
    left_out = ignored(truth)
    for label in np.union1d(truth["labels"], found["labels"]):
        ours, theirs = found["boxes"][found["labels"] == label], truth["labels"] == label
        verdicts, hit = match(ours, truth["boxes"][theirs], left_out[theirs])
        missed = truth["boxes"][theirs][~hit & ~left_out[theirs]]
        counted = verdicts != NOT_COUNTED
        boxes += [*ours[counted], *missed]
        colours += [MATCHED if verdict == RIGHT else FALSE for verdict in verdicts[counted]] + [MISSED] * len(missed)
    return np.array(boxes, "float32").reshape(-1, 4), colours
