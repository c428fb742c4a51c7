"""What a class looks at in a user's own pictures, drawn on them."""

from pathlib import Path

import numpy as np
from PIL import Image

from recipes.data import pictures
from recipes.deploy.choosing import unknown_class
from recipes.report.heat import looked_at
from zoo.anatomy.heat import NotFound
from zoo.drawing.heat import draw_heat
from zoo.drawing.shapes import draw_boxes
from zoo.errors import InputError
from zoo.files import make_folder, replace_file
from zoo.prediction import name_of


def explain(predictor, paths, output, *, class_name=None, layer=None):
    """Draws for each picture where the score of a class comes from.

    Args:
        predictor: what `export.load` returns of a .keras file.
        paths: picture files and folders of them.
        output: folder for `NAME_heat.png`; made if missing.
        class_name: the class; the best one found in each picture if not given.
        layer: as in `zoo.anatomy.heat.heat`.
    Yields:
        Dicts of `picture`, `class`, `score`, `box` xyxy in the picture or `None`, `layer`, `heat`, the file's name;
        of a picture in which the class is not found of `picture` alone, all else `None`.
    Raises:
        InputError: if the file is an artifact, the class or layer is unknown, two pictures would be drawn into one
            file, or a file cannot be read or written.
    """
    if not hasattr(predictor, "model"):
        raise InputError(f"{predictor.path} is an artifact, through which no gradient goes: give its .keras file")
    label = label_of(predictor.class_names, class_name)
    files = [file for path in paths for file in pictures.find(path)]
    check_names(files)
    make_folder(output)
    for file in files:
        image = pictures.read(file)
        try:
            seen, found = looked_at(predictor, image, label, layer)
        except NotFound:
            yield {"picture": str(file), **dict.fromkeys(("class", "score", "box", "layer", "heat"))}
            continue
        box = found.box
        name = name_of(predictor.class_names, found.label)
        drawn = draw_heat(image, seen)
        if box is not None:
            drawn = draw_boxes(drawn, box[None], np.array([0]), (name,), [found.score])
        written = f"{Path(file).stem}_heat.png"
        replace_file(output / written, Image.fromarray(drawn).save, durable=False)
        yield {
            "picture": str(file),
            "class": name,
            "score": round(found.score, 6),
            "box": None if box is None else [round(float(side), 2) for side in box],
            "layer": found.layer,
            "heat": written,
        }


def check_names(files):
    """Raises `InputError` if two pictures would be drawn into one file."""
    taken = set()
    for stem, file in ((Path(file).stem, file) for file in files):
        if stem in taken:
            raise InputError(f"{file}: another input is named {stem} too; explain them into different folders")
        taken.add(stem)


def label_of(class_names, name):
    """Returns the index of a class, `None` for no name."""
    if name is None:
        return None
    if name not in class_names:
        raise unknown_class("--class", name, class_names)
    return class_names.index(name)
