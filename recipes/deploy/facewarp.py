"""Faces that smile, wonder or exaggerate themselves: landmarks moved, and the picture pulled after them.

Landmarks are moved in the face's own frame, so turned and distant faces are moved alike: its origin is between the
eyes, x runs from the right eye to the left one (to the right in the picture), their distance is the unit.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage.transform import PiecewiseAffineTransform, warp

from recipes.data import pictures
from zoo.errors import InputError
from zoo.files import replace_file

POINTS = 68
FOUND = 0.5
MARGIN = 0.5  # of the face's width and height, around it: what else of the picture is pulled along
GAP = 8


def facewarp(predictor, picture, output, *, expression="smile", strength=1.0):
    """Warps the face in a picture and writes it beside the original.

    Args:
        predictor: what `export.load` returns for a model of 68 landmarks.
        picture: the file to read.
        output: the .png or .jpg file to write: before and after, side by side.
        expression: a name of `EXPRESSIONS`.
        strength: 0 leaves the face as it is, 1 is a clear change, more is more.

    Returns:
        The warped picture, `(H, W, 3)` uint8.

    Raises:
        InputError: if the model, the expression or the name of the output is another, or no face is found.
    """
    if expression not in EXPRESSIONS:
        raise InputError(f"unknown expression {expression!r}: choose one of {', '.join(EXPRESSIONS)}")
    if Path(output).suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InputError(f"{output}: a .png or .jpg file is written, name it so")
    image = pictures.read(picture)
    if Path(output).exists() and Path(output).samefile(picture):
        raise InputError(f"{output} is the picture itself, which would be lost: name another file")
    points = find_face(predictor, image, picture)
    centre, turn = frame(points)
    face = (points - centre) @ turn.T
    moved = (face + strength * EXPRESSIONS[expression](face)) @ np.linalg.inv(turn).T + centre
    warped = pull(image, points, moved)
    between = np.full((image.shape[0], GAP, 3), 255, np.uint8)
    replace_file(output, Image.fromarray(np.hstack([image, between, warped])).save)
    return warped


def find_face(predictor, image, name):
    """Returns the 68 landmarks `(68, 2)` in pixels.

    Raises:
        InputError: if the model finds other points, or no face.
    """
    (found,) = predictor.predict_each([image])
    if predictor.task != "points" or len(found["points"]) != POINTS:
        raise InputError(f"facewarp takes a model that finds {POINTS} landmarks, such as landmarks_faces trains")
    points = found["points"].astype(float)
    if found["score"] < FOUND or np.linalg.norm(frame(points)[0] - points[36:42].mean(0)) < 0.5:
        raise InputError(f"{name}: no face found (score {found['score']:.2f}): crop the picture to one face")
    return points


def frame(points):
    """Returns the origin `(2,)` and the matrix `(2, 2)` that take landmarks to the face's frame."""
    right, left = points[36:42].mean(0), points[42:48].mean(0)
    x, y = left - right
    return (left + right) / 2, np.array([[x, y], [-y, x]]) / max(x * x + y * y, 1e-6)


def pull(image, before, after):
    """Warps a picture so that points move: affine within each triangle between them.

    Args:
        image: `(H, W, 3)` uint8.
        before: `(K, 2)` x, y in pixels.
        after: `(K, 2)`; what would leave the window around the face stays at its border.

    Returns:
        `(H, W, 3)` uint8; only a window around the points differs.

    Raises:
        InputError: if the points span no triangles.
    """
    low, high = before.min(0), before.max(0)
    margin = MARGIN * (high - low)
    sides = np.array(image.shape[1::-1])
    x1, y1 = np.clip(np.floor(low - margin), 0, sides - 2).astype(int)
    x2, y2 = np.clip(np.ceil(high + margin), (x1 + 2, y1 + 2), sides).astype(int)
    size = np.array([x2 - x1, y2 - y1])
    corners = np.array([(0, 0), (1, 0), (0, 1), (1, 1)]) * size
    inside = [np.clip(points - (x1, y1), 0.01 * size, 0.99 * size) for points in (before, after)]
    # skimage counts from the centre of the first pixel; a warp asks where each pixel comes from.
    source, target = (np.concatenate([corners, points]) - 0.5 for points in inside)
    apart = ~(close(source) | close(target))
    transform = PiecewiseAffineTransform.from_estimate(target[apart], source[apart])
    if not transform:
        raise InputError("these landmarks do not lie as those of a face: take a picture with the face in full view")
    window = warp(image[y1:y2, x1:x2], transform, mode="edge")
    warped = image.copy()
    warped[y1:y2, x1:x2] = np.rint(255 * window)
    return warped


