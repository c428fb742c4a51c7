"""`voc:DIR[:split]`: the layout of Pascal VOC: Annotations/*.xml, JPEGImages, ImageSets/Main/<split>.txt."""

import math
from pathlib import Path
from xml.etree import ElementTree

from recipes.data.pictures import SUFFIXES
from recipes.data.progress import track
from recipes.data.sources.annotated import Annotated, Entry
from recipes.data.sources.source import named_classes
from zoo.errors import InputError

NEEDED = "voc:DIR needs DIR/Annotations with .xml files and DIR/JPEGImages with their pictures"


class Voc(Annotated):
    """Boxes of Pascal VOC; "difficult" objects are ignored ones.

    The classes stand in DIR/classes.txt, one a line; without it they are the sorted names in all annotations, so
    that splits agree (for VOC itself this is VOC's own order).

    Args:
        rest: `DIR` for all annotations, or `DIR:split`.

    Raises:
        InputError: if a folder, the split or every class is missing.
    Source: Everingham et al., The PASCAL VOC Challenge 2007 Development Kit, section 5.
    """

    def __init__(self, rest):
        folder, _, split = rest.partition(":")
        folder = _checked(folder)
        files = sorted((folder / "Annotations").glob("*.xml"))
        names = named_classes(folder / "classes.txt")
        chosen = _split_files(folder, split) if split else files
        if not chosen:
            raise InputError(f"{folder / 'Annotations'}: holds no .xml file; {NEEDED}")
        wanted = chosen if names else sorted({*files, *chosen})
        parsed = {file: _parse(file) for file in track(wanted, f"reading voc:{rest}", len(wanted))}
        found = {name for objects, _ in parsed.values() for name in objects["names"]}
        names = names or tuple(sorted(found))
        if not names:
            raise InputError(f"{folder / 'Annotations'}: no annotation names an object")
        pictures = {path.stem: path for path in (folder / "JPEGImages").iterdir() if path.suffix.lower() in SUFFIXES}
        missing = folder / "JPEGImages"
        entries = [
            _entry(pictures.get(file.stem, missing / f"{file.stem}.jpg"), file, *parsed[file], names)
            for file in chosen
        ]
        super().__init__(f"voc:{rest}", entries, names, ("boxes", "labels", "ignored"))


def _checked(folder):
    if not folder:
        raise InputError(f"voc: names no folder; {NEEDED}")
    folder = Path(folder)
    for part in (folder, folder / "Annotations", folder / "JPEGImages"):
        if not part.is_dir():
            raise InputError(f"{part}: no such folder; {NEEDED}")
    return folder


def _split_files(folder, split):
    path = folder / "ImageSets" / "Main" / f"{split}.txt"
    if not path.is_file():
        splits = ", ".join(sorted(file.stem for file in path.parent.glob("*.txt"))) or "no splits"
        raise InputError(f"{path}: no such split; {folder} has {splits}")
    stems = path.read_text().split()
    if not stems:
        raise InputError(f"{path}: the split is empty; it takes the name of a picture a line, without .jpg")
    return [folder / "Annotations" / f"{stem}.xml" for stem in stems]


def _entry(picture, file, objects, fault, names):
    unknown = [name for name in objects["names"] if name not in names]
    if unknown:
        fault = f"the class {unknown[0]!r} is none of the {len(names)} known ({', '.join(names[:20])})"
    if fault:
        return Entry(picture, file, fault=fault)
    labels = [names.index(name) for name in objects["names"]]
    return Entry(picture, file, {"boxes": objects["boxes"], "labels": labels, "ignored": objects["ignored"]})


def _parse(file):
    """Returns the objects of one annotation, lists by key, and what is wrong with it, "" for nothing."""
    nothing = {"names": [], "boxes": [], "ignored": []}
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return nothing, "no such annotation, which the split names"
    except UnicodeDecodeError:
        return nothing, "is no UTF-8 text"
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return nothing, "has a DOCTYPE, which no annotation needs: it could make a small file grow without end"
    try:
        rows = [
            _object(number, element) for number, element in enumerate(ElementTree.fromstring(text).iterfind("object"))
        ]
    except (ElementTree.ParseError, ValueError) as error:
        return nothing, f"is no VOC annotation: {error}"
    return {key: [row[i] for row in rows] for i, key in enumerate(nothing)}, ""


def _object(number, element):
    """Returns name, box and difficulty of one `<object>`."""
    name = (element.findtext("name") or "").strip()
    if not name:
        raise ValueError(f"object {number} has no name")
    sides = []
    for key in ("xmin", "ymin", "xmax", "ymax"):
        side = element.findtext(f"bndbox/{key}")
        if side is None:
            raise ValueError(f"object {number} has no {key}")
        sides.append(float(side))
    if not all(map(math.isfinite, sides)):
        raise ValueError(f"object {number} has a box that is no number")
    x1, y1, x2, y2 = sides
    # VOC counts pixels from 1 and includes the last. Where it is not beyond the first the object is a stray
    # click, which we do not make a pixel of.
    last = 0 if x2 > x1 and y2 > y1 else 1
    difficult = (element.findtext("difficult") or "0").strip() == "1"
    return name, (x1 - 1, y1 - 1, x2 - last, y2 - last), difficult
