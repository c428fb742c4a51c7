"""The files that `zoo predict` writes beside each other, by kind."""

import json
from contextlib import contextmanager
from textwrap import indent

import numpy as np
from PIL import Image

from recipes.deploy.tracking import draw_tracks
from recipes.deploy.video import writing
from zoo.constants import VOID
from zoo.drawing.colours import palette
from zoo.drawing.depict import GREY, draw_targets
from zoo.errors import InputError
from zoo.files import make_folder, replace_file, replace_text, replacing

LISTS = {"json": "predictions.json", "coco": "coco.json"}
"""Kinds that are one list of the whole run, and its file."""
OBJECTS = ("coco", "yolo")
"""Kinds that only objects have."""
KINDS = ("overlay", "json", "classes", "coco", "yolo")


def kinds_of(save, task):
    """Returns the kinds of results to write.

    Args:
        save: names of `KINDS`, a list or a text with commas between; `None` for overlays and predictions.json, and
            label maps of a segmenter.
        task: as `model.task` names it.

    Raises:
        InputError: if a name is unknown, or the task has no such results.
    """
    if save is None:
        return ("overlay", "json", "classes") if task == "segmentation" else ("overlay", "json")
    kinds = [kind.strip() for kind in save.split(",")] if isinstance(save, str) else list(save)
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"--save takes some of {', '.join(KINDS)}, received {kind!r}")
        if kind == "classes" and task != "segmentation":
            raise InputError(f"--save classes is for segmentation, the model is for {task}")
        if kind in OBJECTS and task in ("segmentation", "points"):
            raise InputError(f"--save {kind} is for boxes of objects, the model is for {task}")
    return tuple(dict.fromkeys(kinds))


def names_of(kinds, stream):
    """Returns the names of the files, but lists, that a stream's frames get; of a video's parts the folder's."""
    stems = [stream.stem] if stream.rate else [file.path.stem for file in stream.files]
    endings = {
        "overlay": "_overlay.mp4" if stream.rate else "_overlay.png",
        "classes": "_classes" if stream.rate else "_classes.png",
    }
    return [stem + endings[kind] for stem in stems for kind in kinds if kind in endings]


def overlays(folder, stream, predictor, files):
    """Returns a function that writes what is seen in a frame over it: a PNG a picture, or a frame of one video.

    Args:
        folder: to write to.
        stream: of the frames, see `recipes.deploy.inputs`.
        predictor: what `export.load` returns.
        files: `contextlib.ExitStack` of what is open until the stream ends.

    Returns:
        Function of a `Frame`, what is seen in it as targets, and the prediction, to the file's name by its kind.
    """
    add, written = None, 0

    def save(frame, seen, prediction):
        nonlocal add, written
        names = predictor.class_names, predictor.skeleton
        if "tracks" in prediction:
            drawn = draw_tracks(frame.image, seen, prediction["tracks"], *names)
        else:
            drawn = draw_targets(frame.image, seen, *names)
        if not stream.rate:
            return {"overlay": write_picture(folder, f"{frame.stem}_overlay.png", Image.fromarray(drawn))}
        name = f"{frame.stem}_overlay.mp4"
        if add is None:
            add = files.enter_context(writing(folder / name, stream.rate, drawn.shape[:2]))
        # What a slow model sees of a camera stands still until it sees more; a video keeps each of its frames once.
        copies = max(1, round(frame.seconds * stream.rate) + 1 - written) if stream.live else 1
        for _ in range(copies):
            add(drawn)
        written += copies
        return {"overlay": name}

    return save


def label_maps(folder, stream, predictor, files):
    """Returns a function that writes the classes of a frame's pixels as an indexed PNG; see `overlays`."""
    colours = np.concatenate([palette(VOID), [GREY]]).astype(np.uint8).tobytes()
    if stream.rate:
        make_folder(folder / f"{stream.stem}_classes")

    def save(frame, seen, prediction):
        image = Image.fromarray(seen["segmentation"].astype(np.uint8))
        image.putpalette(colours)
        name = f"{frame.stem}_classes/{frame.number:06}.png" if stream.rate else f"{frame.stem}_classes.png"
        return {"classes": write_picture(folder, name, image)}

    return save


def yolo_rows(folder, stream, predictor, files):
    """Returns a function that writes a frame's objects as YOLO's labels, `class cx cy w h` a row; see `overlays`."""
    make_folder(folder / "labels")

    def save(frame, seen, prediction):
        height, width = frame.image.shape[:2]
        corners = np.asarray(seen["boxes"], "float64").reshape(-1, 2, 2) / (width, height)
        numbers = np.concatenate([corners.mean(axis=1), corners[:, 1] - corners[:, 0]], axis=1)
        rows = zip(seen["labels"], numbers, strict=True)
        text = "".join(f"{label} {' '.join(f'{number:.6f}' for number in row)}\n" for label, row in rows)
        name = f"{frame.stem}_{frame.number:06}.txt" if stream.rate else f"{frame.stem}.txt"
        replace_file(folder / "labels" / name, lambda path: path.write_text(text, encoding="utf-8"), durable=False)
        return {"labels": f"labels/{name}"}

    if predictor.class_names:
        replace_text(folder / "classes.txt", "".join(f"{name}\n" for name in predictor.class_names))
    return save


SAVERS = {"overlay": overlays, "classes": label_maps, "yolo": yolo_rows}
"""Kinds that are files of a picture, or of a video."""


def coco_rows(entry, seen, number):
    """Returns a picture's objects as COCO's results: categories count from 1, as the model's classes do from 0.

    Args:
        entry: of `predictions.json`.
        seen: the same as targets.
        number: of the picture, COCO's `image_id`.
    Source: https://cocodataset.org/#format-results.
    """
    results = []
    for one, label in zip(entry["objects"], seen["labels"], strict=True):
        x1, y1, x2, y2 = one["box"]
        row = {"image_id": number, "category_id": int(label) + 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}
        row["bbox"] = [round(side, 2) for side in row["bbox"]]
        if "mask" in one:
            row["segmentation"] = one["mask"]
        if "keypoints" in one:
            row["keypoints"] = [number for point in one["keypoints"].values() for number in point]
        results.append({**row, "score": one["score"], "file_name": entry["picture"], "category": one["class"]})
    return results


@contextmanager
def json_list(path):
    """Writes a JSON list as its values come; it is there once the block is left. Yields a function of a value."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        between = "[\n"

        def add(value):
            nonlocal between
            file.write(between + indent(json.dumps(value, indent=2), "  "))
            between = ",\n"

        yield add
        file.write("[]\n" if between == "[\n" else "\n]\n")


def write_picture(folder, name, image):
    """Writes a picture, which is easily made anew, and returns its name."""
    replace_file(folder / name, image.save, durable=False)
    return name
