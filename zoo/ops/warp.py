"""Regions of pictures, each warped to one square whatever its shape."""

from keras import ops

from zoo.backbones.normalization import IMAGENET_MEAN
from zoo.errors import InputError
from zoo.ops import boxes as box_ops


def warp_regions(images, boxes, pictures, *, size, context):
    """Cuts regions out of pictures and warps each to `size` x `size`, bilinearly, with some of what is around it.

    The region itself fills the square but for `context` pixels on each side, which show its surroundings at the same
    scale. What lies outside of the picture has ImageNet's mean colour.

    Args:
        images: `(B, H, W, 3)` RGB 0-255, uint8 or float.
        boxes: `(N, 4)` xyxy, pixels.
        pictures: `(N,)` int32, the picture each box lies in.
        size: pixels a side of the result.
        context: pixels a side of it that lie around the region.
    Returns:
        `(N, size, size, 3)` float32.
    Raises:
        InputError: if the context leaves no room for the region.
    Source: Girshick et al. 2014, arXiv:1311.2524, section 2.1 and appendix A: "warp", 227 pixels, p = 16.
    """
    if size <= 2 * context:
        raise InputError(f"a region needs size > 2 * context, received size={size} and context={context}")
    _, height, width, channels = ops.shape(images)
    x1, y1, x2, y2 = (edge[:, None] for edge in box_ops.unstacked(box_ops.check(boxes)))
    # 0 at the left or upper side of the box, 1 at the other; read at the centres of the result's pixels.
    places = (ops.arange(size, dtype="float32") + 0.5 - context) / (size - 2 * context)
    x, y = x1 + places * (x2 - x1), y1 + places * (y2 - y1)
    left, right, to_right = neighbours(x, width)
    top, bottom, downwards = neighbours(y, height)
    pixels = ops.reshape(images, (-1, channels))
    first = (ops.cast(pictures, "int32") * (height * width))[:, None, None]

    def read(rows, columns):
        return ops.cast(ops.take(pixels, first + rows[:, :, None] * width + columns[:, None, :], axis=0), "float32")

    to_right, downwards = to_right[:, None, :, None], downwards[:, :, None, None]
    upper = read(top, left) * (1.0 - to_right) + read(top, right) * to_right
    lower = read(bottom, left) * (1.0 - to_right) + read(bottom, right) * to_right
    inside = within(y, height)[:, :, None, None] * within(x, width)[:, None, :, None]
    warped = upper * (1.0 - downwards) + lower * downwards
    return warped * inside + (1.0 - inside) * ops.convert_to_tensor(IMAGENET_MEAN, "float32")


def neighbours(places, length):
    """Returns the pixels before and behind each place, and how far it lies from the first towards the second."""
    places = ops.clip(places - 0.5, 0.0, ops.cast(length - 1, "float32"))
    before = ops.floor(places)
    first = ops.cast(before, "int32")
    return first, ops.minimum(first + 1, length - 1), places - before


def within(places, length):
    """Returns 1 where a place lies in the picture, else 0."""
    return ops.cast((places >= 0.0) & (places <= ops.cast(length, "float32")), "float32")
