"""The table of models, docs/models.toml, as README and the site show it."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from recipes.training.recipe import RECIPES, load

DOCS = Path(__file__).parents[1] / "docs"


@dataclass(frozen=True)
class Model:
    """One row of the table, one page of the site.

    Attributes:
        title: what the literature calls it.
        origin: its papers in Markdown, or what stands in their place.
        parameters: their number, as the tests have it.
        reported: the figure of the paper or the release.
        ours: what was measured here, in few words.
        conditions: the same with cost and machine.
        builders: names in `zoo.BUILDERS`, of which the first is drawn; none where published files are read alone.
        recipe: name of the one to begin with; "" for none.
        differences: headings of docs/fidelity.md that say what differs from the paper.
    """

    title: str
    origin: str
    parameters: str
    reported: str
    ours: str
    conditions: str
    builders: tuple
    recipe: str
    differences: tuple

    @property
    def slug(self):
        """Returns the name of its page: small letters, digits and hyphens."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    def recipes(self):
        """Returns the names of all recipes that train one of its builders, the one to begin with first."""
        found = [name for name in RECIPES if load(name).builder in self.builders]
        return sorted(found, key=lambda name: name != self.recipe)


def models():
    """Returns every `Model`, in the order of the table."""
    written = tomllib.loads((DOCS / "models.toml").read_text(encoding="utf-8"))
    return [read(row, written["papers"]) for row in written["models"]]


def read(row, papers):
    """Returns the `Model` of a row of the file, whose papers are `[authors and year, number at arXiv]` by key."""
    cited = [papers[key] for key in row.get("papers", ())]
    links = [f"[{name}](https://arxiv.org/abs/{number})" for name, number in cited]
    origins = [row["source"], *links] if "source" in row else links
    return Model(
        title=row["title"],
        origin=", ".join(origins),
        parameters=row["parameters"],
        reported=row["reported"],
        ours=row["ours"],
        conditions=row.get("conditions", row["ours"]),
        builders=tuple(row.get("builders", ())),
        recipe=row.get("recipe", ""),
        differences=tuple(row.get("differences", ())),
    )


def short_table():
    """Returns README's table, in Markdown: a row a model, with its first builder and recipe."""
    rows = ["| model | paper | builder | recipe | ours |", "|---|---|---|---|---|"]
    for model in models():
        more = f" + {len(model.builders) - 1}" if len(model.builders) > 1 else ""
        builder = f"`zoo.{model.builders[0]}`{more}" if model.builders else "`zoo.weights.darknet.build`"
        recipe = f"`{model.recipe}`" if model.recipe else "published weights"
        rows.append(f"| {model.title} | {model.origin} | {builder} | {recipe} | {model.ours} |")
    return "\n".join(rows) + "\n"


def full_table():
    """Returns the site's table, in Markdown: every figure, and links to the models' pages under models/."""
    rows = ["| model | paper | parameters | reported | ours |", "|---|---|---|---|---|"]
    for model in models():
        link, ours = f"[{model.title}](models/{model.slug}.md)", model.conditions.replace("(../", "(")
        rows.append(f"| {link} | {model.origin} | {model.parameters} | {model.reported} | {ours} |")
    return "\n".join(rows) + "\n"
