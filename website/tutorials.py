"""The tutorials: Markdown whose code is run as a notebook, and shown with what it printed and drew."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "tutorials"
NAMES = ("fine_tune", "colour_masks", "ship", "lineage", "own_architecture")
IN_A_CLONE = ("own_architecture",)
"""Those that change the house itself, and do so in a copy of it."""
SECONDS = 300


def run(name, folder):
    """Runs a tutorial in an empty folder.

    Args:
        name: one of `NAMES`.
        folder: where its files come to lie; for one of `IN_A_CLONE` the house is copied there first.

    Returns:
        The notebook, with the outputs of its cells.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails.
    """
    house = ROOT
    if name in IN_A_CLONE:
        copy_house(folder)
        house = folder
    notebook = jupytext.read(FOLDER / f"{name}.md")
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    surroundings = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(house), os.environ.get("PYTHONPATH")])),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "COLUMNS": "100",
    }
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, **surroundings}, stderr=subprocess.DEVNULL)  # the kernel's own lines
    return notebook


def copy_house(folder):
    """Makes a folder a clone of the house as it stands, committed or not."""
    listed = ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    author = ["-c", "user.name=zoo", "-c", "user.email=zoo@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "The house"]):
        subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)


def ran(name, kept):
    """Returns a tutorial's notebook with its outputs, from a folder of earlier runs where nothing has changed since.

    Args:
        name: one of `NAMES`.
        kept: folder of notebooks; the name of each has a hash of the tutorial and of the house's code.
    """
    file = kept / f"{name}-{state(name)}.ipynb"
    if not file.is_file():
        with tempfile.TemporaryDirectory() as folder:
            notebook = run(name, Path(folder))
        kept.mkdir(parents=True, exist_ok=True)
        for old in kept.glob(f"{name}-*.ipynb"):
            old.unlink()
        nbformat.write(notebook, file)
    return nbformat.read(file, as_version=4)


def state(name):
    """Returns a hash of a tutorial's text and of the code that it runs."""
    digest = hashlib.sha256((FOLDER / f"{name}.md").read_bytes())
    for room in ("zoo", "export", "recipes"):
        for file in sorted((ROOT / room).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def page(notebook, name):
    """Returns a tutorial as Markdown, and its pictures by file name."""
    text, pictures = [], {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text.append(cell.source)
            continue
        if cell.cell_type == "raw":
            continue
        magic, _, rest = cell.source.partition("\n")
        if magic.startswith("%%writefile "):
            text.append(f"`{magic.split()[1]}`:")
        language = "bash" if magic == "%%bash" else "python"
        text.append(f"```{language}\n{rest if magic.startswith('%%') else cell.source}\n```")
        said = "".join(one.text for one in cell.outputs if one.output_type == "stream" and one.name == "stdout")
        for one in cell.outputs:
            shown = one.get("data", {})
            if "image/png" in shown:
                pictures[f"{name}-{len(pictures)}.png"] = base64.b64decode(shown["image/png"])
                text.append(f"![what the cell above draws]({name}-{len(pictures) - 1}.png)")
            elif "text/plain" in shown:
                said += shown["text/plain"] + "\n"
        if said and not magic.startswith("%%writefile "):
            text.append(f"```text\n{settled(said).rstrip()}\n```")
    return "\n\n".join(text) + "\n", pictures


def settled(text):
    """Returns what a terminal shows in the end, without colours and a converter's asides.

    Of a line that was written over it is the last state.
    """
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|^INFO:tensorflow:.*\n", "", text, flags=re.MULTILINE)
    return "\n".join(line.rstrip("\r ").rsplit("\r", 1)[-1] for line in plain.split("\n"))
