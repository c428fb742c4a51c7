"""Boxes as tensors `(..., N, 4)`: formats, overlap, clipping, and offsets from anchors.

Unless a function says otherwise boxes are float32, xyxy, in pixels, with continuous coordinates: width = x2 - x1.
"""

from keras import ops

from zoo.errors import InputError

# Largest log of a width's ratio that `decode` follows: 1000 / 16, as in Detectron, so that exp() stays finite.
LARGEST_LOG_RATIO = 4.135166556742356


def from_xyxy(box):
    """Returns the four coordinates as they are."""
    return box


def to_yxyx(box):
    """Changes the places of x and y, either way."""
    a, b, c, d = box
    return b, a, d, c


def to_xywh(box):
    """Corners to left, top, width, height."""
    x1, y1, x2, y2 = box
    return x1, y1, x2 - x1, y2 - y1


def from_xywh(box):
    """Left, top, width, height to corners."""
    x, y, width, height = box
    return x, y, x + width, y + height


def to_center_xywh(box):
    """Corners to centre, width, height."""
    x1, y1, x2, y2 = box
    return (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1


def from_center_xywh(box):
    """Centre, width, height to corners."""
    x, y, width, height = box
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


# To and from xyxy by Keras's names; each but "center_yxhw" also exists relative to the picture: "rel_xyxy" ...
FORMATS = {
    "xyxy": (from_xyxy, from_xyxy),
    "yxyx": (to_yxyx, to_yxyx),
    "xywh": (from_xywh, to_xywh),
    "center_xywh": (from_center_xywh, to_center_xywh),
    "center_yxhw": (lambda box: from_center_xywh(to_yxyx(box)), lambda box: to_yxyx(to_center_xywh(box))),
}


def convert(boxes, source, target, size=None):
    """Converts between Keras's formats.

    Args:
        boxes: `(..., 4)` float.
        source: a name of `FORMATS`, "rel_" before it where coordinates are fractions of the picture.
        target: likewise.
        size: `(height, width)` of the picture in pixels; needed where just one of the two is relative.
    Returns:
        `(..., 4)` float.
    Raises:
        InputError: if a format is unknown, the size is missing, or the last dimension is not 4.
    """
    relative = [name.startswith("rel_") for name in (source, target)]
    for name in (source, target):
        if name.removeprefix("rel_") not in FORMATS or name == "rel_center_yxhw":
            raise InputError(f"unknown box format {name!r}: choose among {', '.join(FORMATS)}, or rel_ before one")
    boxes = check(boxes)
    if relative[0] != relative[1]:
        if size is None:
            raise InputError(f"boxes from {source} to {target} need size=(height, width) of the picture")
        height, width = size
        scale = ops.cast(ops.stack([width, height, width, height]), "float32")
    corners = ops.stack(FORMATS[source.removeprefix("rel_")][0](unstacked(boxes)), axis=-1)
    if relative[0] != relative[1]:
        corners = corners * scale if relative[0] else corners / scale
    return ops.stack(FORMATS[target.removeprefix("rel_")][1](unstacked(corners)), axis=-1)


def check(boxes):
    """Returns boxes as a float32 tensor.

    Raises:
        InputError: if the last dimension is not 4.
    """
    boxes = ops.cast(boxes, "float32")
    if not boxes.shape or boxes.shape[-1] != 4:
        raise InputError(f"boxes have the shape (..., 4), received {tuple(boxes.shape)}")
    return boxes


def unstacked(boxes):
    """Returns the four coordinates `(...)`."""
    return tuple(boxes[..., i] for i in range(4))


def area(boxes):
    """Returns `(...)`, 0 for a box whose sides are turned round."""
    x1, y1, x2, y2 = unstacked(check(boxes))
    return ops.maximum(x2 - x1, 0.0) * ops.maximum(y2 - y1, 0.0)


def at_least(boxes, side):
    """Returns `(...)` bool, which boxes are no narrower and no lower than `side`, in pixels."""
    x1, y1, x2, y2 = unstacked(boxes)
    return ops.logical_and(x2 - x1 >= side, y2 - y1 >= side)


def iou(a, b):
    """Intersection over union of every pair.

    Args:
        a: `(..., N, 4)`.
        b: `(..., M, 4)`.
    Returns:
        `(..., N, M)`; 0 where both boxes are empty.
    """
    return ratio(*intersection_and_union(check(a)[..., :, None, :], check(b)[..., None, :, :]))


def iou_aligned(a, b):
    """Intersection over union of box with box: `(..., N, 4)` twice to `(..., N)`."""
    return ratio(*intersection_and_union(check(a), check(b)))


def intersection_and_union(a, b):
    """Returns both areas of boxes `(..., 4)` of shapes that broadcast."""
    left_top = ops.maximum(a[..., :2], b[..., :2])
    right_bottom = ops.minimum(a[..., 2:], b[..., 2:])
    sides = ops.maximum(right_bottom - left_top, 0.0)
    intersection = sides[..., 0] * sides[..., 1]
    return intersection, area(a) + area(b) - intersection


def ratio(part, whole):
    """Returns `part / whole`, 0 where the whole is empty."""
    return part / ops.maximum(whole, 1e-9)


def clip(boxes, size):
    """Cuts boxes at the picture's border.

    Args:
        boxes: `(..., 4)`.
        size: `(height, width)` in pixels.
    Returns:
        `(..., 4)`.
    """
    height, width = size
    limits = ops.cast(ops.stack([width, height, width, height]), "float32")
    return ops.minimum(ops.maximum(check(boxes), 0.0), limits)


def encode(anchors, boxes):
    """Finds the offsets that move anchors onto boxes.

    Args:
        anchors: `(..., N, 4)`, sides above 0.
        boxes: `(..., N, 4)`, sides above 0.
    Returns:
        `(..., N, 4)` float32 `(tx, ty, tw, th)`, unitless.
    Source: Girshick et al. 2014, arXiv:1311.2524, appendix C.
    """
    ax, ay, aw, ah = to_center_xywh(unstacked(check(anchors)))
    x, y, w, h = to_center_xywh(unstacked(check(boxes)))
    return ops.stack([(x - ax) / aw, (y - ay) / ah, ops.log(w / aw), ops.log(h / ah)], axis=-1)


def decode(anchors, deltas):
    """Moves anchors by predicted offsets.

    Args:
        anchors: `(..., N, 4)`.
        deltas: `(..., N, 4)` float32 `(tx, ty, tw, th)`, unitless.
    Returns:
        `(..., N, 4)`, not clipped.
    Source: Girshick et al. 2014, arXiv:1311.2524, appendix C.
    """
    ax, ay, aw, ah = to_center_xywh(unstacked(check(anchors)))
    tx, ty, tw, th = unstacked(check(deltas))
    width = aw * ops.exp(ops.minimum(tw, LARGEST_LOG_RATIO))
    height = ah * ops.exp(ops.minimum(th, LARGEST_LOG_RATIO))
    return ops.stack(from_center_xywh((ax + tx * aw, ay + ty * ah, width, height)), axis=-1)
