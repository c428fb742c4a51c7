"""What holds of all verbs, and that the page of the command line tells of them as they are."""

import json
import re
from pathlib import Path

import pytest
import typer

from recipes.cli import main as cli

PAGE = (Path(__file__).parents[3] / "docs" / "command_line.md").read_text("utf-8")


def verbs_of(command, name=""):
    """Yields pairs of a verb, such as "weights fetch", and its `click.Command`."""
    for own, one in getattr(command, "commands", {}).items():
        yield (f"{name} {own}".strip(), one)
        yield from verbs_of(one, own)


VERBS = dict(verbs_of(typer.main.get_command(cli.app)))


def options_of(command):
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_json_and_shows_an_example(verb):
    assert "--json" in options_of(VERBS[verb])
    assert VERBS[verb].epilog.startswith(f"Example: zoo {verb.partition(' ')[0]}")


def test_the_page_names_every_verb_and_only_options_that_there_are():
    told = re.findall(r"zoo (\w+)([^\n#`]*)", PAGE)
    assert {verb.partition(" ")[0] for verb in VERBS} <= {verb for verb, _ in told} <= {*VERBS, "list"}
    for verb, words in told:
        assert {*re.findall(r"--[\w-]+", words)} <= options_of(VERBS[verb]), verb
    every = set().union(*map(options_of, VERBS.values())) | {"--help"}
    assert {*re.findall(r"--[\w-]+", PAGE)} <= every


def test_json_goes_to_the_output_alone(zoo, tmp_path):
    for words in (["list"], ["weights"], ["weights", "fetch", "regionzoo/unet_shapes"]):
        code, out, err = zoo(*words, "--json", "-")
        assert code == 0 and json.loads(out) and err
    assert not list(tmp_path.iterdir())


def test_json_overwrites_json_alone(zoo, tmp_path):
    picture, folder, file = tmp_path / "a.jpg", tmp_path / "b", tmp_path / "c.json"
    picture.write_bytes(b"\xff\xd8\xff")
    folder.mkdir()
    for place, message in (
        (picture, f"error: {picture} is there, and no JSON: --json would overwrite it"),
        (folder, f"error: {folder} is a folder: --json takes the name of a file, as in {folder}/found.json"),
        (Path("/proc/a.json"), "error: /proc/a.json: cannot be written"),
    ):
        code, out, err = zoo("list", "--json", place)
        assert (code, out) == (2, "") and err.startswith(message)
    assert picture.read_bytes() == b"\xff\xd8\xff" and [*folder.iterdir()] == []
    for _ in range(2):
        assert zoo("list", "--json", file)[0] == 0 and json.loads(file.read_text())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["trian"], "error: No such command 'trian'. Did you mean 'train'? (`zoo --help` shows the words)\n"),
        (["predict", "m.onnx", "a.jpg", "--score", "high"], "error: Invalid value for '--score': "),
        (["predict", "m.onnx", "a.jpg", "--colour"], "error: No such option"),
        (["list", "--json", "no/a.json"], "error: no/a.json: there is no folder no; make it, or choose"),
        (["weights", "fetch"], "error: Missing argument 'names'. (`zoo weights fetch --help` shows the words)\n"),
    ],
)
def test_wrong_words_are_one_line_at_any_width(zoo, monkeypatch, words, line):
    monkeypatch.setenv("COLUMNS", "40")
    code, out, err = zoo(*words)
    assert (code, out) == (2, "") and err.startswith(line) and err.count("\n") == 1


def test_no_words_show_the_help(zoo):
    code, out, err = zoo()
    assert (code, err) == (2, "") and "predict" in out
