"""How many objects of each size are found."""

import numpy as np

EDGES = 2 ** np.arange(4, 10)
"""Square roots of areas, pixels, between one bin and the next: 16, 32 ... 512."""
BINS = ["below 16", *(f"{low} to {2 * low}" for low in EDGES[:-1]), f"from {EDGES[-1]}"]


def size_chart(title, judged):
    """Returns the chart, see `base.Evaluator.charts`, of objects found and missed by the square root of their area.

    Args:
        title: of it.
        judged: list of `recipes.evaluation.metrics.confusion.Judged`.
    """
    areas, found = (
        np.concatenate([np.zeros(0), *(getattr(one, name) for one in judged)]) for name in ("areas", "found")
    )
    bins = np.digitize(np.sqrt(areas), EDGES)
    counts = {
        name: np.bincount(bins[found == hit], minlength=len(BINS)).tolist()
        for name, hit in (("found", 1), ("missed", 0))
    }
    return {"title": title, "x": "side, pixels", "y": "objects", "bins": BINS, "bars": counts}
