import numpy as np

from recipes.training.rcnn.regions import Regions


def regions(objects, overlaps, boxes=None, matches=None, pictures=None):
    """`Regions` of which only some arrays matter."""
    count = len(objects)
    boxes = np.tile(np.float32([0, 0, 10, 10]), (count, 1)) if boxes is None else np.float32(boxes)
    return Regions(
        np.zeros(count, np.int32) if pictures is None else np.int32(pictures),
        boxes,
        np.int32(objects),
        np.float32(overlaps),
        boxes if matches is None else np.float32(matches),
    )
