"""Shapes that people draw, as polygons `[x, y, x, y ...]`."""

import math

import numpy as np

CORNERS = 72
"""Of the polygon that stands for a circle."""


def polygon(points):
    """Returns the polygon of points `(N, 2)`; raises `ValueError` below 3."""
    if len(points) < 3:
        raise ValueError(f"is a polygon of {len(points)} points, and takes 3 or more")
    return [value for point in points for value in point]


def rectangle(x1, y1, x2, y2):
    """Returns the polygon of a rectangle, of any two opposite corners."""
    return [x1, y1, x2, y1, x2, y2, x1, y2]


def ellipse(x, y, radius_x, radius_y, turned=0.0):
    """Returns the polygon of an ellipse, `turned` by an angle in radians; raises `ValueError` if it has no area."""
    if not (radius_x > 0 and radius_y > 0):
        raise ValueError(f"is an ellipse of radii {radius_x:g} and {radius_y:g}")
    angles = np.arange(CORNERS) * 2 * np.pi / CORNERS
    along, across = radius_x * np.cos(angles), radius_y * np.sin(angles)
    cosine, sine = math.cos(turned), math.sin(turned)
    return np.stack([x + along * cosine - across * sine, y + along * sine + across * cosine], 1).ravel().tolist()


def box_around(outline):
    """Returns the box xyxy around polygons."""
    points = np.concatenate([np.reshape(part, (-1, 2)) for part in outline])
    return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