def close(points):
    """Says of each of `(K, 2)` points whether it lies on an earlier one, as those of closed lips do."""
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    return np.triu(distances < 0.25, 1).any(axis=0)


def expression(*moves):
    """Makes an expression of `(landmarks, outwards, up)`: moves in the face's frame, outwards from its middle."""

    def displacements(face):
        moved = np.zeros_like(face)
        for indices, outwards, up in moves:
            moved[indices, 0] += outwards * np.sign(face[indices, 0])
            moved[indices, 1] -= up
        return moved

    return displacements


def caricature(face):
    """Returns most of what sets a face apart from a common one: that much more of it is added.

    The common face is first brought as near as it gets by turning and stretching, since a turned head is no trait. To
    turn moves a point by its depth: that of a round head, as the square of x, and of a nose that stands out.
    """
    x, y = COMMON_FACE.T
    nose = np.zeros(POINTS)
    nose[27:36] = np.array([0, 1, 2, 3, 1, 2, 2.5, 2, 1]) / 3
    views = np.column_stack([x, y, x * x, nose, np.ones(POINTS)])
    return 0.7 * (face - views @ np.linalg.lstsq(views, face)[0])


def ellipse(x, y, width, height, angles, squareness=1.0):
    """Returns points of an ellipse about (x, y); angles in degrees from the right, counter-clockwise as seen."""
    angles = np.deg2rad(angles)
    across = np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** (1 / squareness)
    return np.stack([x + width * across, y - height * np.sin(angles)], axis=-1)


# A face of common proportions in its frame, in the order of the 300-W mark-up.
COMMON_FACE = np.concatenate(
    [
        ellipse(0, 0, 1.2, 1.75, np.linspace(180, 360, 17), squareness=1.4),  # jaw
        ellipse(-0.6, -0.22, 0.31, 0.13, np.linspace(180, 0, 5)),  # brows
        ellipse(0.6, -0.22, 0.31, 0.13, np.linspace(180, 0, 5)),
        np.stack([np.zeros(4), np.linspace(0, 0.57, 4)], axis=-1),  # nose
        ellipse(0, 0.67, 0.19, 0.06, np.linspace(180, 360, 5)),
        ellipse(-0.5, 0, 0.19, 0.06, np.arange(180, -180, -60)),  # eyes
        ellipse(0.5, 0, 0.19, 0.06, np.arange(180, -180, -60)),
        ellipse(0, 1.04, 0.39, 0.12, np.arange(180, -1, -30)),  # lips
        ellipse(0, 1.04, 0.37, 0.2, np.arange(-30, -151, -30)),
        ellipse(0, 1.03, 0.37, 0.02, np.arange(180, -1, -45)),
        ellipse(0, 1.03, 0.3, 0.07, np.arange(-45, -136, -45)),
    ]
)

EXPRESSIONS = {
    "smile": expression(
        ([48, 54, 60, 64], 0.13, 0.13),  # corners of the mouth, and less of it what is next to them
        ([49, 53, 55, 59], 0.08, 0.05),
        ([61, 63, 65, 67], 0.05, 0.02),
        ([40, 41, 46, 47], 0.0, 0.03),  # lower lids
        ([3, 4, 12, 13], 0.04, 0.03),  # cheeks
    ),
    "surprise": expression(
        ([*range(17, 27)], 0.0, 0.16),  # brows
        ([37, 38, 43, 44], 0.0, 0.07),  # upper lids
        ([40, 41, 46, 47], 0.0, -0.04),
        ([48, 54, 60, 64], -0.08, -0.1),  # the mouth opens
        ([55, 56, 57, 58, 59, 65, 66, 67], 0.0, -0.28),
        ([*range(5, 12)], 0.0, -0.22),  # chin
    ),
    "caricature": caricature,
}
