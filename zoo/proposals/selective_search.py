import numpy as np

from zoo.proposals.opencv import opencv

# As R-CNN's selective_search_boxes.m: the width of VOC's pictures, which the scales of segmentation fit.
LONGER_SIDE = 500


def selective_search_fast(picture, n, seed):
    """Merges neighbouring segments, the most alike first: every region on the way is a proposal.

    2 colour spaces, 3 scales of segmentation and 2 measures of likeness. Pictures with a side above 500 pixels are
    searched at 500, as R-CNN does.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
        n: not used, all regions are returned.
        seed: fixes the order.
    Returns:
        boxes `(M, 4)` xyxy, pixels, and scores `(M,)` up to 1.
    Source: Uijlings et al. 2013, "Selective Search for Object Recognition", sections 3 and 4, as in OpenCV.
    """
    return _search(picture, seed, "switchToSelectiveSearchFast")


def selective_search_quality(picture, n, seed):
    """As `selective_search_fast` with 5 colour spaces, 5 scales and 4 measures of likeness: more regions, slower."""
    return _search(picture, seed, "switchToSelectiveSearchQuality")


def _search(picture, seed, switch):
    cv2 = opencv()
    height, width = picture.shape[:2]
    scale = min(1.0, LONGER_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    getattr(search, switch)()
    # Sorted, as OpenCV's order changes from call to call: it comes of an unseeded generator.
    x, y, w, h = np.unique(search.process(), axis=0).T
    boxes = np.stack([x, y, x + w, y + h], axis=1) * (np.array([width, height] * 2) / (size * 2))
    return boxes, _scores(w * h, seed)


def _scores(areas, seed):
    """Orders regions as the paper's section 4.3: by a random number times the place in the hierarchy, its top first.

    OpenCV does not return that place, so it is that by falling area.
    """
    places = np.empty(len(areas))
    places[np.argsort(-areas, kind="stable")] = np.arange(1, len(areas) + 1)
    return 1.0 - places * np.random.default_rng(seed).random(len(areas)) / len(areas)
