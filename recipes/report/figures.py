"""How the page's figures look: small, and in the page's own colours, which follow light and dark."""

import io
import re

from matplotlib.backends.backend_svg import FigureCanvasSVG

# Drawn in these colours, then replaced: the page's own colours follow light and dark.
THEME = {
    "#000001": "var(--soft)",
    "#000002": "var(--line)",
    "#000003": "var(--training)",
    "#000004": "var(--accent)",
    "#000005": "var(--ink)",
    "#000006": "var(--paper)",
}
SOFT, LINE, TRAINING, ACCENT, INK, PAPER = THEME
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "regionzoo",
    "text.parse_math": False,
    "font.size": 9,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "axes.labelcolor": SOFT,
    "lines.linewidth": 1.6,
}


def as_svg(figure, prefix):
    """Returns a figure as SVG text in the page's colours, its ids begun with a prefix."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    for drawn, shown in THEME.items():
        svg = svg.replace(drawn, shown)
    # Several figures share the page, and so its one space of ids.
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}", svg)
