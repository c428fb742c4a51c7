"""Whether a method proposes the same regions when the picture changes a little.

Source: Hosang et al. 2016, arXiv:1502.05082, section 3; the changes are some of those in the authors' release.
"""

import numpy as np

from zoo.ops.boxes_numpy import iou
from zoo.proposals import propose
from zoo.proposals.opencv import opencv

SCALE = 2**-0.4
DEGREES = 10
LIGHT = 0.7
JPEG_QUALITY = 20
BLUR = 2.0  # pixels
SALT_AND_PEPPER = 100  # pixels changed


def scaled(picture):
    """Makes a smaller copy.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
    Returns:
        reference and copy, pictures, and the `(2, 3)` affine map of x, y in the reference to x, y in the copy.
    """
    cv2 = opencv()
    height, width = picture.shape[:2]
    size = max(1, round(width * SCALE)), max(1, round(height * SCALE))
    copy = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return picture, copy, np.array([[size[0] / width, 0, 0], [0, size[1] / height, 0]])


def rotated(picture):
    """As `scaled`, turned clockwise; both are cut to the largest frame of the same centre that stays filled."""
    cv2 = opencv()
    height, width = picture.shape[:2]
    cos, sin = np.cos(np.radians(DEGREES)), np.sin(np.radians(DEGREES))
    # The corners of a frame of the picture's aspect, turned, reach this many times its half sides.
    reach = max(cos + sin * height / width, cos + sin * width / height)
    left, top = np.ceil((1 - 1 / reach) / 2 * np.array([width, height])).astype(int)
    centre = np.array([width, height]) / 2
    turn = np.array([[cos, -sin], [sin, cos]])
    # OpenCV counts from the centre of the first pixel, boxes from its corner.
    map_ = np.column_stack([turn, centre - turn @ centre])
    of_pixels = np.column_stack([turn, map_[:, 2] + turn @ [0.5, 0.5] - 0.5])
    whole = cv2.warpAffine(picture, of_pixels, (width, height))
    cut = slice(top, height - top or None), slice(left, width - left or None)
    map_[:, 2] += turn @ [left, top] - [left, top]
    return picture[cut], whole[cut], map_


def darkened(picture):
    """As `scaled`, with less light."""
    return _in_place(picture, np.round(picture * LIGHT).astype(np.uint8))


def compressed(picture):
    """As `scaled`, after JPEG."""
    cv2 = opencv()
    file = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return _in_place(picture, cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1])


def blurred(picture):
    """As `scaled`, out of focus."""
    return _in_place(picture, opencv().GaussianBlur(picture, (0, 0), BLUR))


def salted(picture):
    """As `scaled`, some pixels white or black."""
    rng = np.random.default_rng(0)
    copy = picture.copy()
    rows, columns = (rng.integers(0, side, SALT_AND_PEPPER) for side in picture.shape[:2])
    copy[rows, columns] = rng.choice(np.array([0, 255], np.uint8), (SALT_AND_PEPPER, 1))
    return _in_place(picture, copy)


CHANGES = {
    "scale": scaled,
    "rotation": rotated,
    "light": darkened,
    "JPEG": compressed,
    "blur": blurred,
    "salt and pepper": salted,
}


def repeatability(picture, n, method):
    """Measures how alike the proposals on a picture and on changed copies of it are; what is random is drawn anew.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
        n: how many proposals, see `propose`.
        method: a name of `zoo.proposals.METHODS`.
    Returns:
        dict of a name of `CHANGES` to `area_under_recall`.
    """
    on_picture = propose(picture, n, method)[0]
    found = {}
    for seed, (name, change) in enumerate(CHANGES.items(), 1):
        reference, copy, affine = change(picture)
        wanted = on_picture if reference is picture else propose(reference, n, method)[0]
        repeated = propose(copy, n, method, seed)[0]
        found[name] = area_under_recall(*in_common(wanted, repeated, affine, reference.shape, copy.shape))
    return found


def in_common(reference, copy, affine, reference_shape, copy_shape):
    """Takes a copy's proposals back to the reference and leaves out those whose centre is not in both pictures.

    Args:
        reference: `(N, 4)` xyxy, pixels of the reference.
        copy: `(M, 4)` xyxy, pixels of the copy.
        affine: `(2, 3)` map of x, y in the reference to the copy.
        reference_shape: `(height, width, ...)`.
        copy_shape: likewise.
    Returns:
        the kept rows of `reference`, and of `copy` in pixels of the reference.
    """
    inverse = np.linalg.inv(np.vstack([affine, [0, 0, 1]]))[:2]
    back = _mapped(copy, inverse)
    return reference[_inside(_mapped(reference, affine), copy_shape)], back[_inside(back, reference_shape)]


def area_under_recall(wanted, found):
    """Matches boxes one to one, greedily from the highest IoU down, and takes the area under recall over IoU 0 to 1.

    Args:
        wanted: `(N, 4)` xyxy, pixels.
        found: `(M, 4)` xyxy, pixels.
    Returns:
        The mean over `wanted` of the IoU with the match, 0 for a box without one: that is the area; 1 where nothing
        is wanted.
    """
    if not len(wanted):
        return 1.0
    overlaps = iou(wanted, found)
    rows, columns = np.nonzero(overlaps)
    values = overlaps[rows, columns]
    free_rows, free_columns = np.ones(len(wanted), bool), np.ones(len(found), bool)
    total = 0.0
    for i in np.argsort(-values, kind="stable"):
        if free_rows[rows[i]] and free_columns[columns[i]]:
            free_rows[rows[i]] = free_columns[columns[i]] = False
            total += values[i]
    return float(total / len(wanted))


def _in_place(picture, copy):
    return picture, copy, np.eye(2, 3)


def _mapped(boxes, affine):
    """Maps boxes `(N, 4)`; of turned corners x and y are the means of the two lowest and of the two highest."""
    corners = np.asarray(boxes, float)[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) @ affine[:, :2].T + affine[:, 2]
    ordered = np.sort(corners, axis=1)
    return np.concatenate([ordered[:, :2].mean(axis=1), ordered[:, 2:].mean(axis=1)], axis=1)


def _inside(boxes, shape):
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.all((centres >= 0) & (centres <= [shape[1], shape[0]]), axis=1)
