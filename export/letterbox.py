"""Pictures of any size into a model's frame, and what it predicts there back into the picture."""

from dataclasses import dataclass

import numpy as np

from zoo.constants import PADDING
from zoo.errors import InputError, written


@dataclass(frozen=True)
class Placement:
    """Where a whole picture lies in the frame it was letterboxed into; all in pixels.

    Attributes:
        picture_size: `(height, width)` of the picture.
        frame_size: `(height, width)` of the frame.
        top: first row of the picture in the frame.
        left: first column.
        height: rows it takes there.
        width: columns it takes there.
    """

    picture_size: tuple[int, int]
    frame_size: tuple[int, int]
    top: int
    left: int
    height: int
    width: int

    def maps(self, values):
        """Cuts the padding off a map and scales the rest back to the picture, bilinearly.

        Args:
            values: `(h, w, C)` of the frame's size.
        Returns:
            `(H0, W0, C)` float32 of the picture's size; the input's own values where no scaling is needed.
        Raises:
            InputError: if the map has another size than the frame.
        """
        values = np.asarray(values, np.float32)
        if values.ndim != 3 or values.shape[:2] != self.frame_size:
            raise InputError(
                f"the model maps {written(self.frame_size)} pixels to {written(values.shape[:2])}: build it with "
                'padding="mirror", which covers the whole picture'
            )
        inside = values[self.top : self.top + self.height, self.left : self.left + self.width]
        return resize(inside, self.picture_size)

    def labels(self, values):
        """Cuts the padding off maps of numbers of classes `(K, h, w)`, and repeats or leaves out pixels of the rest.

        Returns:
            `(K, H0, W0)` of the picture's size, of the same type.
        """
        (height, width), shown = self.picture_size, (self.height, self.width)
        rows = self.top + ((np.arange(height) + 0.5) * shown[0] / height).astype(int)
        columns = self.left + ((np.arange(width) + 0.5) * shown[1] / width).astype(int)
        return np.asarray(values)[:, rows][:, :, columns]

    def boxes(self, boxes):
        """Brings `(..., 4)` xyxy boxes back to the picture, cut at its border; zeros of empty rows stay zeros."""
        return self.points(np.asarray(boxes).reshape(-1, 2)).reshape(np.shape(boxes))

    def points(self, points):
        """Brings `(..., 2)` points x, y back to the picture, cut at its border."""
        corner, shown = np.array([self.left, self.top]), np.array([self.width, self.height])
        size = np.array(self.picture_size[::-1])
        return np.clip((np.asarray(points, np.float64) - corner) * size / shown, 0, size).astype(np.float32)

    def to_frame(self, boxes):
        """Brings `(..., 4)` xyxy boxes of the picture into the frame, where `boxes` brings them back from."""
        corner, shown = np.array([self.left, self.top] * 2), np.array([self.width, self.height] * 2)
        size = np.array(self.picture_size[::-1] * 2)
        return (np.asarray(boxes, np.float64) * shown / size + corner).astype(np.float32)

    def keypoints(self, keypoints):
        """Brings `(..., 3)` x, y, score back as `points` does; the score stays, and so do zeros of empty rows."""
        return np.concatenate([self.points(keypoints[..., :2]), keypoints[..., 2:]], axis=-1)

    def masks(self, masks, boxes):
        """Reads masks anew where `boxes` cuts theirs at the picture's border, bilinearly.

        Args:
            masks: `(K, M, M)` float32, each over its box.
            boxes: `(K, 4)` xyxy, pixels of the frame.
        Returns:
            `(K, M, M)` float32, each over what is left of its box.
        """
        near = np.array([self.left, self.top])
        whole = np.asarray(boxes, np.float64).reshape(-1, 2, 2)
        rest = np.clip(whole, near, near + [self.width, self.height])
        masks = np.array(masks, np.float32)
        for row in np.flatnonzero((rest != whole).any((1, 2)) & (whole[:, 0] < whole[:, 1]).all(1)):
            for axis, side in ((0, 1), (1, 0)):  # the first axis of a mask is y, that of a corner x
                (start, end), (first, last) = whole[row, :, side], rest[row, :, side]
                length = masks.shape[1 + axis]
                places = first + (np.arange(length) + 0.5) * (last - first) / length
                masks[row] = between(masks[row], axis, (places - start) * length / (end - start) - 0.5)
        return masks


def fit(image, size, resizing="letterbox"):
    """Scales the whole picture into a frame and notes how to undo it.

    "letterbox" keeps the aspect and centres the picture on grey. Its pixels are those of training's letterbox
    (`recipes.data.transforms.letterbox`) to one grey level: bilinear, by mean over areas below half size. "stretch"
    fills the frame, bilinearly at any scale, as Darknet resized pictures for YOLO v1 and v2.

    Args:
        image: `(H0, W0, channels)` uint8.
        size: `(H, W)` of the frame.
        resizing: "letterbox" or "stretch".
    Returns:
        `(H, W, channels)` uint8 and a `Placement`.
    """
    picture, frame = np.array(image.shape[:2]), np.array(size)
    if resizing == "stretch":
        return resize(image, size).copy(), Placement(
            tuple(picture.tolist()), tuple(frame.tolist()), 0, 0, *frame.tolist()
        )
    # In float32 as there: a side may fall on half a pixel, and rounding must go the same way.
    factor = (frame.astype(np.float32) / picture.astype(np.float32)).min()
    filled = np.clip(np.round(picture.astype(np.float32) * factor), 1, frame).astype(int)
    top, left = (frame - filled + 1) // 2
    fitted = np.full((*size, image.shape[2]), PADDING, np.uint8)
    inside = fitted[top : top + filled[0], left : left + filled[1]]
    inside[:] = resize(image, filled.tolist(), by_area=(2 * filled < picture).any())
    return fitted, Placement(tuple(picture.tolist()), tuple(frame.tolist()), int(top), int(left), *filled.tolist())


def scaled(size, shorter, longest):
    """Returns the size of a picture scaled to a shorter side, or less, so that no side is longer than `longest`.

    Rounded down as torchvision's `GeneralizedRCNNTransform` does.
    """
    factor = min(shorter / min(size), longest / max(size))
    return tuple(max(1, int(side * factor)) for side in size)


def resize(values, size, by_area=False):
    """Resizes `(h, w, C)` to `size (H, W)`: bilinearly between the centres of pixels, or by means over areas."""
    if values.shape[:2] == tuple(size):
        return values
    import cv2

    method = cv2.INTER_AREA if by_area else cv2.INTER_LINEAR
    # OpenCV reads floats exactly by one channel, three or four, and drops the axis of a single one.
    threes = values.shape[2] // 3 * 3
    starts = [*range(0, threes, 3), *range(threes, values.shape[2])]
    parts = np.split(values, starts[1:], axis=2)
    resized = [cv2.resize(part, size[::-1], interpolation=method).reshape(*size, -1) for part in parts]
    return np.concatenate(resized, axis=2) if len(resized) > 1 else resized[0]


def between(values, axis, places):
    """Reads one axis at places counted in its pixels, 0 the centre of the first, linearly; beyond the ends, these."""
    count = values.shape[axis]
    centres = np.clip(places, 0, count - 1)
    low = centres.astype(int)
    share = (centres - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    below = values.take(low, axis).astype(np.float32)
    above = values.take(np.minimum(low + 1, count - 1), axis).astype(np.float32)
    above -= below  # in place: maps of whole photographs are large
    above *= share
    above += below
    return above
