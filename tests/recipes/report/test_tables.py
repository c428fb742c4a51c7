import os
import re

import pytest

from recipes.report.tables import show, show_scores


def test_figures_of_a_class_stand_side_by_side(capsys):
    show_scores("a run", {"ap": 0.5, "ap50": None, "ap50/cat": 0.75, "ap50/dog": 0.25, "ap/cat": 0.5, "ap/dog": None})
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == ["a", "run"]
    for row in (["ap", "0.5000"], ["ap50", "–"], ["of", "each", "ap50", "ap"]):
        assert row in lines
    assert ["cat", "0.7500", "0.5000"] in lines and ["dog", "0.2500", "–"] in lines


def test_without_classes_there_is_one_table(capsys):
    show_scores("a run", {"nme": 0.05})
    assert "of each" not in capsys.readouterr().out


def test_brackets_of_a_name_are_no_styles(capsys):
    show("[a] run", ["[b]"], [["street [edited].png"], ["[/b].png"]])
    assert [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip(" ─")] == [
        "[a] run",
        "[b]",
        "street [edited].png",
        "[/b].png",
    ]


def test_names_of_any_characters_are_shown(capsys):
    """Also those that would move a terminal's cursor, and bytes that are no text, which a terminal refuses."""
    show("\x1b[2J", ["class", "n"], [[os.fsdecode(b"K\xff.png"), 3], ["\ud800\rä", "one\ntwo"]])
    out = capsys.readouterr().out
    assert all(line.replace("\t", "").isprintable() for line in out.splitlines())
    assert all(word in out for word in ("\\x1b[2J", "K\\udcff.png", "\\ud800\\rä", "one", "two"))


def on_terminal(monkeypatch, capsys, width, *arguments, **options):
    """Returns the lines that a table has on a terminal of so many characters."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    show(*arguments, **options)
    return re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).splitlines()


NAME = "torchvision/IMAGENET1K_V2"
LONG = "a reported figure that takes a sentence of its own, of more characters than there is room for on this line"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_name_and_no_number_is_broken_on_a_narrow_terminal(monkeypatch, capsys, width):
    rows = [[NAME, "selective_search_fast", LONG, "1,234,567"], ["b", "c", "d/" * 30, "2"]]
    lines = on_terminal(
        monkeypatch, capsys, width, "names", ["name", "method", "figure", "n"], rows, prose=("figure",)
    )
    text = "\n".join(lines)
    assert NAME in text and "selective_search_fast" in text and "1,234,567" in text and "d/" * 30 in text
    assert any(LONG in line for line in lines) == (width == 200)
    assert " ".join(LONG.split()) in " ".join(re.sub(rf"{NAME}|selective_search_fast|1,234,567", "", text).split())


def test_what_is_piped_has_tabs_and_no_boxes(capsys):
    show("two", ["name", "of\twhat", "n"], [[NAME, "x\ny", 3], ["b", "", 4]])
    assert capsys.readouterr().out == f"two\nname\tof\\twhat\tn\n{NAME}\tx, y\t3\nb\t\t4\n\n"
