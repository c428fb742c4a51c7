"""Curves as small figures: those of training, one a quantity, and those of an evaluation."""

import math
from itertools import cycle

import matplotlib
from matplotlib.figure import Figure

from recipes.report.figures import ACCENT, SOFT, STYLE, TRAINING, as_svg
from zoo.drawing.colours import hexadecimal, palette


def training_curves(history, beside=None):
    """Draws what changed over the epochs.

    Args:
        history: one dict an epoch, e.g. `{"epoch": 1, "loss": 1.2, "val_loss": 1.4, "miou": 0.3}`. A key may
            be missing in some epochs, and a value NaN. Keys with a "/" (figures of one class) are left out.
        beside: histories of other runs by their name, of which the validation is drawn, else the training.
    Returns:
        dict of quantity to SVG text; "loss" and "val_loss" share the quantity "loss".
    """
    drawn = {}
    for key in dict.fromkeys(key.removeprefix("val_") for row in history for key in row):
        lines = {"training": _points(history, key), "validation": _points(history, f"val_{key}")}
        lines = {name: points for name, points in lines.items() if points}
        if key != "epoch" and "/" not in key and lines:
            others = {
                name: _points(rows, f"val_{key}") or _points(rows, key) for name, rows in (beside or {}).items()
            }
            drawn[key] = _training(lines, others, prefix=f"curve{len(drawn)}-")
    return drawn


def quality_curves(curves, class_names=()):
    """Draws what an evaluation found.

    Args:
        curves: list of dicts, see `recipes.evaluation.metrics.base.Evaluator.curves`; one without lines is left out.
        class_names: names, index for index: a line of that name is thin and has its class's colour.
    Returns:
        dict of title to SVG text.
    """
    colours = [hexadecimal(colour) for colour in palette(len(class_names))]
    drawn = [curve for curve in curves if curve["lines"]]
    thin = dict(zip(class_names, colours, strict=True))
    return {curve["title"]: _quality(curve, thin, prefix=f"figure{i}-") for i, curve in enumerate(drawn)}


def _points(history, key):
    """Returns `(epoch, value)` wherever `key` has a finite value."""
    rows = [(row.get("epoch", i), row.get(key)) for i, row in enumerate(history, 1)]
    return [(epoch, value) for epoch, value in rows if value is not None and math.isfinite(value)]


@matplotlib.rc_context(STYLE)
def _training(lines, others, prefix):
    figure = Figure(figsize=(3.1, 2.1), layout="constrained")
    axes = figure.add_subplot(xlabel="epoch")
    for name, points in lines.items():
        colour = TRAINING if name == "training" and len(lines) == 2 else ACCENT
        axes.plot(*zip(*points, strict=True), color=colour, label=name)
        axes.plot(*points[-1], "o", color=colour, markersize=4)
    styles = cycle(("--", ":", "-."))
    for name, points in others.items():
        if points:
            axes.plot(*zip(*points, strict=True), next(styles), color=SOFT, label=name)
    axes.margins(y=0.1)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    if len(lines) > 1 or any(others.values()):
        axes.legend(frameon=False, labelcolor=SOFT)
    return as_svg(figure, prefix)


@matplotlib.rc_context(STYLE)
def _quality(curve, thin, prefix):
    figure = Figure(figsize=(4.2, 2.9), layout="constrained")
    axes = figure.add_subplot(xlabel=curve["x"], ylabel=curve["y"])
    for name, (xs, ys) in curve["lines"].items():
        if name in thin:
            axes.plot(xs, ys, color=thin[name], linewidth=1.1)
        else:
            axes.plot(xs, ys, color=ACCENT, linewidth=2.4, label=name)
        axes.set_xlim(min(xs), max(xs))
    axes.set_ylim(0, 1.02)
    if len(curve["lines"]) > len(axes.get_legend_handles_labels()[0]) > 0:
        axes.legend(frameon=False, labelcolor=SOFT)
    return as_svg(figure, prefix)
