"""Identities of the objects of a video, by the `supervision` library, and their drawing.

`trackers`, which is to follow its ByteTrack, brings opencv-python over our opencv-contrib-python-headless: selective
search would be gone.
"""

import warnings

import numpy as np

from zoo.drawing.colours import palette
from zoo.drawing.shapes import draw_boxes, draw_masks, draw_skeleton
from zoo.errors import InputError
from zoo.prediction import name_of

METHODS = ("bytetrack",)
LOW, NEW = 0.1, 0.1
"""Score down to which a known object is followed, and by how much more than ByteTrack's threshold a new one needs, as
in its own code."""
USUAL_RATE = 30.0
COLOURS = 24


class Tracks:
    """Follows objects from frame to frame, whatever their class; makes each frame's after those of the one before.

    Args:
        method: a name of `METHODS`.
        score: from which an object that nobody followed is a new one, 0-1.
        rate: frames a second, or `None`: an object that is lost for a second is forgotten.

    Raises:
        InputError: if the method is unknown, or the extra `track` is not installed.
    Source: Zhang et al. 2022, arXiv:2110.06864.
    """

    def __init__(self, method, score, rate):
        if method not in METHODS:
            raise InputError(f"--track knows {', '.join(METHODS)}, received {method!r}")
        from supervision import ByteTrack

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of its later version, which the extra leaves out
            self.tracker = ByteTrack(
                max(LOW, score - NEW), frame_rate=rate or USUAL_RATE, minimum_consecutive_frames=2
            )

    def __call__(self, objects):
        """Returns `(K,)` identities from 1 of a frame's objects, 0 of those that are none yet: seen once, or unsure.

        Args:
            objects: dict of `boxes (K, 4)`, `scores (K,)`.
        """
        import supervision

        tracks = np.zeros(len(objects["scores"]), int)
        given = np.flatnonzero(objects["scores"] >= LOW)
        detections = supervision.Detections(
            xyxy=np.asarray(objects["boxes"], "float64")[given],
            confidence=np.asarray(objects["scores"])[given],
            data={"row": given},
        )
        followed = self.tracker.update_with_detections(detections)
        if len(followed):
            tracks[followed.data["row"]] = followed.tracker_id
        return tracks


def draw_tracks(image, seen, tracks, class_names=(), skeleton=()):
    """Draws objects in the colours of their identities, with these before their names.

    Args:
        image: `(H, W, 3)` uint8.
        seen: targets of a detector, see `zoo.drawing.depict.found_in`.
        tracks: `(K,)` identities, 0 for none.
        class_names: names of the labels.
        skeleton: pairs of keypoints to join.
    Returns:
        `(H, W, 3)` uint8.
    """
    colours = palette(COLOURS)[np.asarray(tracks, int) % COLOURS]
    names = [
        f"#{track} {name_of(class_names, label)}" if track else "?"
        for track, label in zip(tracks, seen["labels"], strict=True)
    ]
    if "masks" in seen:
        image = draw_masks(image, seen["masks"], colours)
    image = draw_boxes(image, seen["boxes"], np.arange(len(names)), names, seen["scores"], colours)
    for points in seen.get("keypoints", ()):
        image = draw_skeleton(image, points, skeleton)
    return image
