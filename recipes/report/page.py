"""The page itself: a run's numbers, curves, pictures and artifacts gathered and put into the template."""

import math
from pathlib import Path

import jinja2
from markupsafe import Markup

from recipes.drawing import palette
from recipes.report.cards import card
from recipes.report.curves import curves
from recipes.report.headline import headline
from recipes.report.samples import classes_in, panels, worst_first
from recipes.report.words import number, title_of
from recipes.workdir import replace_text


def write(path, *, title, facts, history=(), scores=None, class_names=(), samples=(), artifacts=()):
    """Writes the report of a run: one HTML file that stands alone, pictures and figures inside.

    A section whose part is empty is left out.

    Args:
        path: the `.html` file; replaced in one step if it exists.
        title: the heading, e.g. "segnet_camvid".
        facts: dict of text to text, shown in its order: recipe fields, data, hardware, date, duration.
        history: one dict an epoch, see `recipes.report.curves.curves`.
        scores: dict of the evaluation's figures. The first key without "/" is the main figure; "iou/road" is
            the figure "iou" of the class "road".
        class_names: names, index for index.
        samples: list of `Sample`, shown worst first.
        artifacts: list of dicts, see `recipes.report.cards.card`.
    Returns:
        `pathlib.Path` of the file.
    Raises:
        InputError: if the file cannot be written, or a sample's maps are not of its picture's size.
    """
    scores = scores or {}
    overall = {key: value for key, value in scores.items() if "/" not in key}
    classes = _classes(scores, class_names)
    main_of_class = next(iter(classes.values()), {})
    colours = [f"#{bytes(colour).hex()}" for colour in palette(len(class_names))]
    legend = list(zip(class_names, colours, strict=True))
    page = _template().render(
        title=title,
        headline=headline(title, len(history), overall, main_of_class, artifacts),
        main=next(iter(overall), None),
        overall=overall,
        facts=facts,
        curves={name: Markup(svg) for name, svg in curves(history).items()},
        samples=[(sample, panels(sample)) for sample in worst_first(samples)],
        legend=legend,
        drawn=[legend[c] for c in sorted(classes_in(samples)) if c < len(legend)],
        classes=classes,
        main_of_class=main_of_class,
        cards=[card(artifact) for artifact in artifacts],
    )
    replace_text(path, page)
    return Path(path)


def _template():
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, title_of=title_of)
    return environment.get_template("report.html")


def _classes(scores, class_names):
    """Turns flat scores into `{"iou": {"road": 0.9, "pole": None}}`: classes in order, no value as `None`."""
    table = {}
    for key, value in scores.items():
        figure, slash, name = key.partition("/")
        if slash and name in class_names and value is not None and math.isfinite(value):
            table.setdefault(figure, dict.fromkeys(class_names))[name] = value
    return table
