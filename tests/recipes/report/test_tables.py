import os

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
    assert all(line.isprintable() for line in out.splitlines())
    assert all(word in out for word in ("\\x1b[2J", "K\\udcff.png", "\\ud800\\rä", "one", "two"))
