import numpy as np

from zoo.proposals.opencv import opencv

SIGMA = 2.0  # pixels, of the smoothing before gradients are taken
SURROUNDINGS = 12.0  # pixels, sigma of the mean gradient around a pixel
HELD_BACK = 2.0  # weight of that mean
STRONG = 0.99  # share of edge pixels that are below strength 1
LEAST_AREA = 1000  # pixels, EdgeBoxes' own
LEAST_SIDE = 8  # pixels


def edge_boxes(picture, n, seed):
    """Scores windows by the edges that lie wholly inside them.

    The paper takes its edges from structured forests, whose model OpenCV does not bring along. Here they are the
    picture's gradients, thinned by Canny's method, which know less of what bounds an object: expect less than the
    paper's figures. Pictures narrower than 8 pixels have no proposals.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
        n: how many at most.
        seed: not used, nothing is drawn.
    Returns:
        boxes `(M, 4)` xyxy, pixels, and scores `(M,)`.
    Source: Zitnick & Dollar 2014, "Edge Boxes: Locating Object Proposals from Edges", as in OpenCV.
    """
    height, width = picture.shape[:2]
    if min(height, width) < LEAST_SIDE:
        return np.empty((0, 4)), np.empty(0)
    edges, orientation = gradient_edges(picture)
    # VOC's pictures have some 190,000 pixels; in smaller ones the smallest boxes are smaller too.
    search = opencv().ximgproc.createEdgeBoxes(maxBoxes=n, minBoxArea=min(LEAST_AREA, height * width / 100))
    boxes, scores = search.getBoundingBoxes(edges, orientation)
    if not len(boxes):
        return np.empty((0, 4)), np.empty(0)
    # Of windows that the border cuts to under 4 pixels OpenCV divides the score by 0.
    sized = np.isfinite(scores.ravel())
    x, y, w, h = boxes[sized].T
    # OpenCV counts pixels from 1 here, and the last one belongs to the box.
    return np.stack([x - 1, y - 1, x + w, y + h], axis=1), scores.ravel()[sized]


def gradient_edges(picture):
    """Finds edges as thin lines where the picture changes most, and more than around.

    Texture, with edges all around, is held back by the mean gradient: otherwise most windows score by it. The
    constants are those that did best on a few pictures of blood cells and of COCO.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
    Returns:
        strength `(H, W)` float32, 0 off the edges to 1; and the direction `(H, W)` float32 across the edge, 0 to pi,
        0 along x.
    """
    cv2 = opencv()
    smooth = cv2.GaussianBlur(picture, (0, 0), SIGMA)
    slopes = np.stack([cv2.Sobel(smooth, cv2.CV_16S, *order) for order in ((1, 0), (0, 1))])
    # Of the three colours the one that changes most, as Canny takes it.
    strongest = np.argmax(np.sum(slopes.astype(np.int32) ** 2, axis=0), axis=-1)[None, ..., None]
    dx, dy = np.take_along_axis(slopes, strongest, axis=-1)[..., 0]
    gradient = np.hypot(dx, dy, dtype=np.float32)
    around = cv2.GaussianBlur(gradient, (0, 0), SURROUNDINGS)
    strength = gradient**2 / np.maximum(gradient + HELD_BACK * around, 1e-6)
    on_edge = cv2.Canny(dx, dy, 1, 1, L2gradient=True) > 0
    full = np.quantile(strength[on_edge], STRONG) if on_edge.any() else 1.0
    edges = np.where(on_edge, np.minimum(strength / full, 1.0), 0.0)
    return edges.astype(np.float32), np.mod(np.arctan2(dy, dx, dtype=np.float32), np.pi).astype(np.float32)
