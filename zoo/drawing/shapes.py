"""Predictions and targets drawn on pictures: uint8 RGB `(H, W, 3)` in and out, none changed in place."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageDraw, ImageFont, ImageOps

from zoo.constants import VOID
from zoo.drawing.colours import palette
from zoo.errors import InputError, one_line
from zoo.given import OPENED, paths_in, remedy_of_one

__all__ = [
    "contact_sheet",
    "draw_boxes",
    "draw_lines",
    "draw_masks",
    "draw_points",
    "draw_skeleton",
    "overlay",
]

PAPER = (255, 255, 255)
INK = (34, 34, 34)


def overlay(image, classes, opacity=0.5):
    """Tints each pixel with the colour of its class.

    Args:
        image: `(H, W, 3)` uint8.
        classes: `(H, W)` integers 0-254; 255 is void and keeps the picture's own colour.
        opacity: share of the class colour, 0-1.
    Returns:
        `(H, W, 3)` uint8.
    Raises:
        InputError: if the sizes disagree or a class lies outside 0-255.
    """
    image, classes = checked(image), np.asarray(classes)
    if classes.shape != image.shape[:2] or not np.issubdtype(classes.dtype, np.integer):
        raise InputError(
            f"overlay takes integer classes of the picture's size {image.shape[:2]}, "
            f"received {classes.dtype} {classes.shape}"
        )
    if classes.size and not 0 <= classes.min() <= classes.max() <= VOID:
        raise InputError(f"overlay takes classes 0-255, received {classes.min()} to {classes.max()}")
    labelled = classes != VOID
    tinted = image.copy()
    tinted[labelled] = np.rint((1 - opacity) * image[labelled] + opacity * palette(VOID)[classes[labelled]])
    return tinted


def draw_boxes(image, boxes, labels=None, class_names=(), scores=None, colours=None):
    """Outlines boxes, each with its name and score on a tab.

    Args:
        image: `(H, W, 3)` uint8.
        boxes: `(N, 4)` xyxy, pixels; what lies outside the picture is cut off.
        labels: `(N,)` integers, -1 in an empty row, which is not drawn; `None` draws all boxes in one colour.
        class_names: names, index for index; a label beyond them shows its number.
        scores: `(N,)` floats, or `None`.
        colours: `(N, 3)` integers 0-255 instead of the labels' colours, or `None`.
    Returns:
        `(H, W, 3)` uint8.
    Raises:
        InputError: if the shapes disagree.
    """
    image = checked(image)
    boxes = _rows(boxes, (4,), "draw_boxes")
    for name, values in (("labels", labels), ("scores", scores), ("colours", colours)):
        if values is not None and len(values) != len(boxes):
            raise InputError(f"draw_boxes takes as many {name} as boxes, received {len(values)} for {len(boxes)}")
    canvas = Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    width = _stroke(canvas)
    # Scores fall along the rows, so the best box is drawn last, on top.
    for i in reversed(range(len(boxes))):
        label = 0 if labels is None else int(labels[i])
        if label < 0:
            continue
        colour = tuple(map(int, palette(label + 1)[label] if colours is None else colours[i]))
        words = []
        if labels is not None:
            words.append(str(class_names[label] if label < len(class_names) else label))
        if scores is not None:
            words.append(f"{scores[i]:.2f}")
        x1, y1, x2, y2 = boxes[i].tolist()
        draw.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=colour, width=width)
        if words:
            _tab(draw, x1, y1, " ".join(words), colour, size=8 + 3 * width)
    return np.asarray(canvas)


def draw_masks(image, masks, colours, opacity=0.4):
    """Tints the pixels of each mask and outlines them, within the mask; the first mask lies on top.

    Args:
        image: `(H, W, 3)` uint8.
        masks: `(N, H, W)` bool or 0 and 1.
        colours: `(N, 3)` integers 0-255.
        opacity: share of the colour inside of the outline, 0-1.
    Returns:
        `(H, W, 3)` uint8.
    Raises:
        InputError: if the shapes disagree.
    """
    drawn, masks = checked(image).copy(), np.asarray(masks, bool)
    if masks.shape != (len(colours), *drawn.shape[:2]):
        raise InputError(
            f"draw_masks takes {len(colours)} masks of the picture's size {drawn.shape[:2]}, received {masks.shape}"
        )
    width = _stroke(Image.fromarray(drawn))
    for mask, colour in zip(masks[::-1], np.asarray(colours)[::-1], strict=True):
        drawn[mask] = np.rint((1 - opacity) * drawn[mask] + opacity * colour)
        drawn[mask & ~_shrunk(mask, width)] = colour
    return drawn


def draw_points(image, points):
    """Draws each point as a ringed dot, in the colour of its index.

    Args:
        image: `(H, W, 3)` uint8.
        points: `(P, 2)` x, y in pixels, or `(P, 3)` with a visibility or score last: only where that is
            above 0 is the point drawn.
    Returns:
        `(H, W, 3)` uint8.
    Raises:
        InputError: if the points are not `(P, 2)` or `(P, 3)`.
    """
    image = checked(image)
    points = _rows(points, (2, 3), "draw_points")
    canvas = Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    radius = 1.5 * _stroke(canvas)
    for point, colour in zip(points, palette(len(points)), strict=True):
        if len(point) == 2 or point[2] > 0:
            draw.circle(tuple(point[:2].tolist()), radius, fill=tuple(colour.tolist()), outline=PAPER)
    return np.asarray(canvas)


def draw_skeleton(image, points, skeleton):
    """Draws the limbs between points, each in the colour of its place in the skeleton, and the points over them.

    Args:
        image: `(H, W, 3)` uint8.
        points: as `draw_points` takes them; a limb is drawn where both of its points are.
        skeleton: pairs of indices of points, from 0.
    Returns:
        `(H, W, 3)` uint8.
    Raises:
        InputError: if the points are not `(P, 2)` or `(P, 3)`, or a pair names a point that is not there.
    """
    points = _rows(points, (2, 3), "draw_skeleton")
    pairs = np.asarray(skeleton, int).reshape(-1, 2)
    if pairs.size and not 0 <= pairs.min() <= pairs.max() < len(points):
        raise InputError(f"draw_skeleton takes pairs of the {len(points)} points, received {pairs.tolist()}")
    drawn = np.ones(len(points), bool) if points.shape[-1] == 2 else points[:, 2] > 0
    both = drawn[pairs].all(axis=-1)
    limbs = draw_lines(image, points[pairs[both, 0], :2], points[pairs[both, 1], :2], palette(len(pairs))[both])
    return draw_points(limbs, points)


def draw_lines(image, starts, ends, colours):
    """Draws straight lines.

    Args:
        image: `(H, W, 3)` uint8.
        starts: `(N, 2)` x, y in pixels.
        ends: `(N, 2)` x, y in pixels.
        colours: `(N, 3)` integers 0-255.
    Returns:
        `(H, W, 3)` uint8.
    """
    canvas = Image.fromarray(checked(image))
    draw = ImageDraw.Draw(canvas)
    for start, end, colour in zip(starts, ends, colours, strict=True):
        draw.line((*map(float, start), *map(float, end)), fill=tuple(map(int, colour)), width=_stroke(canvas))
    return np.asarray(canvas)


def contact_sheet(images, columns=4, captions=None, cell=320):
    """Puts pictures of any sizes on one sheet, row by row, each scaled to its cell.

    Args:
        images: list of `(H, W, 3)` uint8 arrays.
        columns: pictures in a row.
        captions: a line under each picture, cut where it is too long; `None` for none.
        cell: longest side of a picture on the sheet, in pixels.
    Returns:
        `PIL.Image`.
    Raises:
        InputError: if there is no picture, or not one caption a picture.
    """
    images = [Image.fromarray(checked(image)) for image in images]
    if not images or columns < 1:
        raise InputError(f"contact_sheet takes pictures and columns, received {len(images)} and {columns}")
    if captions is not None and len(captions) != len(images):
        raise InputError(f"contact_sheet takes a caption a picture, received {len(captions)} for {len(images)}")
    images = [ImageOps.contain(image, (cell, cell)) for image in images]
    columns, gap, size = min(columns, len(images)), 12, 14
    font = _font(size)
    line = size + 8 if captions else 0
    width = max(image.width for image in images)
    starts = range(0, len(images), columns)
    heights = [max(image.height for image in images[i : i + columns]) for i in starts]
    sheet_size = (gap + columns * (width + gap), gap + sum(height + line + gap for height in heights))
    sheet = Image.new("RGB", sheet_size, PAPER)
    draw = ImageDraw.Draw(sheet)
    top = gap
    for start, height in zip(starts, heights, strict=True):
        for column, image in enumerate(images[start : start + columns]):
            left = gap + column * (width + gap)
            sheet.paste(image, (left + (width - image.width) // 2, top + (height - image.height) // 2))
            if captions:
                caption = _shorten(one_line(captions[start + column]), font, width)
                draw.text((left, top + height + 4), caption, fill=INK, font=font)
        top += height + line + gap
    return sheet


def checked(image):
    """Returns a uint8 `(H, W, 3)` picture, or raises `InputError` with what it is instead."""
    takes = "drawing takes a uint8 (H, W, 3) picture"
    if paths := paths_in(image):
        raise InputError(f"{takes}, received {paths}: give {OPENED}")
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise InputError(f"{takes}, received {image.dtype} {image.shape}{remedy_of_one(image)}")
    return image


def _rows(values, lengths, name):
    values = np.asarray(values, "float32")
    if values.ndim != 2 or values.shape[-1] not in lengths:
        shapes = " or ".join(f"(N, {length})" for length in lengths)
        raise InputError(f"{name} takes an array {shapes}, received {values.shape}")
    return values


def _shrunk(mask, width):
    """Returns a mask less the pixels at its rim; at the picture's border it has none."""
    for axis, rim in enumerate((((width, width), (0, 0)), ((0, 0), (width, width)))):
        mask = sliding_window_view(np.pad(mask, rim, mode="edge"), 1 + 2 * width, axis).all(axis=-1)
    return mask


def _stroke(canvas):
    """Returns a line width in pixels that looks the same on small and large pictures."""
    return max(1, round(max(canvas.size) / 250))


def _tab(draw, x, y, text, colour, size):
    """Writes text on a ground of `colour`, above `(x, y)`, or below it at the top of the picture."""
    font, text = _font(size), one_line(text)  # a name's line breaks cannot be drawn
    width, height = font.getlength(text) + 6, size + 4
    x, y = max(0, x), max(0, y - height)
    draw.rectangle((x, y, x + width, y + height), fill=colour)
    red, green, blue = colour
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > 128
    draw.text((x + 3, y + height / 2), text, fill=INK if bright else PAPER, font=font, anchor="lm")


def _shorten(text, font, width):
    """Cuts text from its end until it fits into `width` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


@lru_cache
def _font(size):
    # Matplotlib's copy of DejaVu Sans has the letters of many alphabets, Pillow's own font only Latin's. To find the
    # file, Matplotlib need not be loaded.
    matplotlib = find_spec("matplotlib")
    if matplotlib is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(Path(matplotlib.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf", size)
