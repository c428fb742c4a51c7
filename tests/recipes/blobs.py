"""A detector that knows red and green things on black by their colour, and pictures and videos of such."""

from types import SimpleNamespace

import cv2
import numpy as np

RED, GREEN = (230, 0, 0), (0, 230, 0)
ROWS = 12


def found(image):
    """Returns the connected red (0) and green (1) things of a picture: the larger, the higher its score."""
    objects = []
    for label in (0, 1):
        count, _, stats, _ = cv2.connectedComponentsWithStats((image[..., label] > 120).astype(np.uint8))
        for x, y, width, height, area in stats[1:count]:
            objects.append((area / (area + 40), label, [x, y, x + width, y + height]))
    objects.sort(key=lambda one: -one[0])
    boxes, scores, labels = np.zeros((ROWS, 4), np.float32), np.zeros(ROWS, np.float32), np.full(ROWS, -1, np.int32)
    for row, (score, label, box) in enumerate(objects):
        boxes[row], scores[row], labels[row] = box, score, label
    return {"boxes": boxes, "scores": scores, "labels": labels, "count": np.int32(len(objects))}


def detector(**attributes):
    """Returns a predictor for `detection`; pictures of any size, as they are."""
    known = {
        "task": "detection",
        "names": (),
        "class_names": ("red", "green"),
        "keypoint_names": (),
        "skeleton": (),
        "sides": None,
        "image_size": (None, None),
        "network_size": (None, None),
        "frame_size": None,
        "predict_each": lambda images: map(found, images),
    }
    return SimpleNamespace(**{**known, **attributes})


def picture(size, *things):
    """Returns a black `(height, width, 3)` picture with things `(colour, (x1, y1, x2, y2))` on it."""
    image = np.zeros((*size, 3), np.uint8)
    for colour, (x1, y1, x2, y2) in things:
        image[y1:y2, x1:x2] = colour
    return image


def moving(number, size=(48, 64)):
    """Returns frame `number` of a scene in which a red thing goes right and a green one goes left, below it."""
    right, left = 2 + 2 * number, size[1] - 14 - 2 * number
    return picture(size, (RED, (right, 4, right + 12, 16)), (GREEN, (left, 28, left + 10, 38)))


def write_video(path, frames, rate=10.0, codec="MJPG"):
    """Writes RGB frames as a video, and returns its path."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), rate, (width, height))
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def read_video(path):
    """Returns the RGB frames of a video, and its rate."""
    capture, frames = cv2.VideoCapture(str(path)), []
    rate = capture.get(cv2.CAP_PROP_FPS)
    while True:
        whole, frame = capture.read()
        if not whole:
            capture.release()
            return frames, rate
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
