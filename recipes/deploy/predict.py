"""Predicting on a user's own pictures: overlays to look at, label maps and JSON to work with."""

import json
from collections import Counter
from itertools import tee
from textwrap import indent

import numpy as np
from PIL import Image

from export.tasks import known_task
from recipes.data import pictures
from recipes.data.files import replace_file
from recipes.data.progress import track
from recipes.evaluation import rle
from zoo.drawing.depict import SCORE, draw_targets, found_in
from zoo.errors import InputError
from zoo.ops.objects_numpy import detected


def predict(predictor, paths, output, *, skip_bad=False, score=SCORE):
    """Predicts pictures, as `predict_each`, and keeps what was found.

    Returns:
        `(entries, skipped)`: the list of dicts that `predictions.json` holds, and one line a picture left out.
    """
    entries = []
    _, skipped = predict_each(predictor, paths, output, entries.append, skip_bad=skip_bad, score=score)
    return entries, skipped


def predict_each(predictor, paths, output, found, *, skip_bad=False, score=SCORE):
    """Predicts pictures and writes what was found; of any number of pictures a few stand in memory at a time.

    For `street.jpg` the folder gets `street_overlay.png` and an entry of `predictions.json`; for segmentation also
    `street_classes.png` (one class index a pixel). Masks of objects stand in the JSON as COCO's run lengths.

    The heads of all files are looked at before the first is predicted, so that a file that is no picture, or is cut
    short, stops the run while nothing is written. Damage inside a picture shows only when its turn comes.

    Args:
        predictor: what `export.load` returns.
        paths: picture files and folders of them.
        output: folder to write to; made if missing.
        found: is called with each entry of `predictions.json` in its turn.
        skip_bad: leave out unreadable pictures instead of stopping.
        score: the least score, 0-1, of an object that counts as found.

    Returns:
        `(count, skipped)`: how many pictures were predicted, and one line a picture left out.

    Raises:
        InputError: if a picture cannot be read, two would get the same name, the folder cannot be written, or the
            score lies outside 0-1.
    """
    entry_of = ENTRIES[known_task(predictor, ENTRIES)]
    if not 0 <= score <= 1:
        raise InputError(f"--score takes a number from 0 to 1, received {score}")
    files = [file for path in paths for file in pictures.find(path)]
    check_names(files, [output / f"{file.stem}_{kind}.png" for file in files for kind in ("overlay", "classes")])
    skipped = []
    looked_at = readable(pictures.size_of, track(files, "looking at pictures", len(files)), skip_bad, skipped)
    files = [file for file, _ in looked_at]
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{output}: cannot be made ({error.strerror}); name another folder") from error
    count = 0

    def entries():
        nonlocal count
        read, ahead = tee(readable(pictures.read, files, skip_bad, skipped))
        predictions = predictor.predict_each(image for _, image in ahead)
        for (file, image), prediction in track(zip(read, predictions, strict=True), "predicting", len(files)):
            seen = found_in(prediction, predictor.task, image.shape[:2], score)
            drawn = {"overlay": draw_targets(image, seen, predictor.class_names, predictor.skeleton)}
            if predictor.task == "segmentation":
                drawn["classes"] = seen["segmentation"].astype(np.uint8)
            names = {kind: f"{file.stem}_{kind}.png" for kind in drawn}
            for kind, pixels in drawn.items():
                replace_file(output / names[kind], Image.fromarray(pixels).save, durable=False)  # is easily made anew
            size = {"height": image.shape[0], "width": image.shape[1]}
            entry = {"picture": str(file), **size, **names, **entry_of(predictor, prediction, seen)}
            found(entry)
            count += 1
            yield entry

    replace_file(output / "predictions.json", lambda path: write_list(path, entries()))
    return count, skipped


def readable(read, files, skip_bad, skipped):
    """Yields each file with what a function reads of it; what it cannot read is an error, or a line in `skipped`."""
    for file in files:
        try:
            yield file, read(file)
        except ValueError as error:
            words = str(error) if isinstance(error, InputError) else f"{file}: {error}"
            if not skip_bad:
                raise InputError(f"{words}, or predict with --skip-bad") from error
            skipped.append(words)


