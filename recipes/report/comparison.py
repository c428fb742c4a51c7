import math

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zoo.drawing.colours import hexadecimal, palette

MARKERS = "osD^v"


def draw_comparison(networks, title):
    """Draws what accuracy costs: mIoU over the memory of a process that predicts, and over parameters.

    A network whose mIoU has no value (`None`) stands in the legend alone.

    Args:
        networks: list of dicts, see `recipes.evaluation.comparison.compare`.
        title: what they were measured on.
    Returns:
        A function that writes the figure, a PNG, to a path.
    """
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    figure.suptitle(title)
    memory, parameters = figure.subplots(1, 2, sharey=True)
    memory.set(xlabel="peak memory of a process that predicts, MB", ylabel="mIoU")
    parameters.set(xlabel="parameters", xscale="log")
    for network, colour in zip(networks, palette(len(networks)), strict=True):
        style = {"color": hexadecimal(colour), "linestyle": "none", "markersize": 8}
        miou = math.nan if network["miou"] is None else network["miou"]
        for marker, (runtime, measured) in zip(MARKERS, network["runtimes"].items(), strict=False):
            memory.plot(measured["peak_memory"] / 1e6, miou, marker, label=runtime, **style)
        parameters.plot(network["parameters"], miou, "o", label=network["name"], **style)
    for axes in (memory, parameters):
        axes.margins(0.15)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    parameters.legend(frameon=False)
    kinds = memory.get_lines()[: len(networks[0]["runtimes"])]
    memory.legend(handles=kinds, frameon=False)
    return lambda path: FigureCanvasAgg(figure).print_png(path)
