"""A page that runs an artifact in a browser: a folder of files, which any web server hands out."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from export.artifact import Artifact
from export.files import size
from export.placing import folder_beside, put_in_place
from export.tasks import known_task
from export.tolerances import TOLERANCES
from export.web.runtimes import RUNTIMES, copy
from zoo.errors import InputError

PAGE = Path(__file__).parent / "page"
DESCRIPTION = "page.json"


@dataclass(frozen=True)
class Page:
    """A page that was written.

    Attributes:
        folder: where it lies.
        size: bytes of all its files.
    """

    folder: str
    size: int

    def to_dict(self):
        """Returns the attributes as a dict that JSON can hold."""
        return asdict(self)


def write(path, output, *, title, colours, cache, samples=()):
    """Writes a page that takes pictures and shows what an artifact predicts in them, all in the browser.

    The folder stands alone: with `python -m http.server` in it, or copied to where static pages are kept, it needs no
    other host, no headers, and no place of its own in the address.

    Args:
        path: an .onnx or .tflite file.
        output: folder to write, in one step; a page that is there is replaced.
        title: heading of the page.
        colours: of classes, keypoints and limbs, by their index: `"#0072b2"` and so on.
        cache: folder that keeps what was fetched.
        samples: picture files to offer, which browsers read.
    Returns:
        The `Page`.
    Raises:
        InputError: if the artifact is none that a browser runs, a file is missing, or the runtime cannot be had.
    """
    path, output = Path(path), Path(output).absolute()
    card = check_artifact(path, Artifact.read(path))
    if output.exists() and not replaceable(output):
        raise InputError(f"{output} is there and no page of ours: choose another folder")
    runtime = RUNTIMES[card.format]
    model = f"model{path.suffix}"
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with folder_beside(output) as folder:
            page = shutil.copytree(PAGE, folder / output.name)
            shutil.copyfile(path, page / model)
            for part in ("runtime", "samples"):
                (page / part).mkdir()
            for package in runtime.packages:
                copy(package, page / "runtime", cache)
            description = {
                "title": title,
                "card": {**card.to_dict(), "path": model},
                "model": model,
                "colours": list(colours),
                "samples": [copied(sample, page, i) for i, sample in enumerate(samples)],
                "runtime": {
                    "name": runtime.name,
                    "version": runtime.packages[0].version,
                    "licence": runtime.licence,
                },
            }
            (page / DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
            put_in_place(page, output, folder)
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror or error}); choose another place") from error
    return Page(str(output), size(output))


def check_artifact(path, card):
    """Returns the card, or raises `InputError` if the page cannot run what it describes."""
    if card is None or card.format not in RUNTIMES:
        raise InputError(f"{path}: a browser runs .onnx and .tflite files of `zoo export`")
    known_task(card, TOLERANCES)
    (picture, *more), (height, width) = card.inputs, card.image_size
    if more:
        raise InputError(f"{path} needs regions found by {card.attributes['proposals']}, which a browser cannot find")
    if (picture["name"], picture["dtype"]) != ("image", "uint8") or None in (height, width):
        raise InputError(f"{path} takes {picture}: a page gives uint8 pictures of one size; export it with that")
    maps = [output["shape"][1:3] for output in card.outputs if output["name"] == "logits"]
    if card.task == "segmentation" and maps != [[height, width]]:
        raise InputError(f"{path} maps {height}x{width} pixels to {maps}: the page shows maps of the whole picture")
    return card


def replaceable(folder):
    """Says whether a folder is a page, or empty: a run's folder has a `page.json` too, of another kind."""
    if not folder.is_dir():
        return False
    if not any(folder.iterdir()):
        return True
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(described, dict) and {"card", "model", "runtime"} <= described.keys()


def copied(sample, page, i):
    """Copies the i-th sample into the page; returns its address there."""
    name = f"samples/{i}{Path(sample).suffix.lower()}"
    shutil.copyfile(sample, page / name)
    return name
