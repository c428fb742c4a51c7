"""The page of an artifact, with the colours of our reports and the pictures of its run."""

import os
from dataclasses import replace
from pathlib import Path

from export.web import write
from recipes.data import pictures
from recipes.data.remembered import folder
from recipes.report import run
from zoo.constants import VOID
from zoo.drawing.colours import hexadecimal, palette
from zoo.errors import InputError

SHOWN = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
"""Pictures that every browser reads."""
SAMPLES = 6


def web(artifact, output, samples=()):
    """Writes the page of an artifact; see `export.web.write`. The report of its run, if it lies in one, links to it.

    Args:
        artifact: an .onnx or .tflite file.
        output: folder to write.
        samples: picture files to offer; if none are given, the first of the run's `pictures/`, as a demo has them.
    Returns:
        The `export.web.Page`.
    Raises:
        InputError: if the artifact or a sample is of the wrong kind or missing, or the runtime cannot be had.
    """
    artifact, own = Path(artifact), run.run_of(artifact)
    for sample in samples:
        check_sample(Path(sample))
    if own and not samples and (own.path / "pictures").is_dir():
        offered = (file for file in pictures.find(own.path / "pictures") if file.suffix.lower() in SHOWN)
        samples = list(offered)[:SAMPLES]
    title = own.path.name if own else artifact.stem
    colours = map(hexadecimal, palette(VOID))
    made = write(artifact, output, title=title, colours=colours, cache=folder() / "npm", samples=samples)
    if own:
        run.keep(artifact, "page", replace(made, folder=os.path.relpath(made.folder, own.path)))
    return made


def check_sample(file):
    """Raises `InputError` if a browser would not show a picture."""
    if file.suffix.lower() not in SHOWN:
        raise InputError(f"{file}: browsers show {', '.join(SHOWN)}: convert it")
    try:
        pictures.size_of(file)
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error
