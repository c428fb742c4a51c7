"""Predicting on a user's own pictures: overlays to look at, label maps and JSON to work with."""

import json

import numpy as np
from PIL import Image

from recipes import drawing
from recipes.data import pictures
from recipes.data.progress import track
from recipes.evaluate import predictions
from recipes.workdir import replace_file, replace_text
from zoo.errors import InputError


def predict(predictor, paths, output, *, skip_bad=False):
    """Predicts pictures and writes what was found.

    For `street.jpg` the folder gets `street_overlay.png`, `street_classes.png` (one class index a pixel) and an entry
    of `predictions.json`.

    Args:
        predictor: what `export.load` returns.
        paths: picture files and folders of them.
        output: folder to write to; made if missing.
        skip_bad: leave out unreadable pictures instead of refusing to start.

    Returns:
        `(entries, skipped)`: the list of dicts that `predictions.json` holds, and one line a picture left out.

    Raises:
        InputError: if a picture cannot be read, two would get the same name, or the folder cannot be written.
    """
    files = [file for path in paths for file in pictures.find(path)]
    stems = [file.stem for file in files]
    for file in files:
        if stems.count(file.stem) > 1:
            raise InputError(f"{file}: another picture is named {file.stem} too; predict them into different folders")
    names = predictor.class_names or tuple(f"class {i}" for i in range(256))
    skipped, readable = [], []
    for file in files:  # all are read before the first is predicted: a bad one stops the run while nothing is written
        try:
            pictures.read(file)
            readable.append(file)
        except InputError as error:
            if not skip_bad:
                raise InputError(f"{error}, or predict with --skip-bad") from error
            skipped.append(str(error))
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{output}: cannot be made ({error.strerror}); name another folder") from error
    entries = []
    examples = ({"file": file, "image": pictures.read(file)} for file in readable)
    for example, prediction in track(predictions(predictor, examples), "predicting", len(readable)):
        file, image = example["file"], example["image"]
        classes = np.argmax(prediction["logits"], axis=-1).astype(np.uint8)
        overlay, labels = output / f"{file.stem}_overlay.png", output / f"{file.stem}_classes.png"
        replace_file(overlay, Image.fromarray(drawing.overlay(image, classes)).save)
        replace_file(labels, Image.fromarray(classes).save)
        shares = np.bincount(classes.ravel(), minlength=prediction["logits"].shape[-1]) / classes.size
        entries.append(
            {
                "picture": str(file),
                "height": image.shape[0],
                "width": image.shape[1],
                "overlay": overlay.name,
                "classes": labels.name,
                "shares": {names[i]: round(float(share), 6) for i, share in enumerate(shares)},
            }
        )
    replace_text(output / "predictions.json", json.dumps(entries, indent=2) + "\n")
    return entries, skipped
