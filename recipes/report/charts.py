"""What an evaluation counted, as small figures: matrices of confusion and stacked bars."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from recipes.report.figures import ACCENT, INK, PAPER, SOFT, STYLE, TRAINING, as_svg

MOST = 30
"""Classes that a matrix shows."""
WRITTEN = 12
"""Classes up to which the shares stand in the cells."""


def count_charts(charts):
    """Draws the charts of an evaluation.

    Args:
        charts: list of dicts, see `recipes.evaluation.metrics.base.Evaluator.charts`; one of nothing is left out.
    Returns:
        dict of title to SVG text.
    """
    drawn = {}
    for i, chart in enumerate(charts):
        if "matrix" in chart and np.any(chart["matrix"]):
            rows = most_confused(np.array(chart["matrix"]))
            left_out = len(chart["matrix"]) - len(rows)
            title = chart["title"] + (
                f" (the {len(rows)} most confused of {len(rows) + left_out})" if left_out else ""
            )
            drawn[title] = matrix(chart, rows, prefix=f"chart{i}-")
        elif np.any(list(chart.get("bars", {}).values())):
            drawn[chart["title"]] = bars(chart, prefix=f"chart{i}-")
    return drawn


def most_confused(counts):
    """Returns the indices of the classes that a matrix `(C, C)` shows: of more than `MOST` those of most errors."""
    wrong = counts.sum(0) + counts.sum(1) - 2 * np.diag(counts)
    return np.sort(np.argsort(-wrong, kind="stable")[:MOST])


@matplotlib.rc_context(STYLE)
def matrix(chart, kept, prefix):
    """Draws the rows and columns `kept` of a matrix; a cell is as dark as its share of its row."""
    counts = np.array(chart["matrix"], float)
    shares = (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[np.ix_(kept, kept)]
    side = 1.6 + max(0.16 * len(kept), 1.6)
    figure = Figure(figsize=(side + 0.9, side), layout="constrained")
    axes = figure.add_subplot(xlabel=chart["x"], ylabel=chart["y"])
    for row, column in np.argwhere(shares > 0):
        share = shares[row, column]
        axes.add_patch(matplotlib.patches.Rectangle((column, row), 1, 1, facecolor=ACCENT, alpha=share, linewidth=0))
        if len(kept) <= WRITTEN:
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{100 * share:.0f}" if share >= 0.005 else "·",
                ha="center",
                va="center",
                color=PAPER if share > 0.5 else INK,
            )
    places = np.arange(len(kept)) + 0.5
    axes.set_xticks(places, [short(chart["columns"][i]) for i in kept], rotation=90)
    axes.set_yticks(places, [short(chart["rows"][i]) for i in kept])
    axes.set(xlim=(0, len(kept)), ylim=(len(kept), 0), aspect="equal")
    axes.grid(False)
    return as_svg(figure, prefix)


@matplotlib.rc_context(STYLE)
def bars(chart, prefix):
    """Draws stacked bars, the first name's at the bottom; bins of nothing at both ends are left out."""
    counts = np.array(list(chart["bars"].values()))
    used = np.flatnonzero(counts.sum(axis=0))
    seen = slice(used[0], used[-1] + 1)
    figure = Figure(figsize=(4.2, 2.9), layout="constrained")
    axes = figure.add_subplot(xlabel=chart["x"], ylabel=chart["y"])
    names, below = chart["bins"][seen], 0
    for (name, _), values, colour in zip(chart["bars"].items(), counts[:, seen], (ACCENT, TRAINING), strict=True):
        axes.bar(names, values, bottom=below, color=colour, label=name, width=0.8)
        below = below + values
    axes.grid(False, axis="x")
    axes.tick_params(axis="x", labelrotation=30)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, labelcolor=SOFT)
    return as_svg(figure, prefix)


def short(name):
    """Cuts a long name."""
    return name if len(name) <= 18 else f"{name[:17]}…"
