"""A search for settings as a picture: what each trial came to, over the trials and over each setting."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zoo.files import replace_file

SIDE = 2.6, 2.3  # inches


def draw_trials(path, rows, metric):
    """Draws the trials of `recipes.training.tune.tune` that were not broken off, as a .png file.

    Args:
        path: the file; replaced in one step if it exists.
        rows: dicts with "folder", "value", "state" and a value by setting, in any order.
        metric: what the value is called.
    """
    rows = sorted((row for row in rows if row["value"] is not None), key=lambda row: row["folder"])
    fields = [name for name in (rows[0] if rows else ()) if name not in ("folder", "value", "state")]
    figure = Figure(figsize=(SIDE[0] * (1 + len(fields)), SIDE[1]), layout="constrained")
    values = [row["value"] for row in rows]
    for i, field in enumerate(("trial", *fields)):
        axes = figure.add_subplot(1, 1 + len(fields), i + 1, xlabel=field, ylabel="" if i else metric)
        xs = range(len(rows)) if not i else [row[field] for row in rows]
        words = i and any(isinstance(x, str) for x in xs)
        axes.plot([str(x) for x in xs] if words else list(xs), values, "o-" if not i else "o", markersize=4)
        if i and not words and min(xs) > 0 and max(xs) > 20 * min(xs):
            axes.set_xscale("log")
    FigureCanvasAgg(figure)
    replace_file(path, lambda temporary: figure.savefig(temporary, format="png", dpi=120))
