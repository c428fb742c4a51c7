"""The colours of classes: the same class has the same colour in every picture, legend and table."""

from functools import lru_cache

import numpy as np

from zoo.errors import InputError

# Okabe & Ito 2008, "Color Universal Design", without its black, which is lost on photographs. Ordered so that
# neighbours stay apart when blended with a picture.
OKABE_ITO = ("0072B2", "D55E00", "009E73", "CC79A7", "56B4E9", "E69F00", "F0E442")
# Linear sRGB as seen without green cones (Machado et al. 2009, doi:10.1109/TVCG.2009.113, severity 1.0).
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
LEVELS = np.linspace(0, 255, 12).round().astype("uint8")
LIGHTNESS = (0.45, 0.9)


def palette(n):
    """Gives `n` classes colours that differ for most readers, colour-blind ones included.

    The first seven are Okabe and Ito's. Each further one is the candidate furthest from all before it, so
    `palette(n)` begins with `palette(n - 1)` and a class keeps its colour when others are added.

    Args:
        n: number of classes.
    Returns:
        `(n, 3)` uint8 RGB; not to be written to.
    Raises:
        InputError: if `n` is negative or above the number of candidates (some 1,300).
    """
    colours = _ordered()
    if not 0 <= n <= len(colours):
        raise InputError(f"palette has colours for 0 to {len(colours)} classes, received {n}")
    return colours[:n]


def hexadecimal(colour):
    """Writes a colour as in "#0072b2"."""
    return f"#{bytes(colour).hex()}"


@lru_cache
def _ordered():
    """Returns Okabe and Ito's colours, then all candidates, furthest first; read-only."""
    chosen = [tuple(bytes.fromhex(code)) for code in OKABE_ITO]
    grid = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS, indexing="ij"), -1).reshape(-1, 3)
    lightness = _oklab(_linear(grid))[:, 0]
    grid = grid[(LIGHTNESS[0] <= lightness) & (lightness <= LIGHTNESS[1])]
    seen = _appearance(grid)
    distance = np.full(len(grid), np.inf)
    for colour in _appearance(np.array(chosen)):
        distance = np.minimum(distance, np.linalg.norm(seen - colour, axis=-1))
    for _ in range(len(grid)):
        furthest = int(distance.argmax())
        chosen.append(tuple(grid[furthest].tolist()))
        distance = np.minimum(distance, np.linalg.norm(seen - seen[furthest], axis=-1))
    colours = np.array(chosen, "uint8")
    colours.flags.writeable = False
    return colours


def _appearance(rgb):
    """Maps `(N, 3)` colours to `(N, 6)`: as most readers see them, and as a deuteranope does."""
    linear = _linear(rgb)
    return np.concatenate([_oklab(linear), _oklab(np.clip(linear @ DEUTERANOPIA.T, 0, 1))], axis=-1)


def _linear(rgb):
    """Undoes the sRGB transfer curve (IEC 61966-2-1): 0-255 to linear 0-1."""
    srgb = np.asarray(rgb) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _oklab(linear):
    """Maps linear sRGB to Oklab, where Euclidean distance is perceived distance (Ottosson 2020)."""
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.cbrt(linear @ to_cones.T) @ to_lab.T
