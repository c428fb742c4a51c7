"""The table of models, of which README and the site are made, and the links between the house's pages."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import zoo
from recipes.training.recipe import RECIPES
from website.models import full_table, models, short_table

ROOT = Path(__file__).parents[2]


def test_every_builder_stands_in_the_table_once():
    counted = Counter(name for model in models() for name in model.builders)
    assert counted == Counter(zoo.list_models())


def test_what_the_table_names_exists():
    headings = re.findall(r"^## (.*)$", (ROOT / "docs" / "fidelity.md").read_text("utf-8"), re.MULTILINE)
    for model in models():
        assert {*model.differences} <= {*headings}, model.title
        assert not model.recipe or model.recipe == model.recipes()[0]
    assert len({model.slug for model in models()}) == len(models())


def test_every_recipe_trains_a_model_of_the_table():
    trained = [name for model in models() for name in model.recipes()]
    assert sorted(trained) == sorted(RECIPES)


def test_readme_has_the_table():
    """`python -m website` writes it."""
    assert short_table() in (ROOT / "README.md").read_text("utf-8")


def test_tables_have_as_many_cells_in_every_row():
    for table in (short_table(), full_table()):
        assert len({row.count("|") for row in table.splitlines()}) == 1


def test_links_between_pages_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 15
    for page in pages:
        text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            parts = urlsplit(link)
            assert parts.scheme or not parts.path or (page.parent / parts.path).exists(), f"{page.name}: {link}"
