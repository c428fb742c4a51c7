"""The tutorials run as they stand, and what they say of themselves is so."""

import re

import pytest

pytest.importorskip("nbclient", reason="pip install 'regionzoo[docs]'")
pytest.importorskip("jupytext", reason="pip install 'regionzoo[docs]'")

from website import tutorials


@pytest.fixture(scope="module")
def kept():
    return tutorials.ROOT / "build" / "tutorials"


def said(notebook):
    """Returns what the cells of a notebook print and return."""
    outputs = [one for cell in notebook.cells if cell.cell_type == "code" for one in cell.outputs]
    return "".join(one.get("text", "") or one.get("data", {}).get("text/plain", "") for one in outputs)


@pytest.mark.full
@pytest.mark.parametrize("name", tutorials.NAMES)
def test_a_tutorial_runs(name, kept):
    """Where `make docs` has run it since anything changed, its notebook is there."""
    notebook = tutorials.ran(name, kept)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) >= 5 and all(cell.execution_count for cell in code)
    text, pictures = tutorials.page(notebook, name)
    assert "Traceback" not in text and text.count("```") % 2 == 0
    assert all(data[:4] == b"\x89PNG" for data in pictures.values())
    CHECKS[name](said(notebook), pictures)


def fine_tuned(said, pictures):
    assert len(pictures) == 2
    assert re.search(r"(coin|leaf) 0\.\d+ \[", said)


def segmented(said, pictures):
    assert len(pictures) == 2
    assert float(re.search(r"'miou': (0\.\d+)", said)[1]) > 0.6


def shipped(said, pictures):
    assert "passed: " in said and float(re.search(r"same predictions\s+([\d.]+) %", said)[1]) > 95


def passed_through(said, pictures):
    assert len(pictures) == 4
    assert "apart: True" in said


def added(said, pictures):
    """Ten files, as the tutorial counts them, of which three are new."""
    files = re.findall(r"^ ?(M|\?\?) (\S+)$", said, re.MULTILINE)
    assert len(files) == 10 and sum(state == "??" for state, _ in files) == 3, files
    assert re.search(r"\d+ passed", said)


CHECKS = dict(zip(tutorials.NAMES, (fine_tuned, segmented, shipped, passed_through, added), strict=True))


def test_a_page_shows_code_output_and_pictures():
    import nbformat

    cell = nbformat.v4.new_code_cell("%%bash\nzoo list")
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="10 %\r\x1b[1m100 %\x1b[0m \nend\n"),
        nbformat.v4.new_output("stream", name="stderr", text="noise"),
        nbformat.v4.new_output("display_data", data={"image/png": "iVBORw==", "text/plain": "<picture>"}),
    ]
    text, pictures = tutorials.page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A"), cell]), "a")
    assert text.startswith("# A\n\n```bash\nzoo list\n```\n\n![")
    assert "```text\n100 %\nend\n```" in text and "noise" not in text
    assert pictures == {"a-0.png": b"\x89PNG"}
