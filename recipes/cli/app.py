"""What the verbs of the `zoo` command share: the app that knows them, and the options that several take."""

import functools
import json
import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

import typer

from recipes.cli.quiet import import_frameworks
from zoo.errors import InputError
from zoo.files import is_device, replace_text

app = typer.Typer(
    help="Region- and pixel-level CNNs for Keras 3: train, measure and ship them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

SPECS = (
    "shapes[:split], single_shapes[:split], masks:DIR, voc_segmentation:DIR[:split], sbd:DIR[:split], "
    "sunrgbd:DIR:split, instances:DIR[:split], cityscapes:DIR:split, voc:DIR[:split], coco:FILE.json@DIR, "
    "coco_segmentation:FILE.json@DIR, yolo:DIR[:split], labelme:DIR, via:FILE.json@DIR, nuclei:DIR, points:FILE.csv, "
    "tfds:NAME[:split], crops:objects:SOURCE or crops:proposals:SOURCE."
)
STDOUT = Path("-")
Crf = Annotated[bool, typer.Option("--crf", help="Refine a segmenter's maps by a dense CRF.")]
Data = Annotated[str | None, typer.Option(help=f"Source: {SPECS}")]
ValData = Annotated[str | None, typer.Option(help="Source to measure on; the one beside --data if not given.")]
Start = Annotated[
    str | None, typer.Option(help="What to begin with: a run's folder, a file, a name of `zoo weights`.")
]
Model = Annotated[str, typer.Argument(help="A .keras file, an artifact, or a name that `zoo weights` lists.")]
Json = Annotated[
    Path | None,
    typer.Option("--json", help="Also write what was found to this file; - prints it, and tables on stderr."),
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out unusable pictures instead of refusing them.")]
Tile = Annotated[
    str | None,
    typer.Option(
        help="Look at overlapping tiles, 1024 or HEIGHTxWIDTH, at the picture's own scale: detectors find small "
        "objects, segmenters see large pictures as U-Net's paper does, without seams."
    ),
]
Overlap = Annotated[
    float | None,
    typer.Option(
        help="Share of a tile that its neighbours show too, 0.2 for detectors; a segmenter's tiles are blended there."
    ),
]
Flip = Annotated[bool, typer.Option("--flip", help="Look at pictures mirrored, too, and join what is found.")]
Scales = Annotated[
    str | None, typer.Option(help="Look at pictures in these sizes, as in 0.8,1,1.25, and join what is found.")
]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Change a field of the recipe: field=value.")]


def verb(example, name=None, frameworks=False):
    """Registers a function as a verb of the command, with an example in its help.

    Args:
        example: how it is called.
        name: the verb, where it is not the function's name.
        frameworks: whether it needs Keras and TensorFlow whatever it is called with; they are then loaded first,
            and quietly. A verb that does without starts at once.
    """

    def register(function):
        @functools.wraps(function)
        def run(**arguments):
            if frameworks:
                import_frameworks()
            return with_json(function)(**arguments)

        return app.command(name, epilog=f"Example: {example}")(run)

    return register


def with_json(function):
    """Returns a verb's function of which `--json -` prints JSON alone: all else goes to stderr.

    What `check_place` refuses is refused before the work.
    """

    @functools.wraps(function)
    def run(**arguments):
        file = arguments.get("json_file")
        if file != STDOUT:
            if file is not None:
                check_place(file)
            return function(**arguments)
        printed = sys.stdout
        with redirect_stdout(sys.stderr):
            return function(**{**arguments, "json_file": printed})

    return run


def check_place(file):
    """Raises `InputError` where `--json` cannot write, or would overwrite what is no JSON, such as a picture."""
    folder = file.absolute().parent
    if not folder.is_dir():
        raise InputError(f"{file}: there is no folder {file.parent}; make it, or choose another place")
    if file.is_dir():
        raise InputError(f"{file} is a folder: --json takes the name of a file, as in {file / 'found.json'}")
    if is_device(file):
        return
    try:
        TemporaryFile(dir=folder).close()
        with open(file, "rb") if file.exists() else nullcontext() as there:
            begins = there.read(64).lstrip()[:1] if there else b""
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror}); choose another place") from error
    if begins not in (b"", b"[", b"{"):
        raise InputError(f"{file} is there, and no JSON: --json would overwrite it; choose another name")


def load(path_or_name, threads=None):
    """Opens a model or an artifact as `export.load`; Keras and TensorFlow are loaded only where they run it."""
    import export
    from export.files import format_of, located

    path = located(path_or_name)
    if format_of(path) in ("keras", "saved_model"):
        import_frameworks()
    return export.load(path, threads)


def numbers(text, option):
    """Returns the numbers of a text such as 0.8,1,1.25, `None` of none; raises `InputError` where it holds others."""
    try:
        return text if text is None else tuple(map(float, text.split(",")))
    except ValueError as error:
        raise InputError(
            f"{option} takes numbers with commas between, as in 0.8,1,1.25, received {text!r}"
        ) from error


def write_json(file, value):
    """Writes what `--json FILE` asks for, if it was given: to a path, or to the stream that `--json -` stands for."""
    if file is None:
        return
    text = json.dumps(value, indent=2)
    if isinstance(file, Path):
        replace_text(file, text + "\n")
    else:
        print(text, file=file)
