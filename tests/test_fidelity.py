"""The page that says of every network what is the paper's, what the release's, and what is ours."""

import re
from pathlib import Path

import zoo

PAGE = Path(__file__).parents[1] / "docs" / "fidelity.md"


def test_every_network_stands_on_the_page():
    named = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    assert sorted(set(zoo.BUILDERS) - named) == []


def test_every_row_has_as_many_cells_as_its_table():
    for table in re.findall(r"(?:^\|.*\n)+", PAGE.read_text(), re.MULTILINE):
        head, *rows = table.splitlines()
        assert [row for row in rows if row.count("|") != head.count("|")] == []
