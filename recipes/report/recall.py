from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zoo.drawing.colours import hexadecimal, palette


def draw_recall(found, title):
    """Draws how methods of proposals compare.

    Args:
        found: list of dicts, see `recipes.evaluation.proposals.measure`.
        title: what they were measured on.
    Returns:
        A function that writes the figure, a PNG, to a path.
    """
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    figure.suptitle(title)
    most = found[0]["counts"][-1]
    panels = figure.subplots(2, 3).ravel()
    _labelled(panels[0], "IoU", f"recall of {most} proposals", (0.5, 1.0))
    for axes, iou in zip(panels[1:4], found[0]["recall"], strict=True):
        _labelled(axes, "proposals", f"recall at IoU {iou}", (1, most), scale="log")
    _labelled(panels[4], "proposals", "average recall", (1, most), scale="log")
    _labelled(panels[5], "", "repeatability")
    for one, colour in zip(found, palette(len(found)), strict=True):
        style = {"color": hexadecimal(colour), "linewidth": 1.6, "label": one["method"]}
        panels[0].plot(one["iou"], one["recall_at_iou"], **style)
        for axes, values in zip(panels[1:5], [*one["recall"].values(), one["average_recall"]], strict=True):
            axes.plot(one["counts"], values, **style)
        panels[5].plot(list(one["repeatability"]), list(one["repeatability"].values()), "o--", **style)
    panels[5].tick_params(axis="x", labelrotation=25)
    figure.legend(handles=panels[0].get_lines(), loc="outside lower center", ncols=4, frameon=False)
    return lambda path: FigureCanvasAgg(figure).print_png(path)


def _labelled(axes, x, y, limits=None, scale="linear"):
    axes.set(xlabel=x, ylabel=y, ylim=(0, 1), xscale=scale)
    if limits and limits[0] < limits[1]:
        axes.set_xlim(*limits)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
