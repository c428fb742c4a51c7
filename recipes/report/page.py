"""The page itself: a run's numbers, curves, pictures and artifacts gathered and put into the template."""

import math
from pathlib import Path

import jinja2
from markupsafe import Markup

from recipes.evaluation.metrics import higher_is_better
from recipes.report.cards import card
from recipes.report.headline import TOLD, headline
from recipes.report.words import number, title_of
from zoo.drawing.colours import hexadecimal, palette
from zoo.files import replace_text

DRAWN = (
    *("title", "epochs", "main", "overall", "facts", "training", "figures"),
    *("samples", "drawn", "meanings", "tables"),
)
"""What `draw` returns, by name."""


def draw(
    *,
    title,
    facts,
    history=(),
    beside=None,
    scores=None,
    curves=(),
    charts=(),
    class_names=(),
    keypoint_names=(),
    skeleton=(),
    samples=(),
):
    """Draws all of a run's report that does not hang on artifacts, which come and go.

    Args:
        title: the heading, e.g. "segnet_camvid".
        facts: dict of text to text, shown in its order: recipe fields, data, hardware, date, duration.
        history: one dict an epoch, see `recipes.report.curves.training_curves`.
        beside: other runs' histories by their name, whose curves are drawn beside, or `None`.
        scores: dict of the evaluation's figures. The first key without "/" is the main figure; "iou/road" is
            the figure "iou" of the class (or keypoint) "road".
        curves: list of dicts, see `recipes.evaluation.metrics.base.Evaluator.curves`.
        charts: list of dicts, see `recipes.evaluation.metrics.base.Evaluator.charts`.
        class_names: names, index for index.
        keypoint_names: names, index for index.
        skeleton: pairs of keypoints to join in the samples.
        samples: list of `Sample`, shown worst first.
    Returns:
        A dict that JSON can hold, for `render`.
    Raises:
        InputError: if a sample's maps are not of its picture's size.
    """
    from recipes.report.charts import count_charts
    from recipes.report.curves import quality_curves, training_curves  # Matplotlib, which `render` does without
    from recipes.report.errors import meanings
    from recipes.report.samples import classes_in, panels, worst_first

    scores = scores or {}
    overall = {key: value for key, value in scores.items() if "/" not in key}
    main = next(iter(overall), None)
    tables = {"Classes": _table(scores, class_names), "Keypoints": _table(scores, keypoint_names)}
    legend = _legend(class_names)
    ranked = worst_first(samples, main is None or higher_is_better(main))
    return {
        "title": title,
        "epochs": len(history),
        "main": main,
        "overall": overall,
        "facts": facts,
        "training": training_curves(history, beside),
        "figures": quality_curves(curves, class_names) | count_charts(charts),
        "samples": [
            {"name": sample.name, "score": sample.score, "panels": panels(sample, class_names, skeleton)}
            for sample in ranked
        ],
        "drawn": [legend[c] for c in sorted(classes_in(samples)) if c < len(legend)],
        "meanings": [(words, hexadecimal(colour)) for words, colour in meanings(samples)],
        "tables": {heading: table for heading, table in tables.items() if table["figures"]},
    }


def render(path, drawn, artifacts=()):
    """Writes the report: one HTML file that stands alone; a section whose part is empty is left out.

    Args:
        path: the `.html` file; replaced in one step if it exists.
        drawn: what `draw` returned, now or earlier.
        artifacts: list of dicts, the artifacts as they are now, see `recipes.report.cards.card`.
    Returns:
        `pathlib.Path` of the file.
    Raises:
        InputError: if the file cannot be written.
    """
    compared = next(iter(drawn["tables"].values()), {"main": {}})["main"]
    page = template("report.html").render(
        **drawn | {name: _markup(drawn[name]) for name in ("training", "figures")},
        headline=headline(drawn["title"], drawn["epochs"], drawn["overall"], compared, artifacts),
        told=TOLD,
        cards=[card(artifact) for artifact in artifacts],
    )
    replace_text(path, page)
    return Path(path)


def _markup(svgs):
    return {name: Markup(svg) for name, svg in svgs.items()}


def template(name):
    """Returns a template of this folder."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, title_of=title_of)
    return environment.get_template(name)


def _table(scores, names):
    """Gathers the figures of classes or keypoints.

    Returns:
        dict of `figures`, e.g. `{"iou": {"road": 0.9, "pole": None}}` with all names in order and no value as `None`,
        `main`, the first of them, and `rows`, pairs of name and colour.
    """
    figures = {}
    for key, value in scores.items():
        figure, slash, name = key.partition("/")
        if slash and name in names and value is not None and math.isfinite(value):
            figures.setdefault(figure, dict.fromkeys(names))[name] = value
    return {"figures": figures, "main": next(iter(figures.values()), {}), "rows": _legend(names)}


def _legend(names):
    """Returns pairs of name and colour."""
    return list(zip(names, map(hexadecimal, palette(len(names))), strict=True))