def write_list(path, values):
    """Writes a JSON list as its values come."""
    with open(path, "w", encoding="utf-8") as file:
        between = "[\n"
        for value in values:
            file.write(between + indent(json.dumps(value, indent=2), "  "))
            between = ",\n"
        file.write("[]\n" if between == "[\n" else "\n]\n")


def check_names(files, results):
    """Raises `InputError` if two files would get the same names of results, or a result that of a file."""
    stems = Counter(file.stem for file in files)
    for file in files:
        if stems[file.stem] > 1:
            raise InputError(f"{file}: another picture is named {file.stem} too; predict them into different folders")
    given = {file.absolute() for file in files}
    for result in results:
        if result.absolute() in given:
            raise InputError(
                f"{result} is one of the pictures, and a result has its name: predict into another folder"
            )


def summary(entry):
    """Says in a few words what an entry of `predictions.json` holds: "road 53 %, sky 30 %", or "2 dog, 1 cat"."""
    if "shares" in entry:
        shares = sorted(entry["shares"].items(), key=lambda pair: -pair[1])[:3]
        return ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares if share)
    if "objects" in entry:
        counts = Counter(found["class"] for found in entry["objects"])
        return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "nothing"
    return f"{len(entry['points'])} points" if entry["points"] else "nothing"


def segmentation_entry(predictor, prediction, found):
    """Returns the share of the picture's pixels that each class has."""
    num_classes = prediction["logits"].shape[-1]
    shares = np.bincount(found["segmentation"].ravel(), minlength=num_classes) / found["segmentation"].size
    return {"shares": {name_of(predictor.class_names, i): round(float(share), 6) for i, share in enumerate(shares)}}


def objects_entry(predictor, prediction, found):
    """Returns the objects found: class, score and box, xyxy in the picture's pixels, the best first.

    As far as the task has them, each has its mask as COCO's run lengths, see `recipes.evaluation.rle`, and its
    keypoints by name: x and y in the picture's pixels, and the score.
    """
    rows = zip(found["labels"], found["scores"], found["boxes"], strict=True)
    objects = [
        {"class": name_of(predictor.class_names, label), "score": rounded(score, 6), "box": rounded(box, 2)}
        for label, score, box in rows
    ]
    if "masks" in found:
        for one, mask in zip(objects, found["masks"], strict=True):
            one["mask"] = rle.encode(mask)
    if "keypoints" in found:
        # Of all objects, by falling score, those found are the first.
        for one, points in zip(objects, detected(prediction, "keypoints")["keypoints"], strict=False):
            one["keypoints"] = by_name(predictor, points)
    return {"objects": objects}


def points_entry(predictor, prediction, found):
    """Returns the score of there being an object, and its points, x and y in the picture's pixels, by name."""
    points = by_name(predictor, prediction["points"]) if len(found["keypoints"]) else {}
    return {"score": rounded(prediction["score"], 6), "points": points}


ENTRIES = {
    "segmentation": segmentation_entry,
    "localization": objects_entry,
    "points": points_entry,
    "detection": objects_entry,
    "instance_segmentation": objects_entry,
    "keypoints": objects_entry,
    "masks_and_keypoints": objects_entry,
}


def by_name(predictor, points):
    """Returns the rows of `(K, 2 or 3)` keypoints by their names, numbers where nobody named them."""
    names = predictor.keypoint_names or map(str, range(len(points)))
    return {name: rounded(point, 2) for name, point in zip(names, points, strict=True)}


def name_of(class_names, label):
    """Returns the name of a class, `class 3` where nobody gave one."""
    return class_names[label] if label < len(class_names) else f"class {label}"


def rounded(values, digits):
    """Returns floats as JSON takes them."""
    return np.round(np.asarray(values, "float64"), digits).tolist()
