"""Heat maps drawn on pictures."""

import cv2
import numpy as np

OPACITY = 0.75
"""Of the hottest place."""


def draw_heat(image, heat):
    """Lays a heat map over a picture in grey: from nothing over red to yellow, by a ramp that also reads in grey.

    Args:
        image: `(H, W, 3)` uint8.
        heat: `(H, W)` float, 0 to 1.
    Returns:
        `(H, W, 3)` uint8.
    """
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1).astype("float32")
    ramp = cv2.applyColorMap(np.rint(255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    share = OPACITY * np.sqrt(heat)[..., None]
    return np.rint((1 - share) * grey + share * ramp).astype(np.uint8)
