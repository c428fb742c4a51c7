"""Predicting on a user's own pictures and videos: overlays to look at, label maps and JSON to work with."""

import re
from collections import Counter
from contextlib import ExitStack, closing, nullcontext
from itertools import tee
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from export.tasks import known_task
from recipes.deploy.ahead import ahead
from recipes.deploy.choosing import choice_of
from recipes.deploy.entries import ENTRIES
from recipes.deploy.inputs import Readable, open_streams
from recipes.deploy.interrupt import interruptible
from recipes.deploy.saving import LISTS, SAVERS, coco_rows, json_list, kinds_of, names_of
from recipes.deploy.tracking import Tracks
from zoo.drawing.depict import MORE, SCORE
from zoo.errors import InputError
from zoo.files import make_folder
from zoo.progress import track as tracked

FRAME = re.compile(r"_\d{6}$")
"""How the labels of a video's frame end."""


class CutShort(InputError):
    """A video ended before the end that it announces; what could be read of it is predicted and written."""


def predict(predictor, paths, output, **options):
    """Predicts pictures, as `predict_each`, and keeps what was found.

    Returns:
        `(entries, skipped)`: the list of dicts that `predictions.json` holds, and one line a picture left out.
    """
    entries = []
    _, skipped = predict_each(predictor, paths, output, entries.append, **options)
    return entries, skipped


def predict_each(
    predictor,
    inputs,
    output,
    found,
    *,
    skip_bad=False,
    score=SCORE,
    classes=None,
    most=None,
    save=None,
    fps=None,
    track=None,
):
    """Predicts pictures and videos and writes what was found; a few frames stand in memory at a time.

    For `street.jpg` the folder gets `street_overlay.png` and an entry of `predictions.json`; for segmentation also
    `street_classes.png` (one class index a pixel). Masks of objects stand in the JSON as COCO's run lengths. For
    `walk.mp4` it gets `walk_overlay.mp4`, of the same rate and size, and an entry a frame, with its number and time.
    Of a video one thread decodes, another predicts, and this one draws and writes; Ctrl-C ends it, or a camera, with
    all files whole.

    The heads of all files are looked at before the first is predicted, so that a file that is no picture, or is cut
    short, stops the run while nothing is written. Damage inside a picture shows only when its turn comes; a video
    that ends before its end is predicted that far.

    Args:
        predictor: what `export.load` returns.
        inputs: see `recipes.deploy.inputs.open_streams`.
        output: folder to write to; made if missing.
        found: is called with each entry of `predictions.json` in its turn.
        skip_bad: leave out unreadable pictures, and the lost end of a video, instead of stopping.
        score: the least score, 0-1, of an object that counts as found.
        classes: names of the classes that count, see `recipes.deploy.choosing.choice_of`.
        most: objects a picture at most, the best.
        save: what is written, see `recipes.deploy.saving.kinds_of`.
        fps: where the pictures are the frames of one video, how many a second.
        track: method that follows objects through a video, or through pictures in their order, or `None`.

    Returns:
        `(count, skipped)`: how many frames were predicted, and one line a picture, or end of a video, left out.

    Raises:
        InputError: if a picture cannot be read, two would get the same name, the folder cannot be written, or an
            option is none of this model's.
        CutShort: after all else is predicted and written, if the end of a video could not be read.
    """
    task = known_task(predictor, ENTRIES)
    choice, kinds, output = choice_of(predictor, score, classes, most), kinds_of(save, task), Path(output)
    if track and task not in MORE:
        raise InputError(f"--track follows the objects of a detector, received a model for {task}")
    readable, count, cut = Readable(skip_bad), 0, []
    with TemporaryDirectory() as fetched, ExitStack() as whole:
        check_size = getattr(predictor, "check_size", None)
        streams = open_streams(inputs, Path(fetched), readable, fps, check_size)
        check_names(streams, kinds, output)
        followers = [Tracks(track, score, stream.rate) if track else None for stream in streams]
        make_folder(output)
        lists = {kind: whole.enter_context(json_list(output / LISTS[kind])) for kind in kinds if kind in LISTS}
        numbered = all_numbers(streams)
        for stream, follow in zip(streams, followers, strict=True):
            begun = count
            with interruptible() if stream.rate else nullcontext(Event()) as stopped:
                for frame, entry, seen in entries(predictor, stream, output, kinds, choice, follow, stopped):
                    count += 1
                    if "json" in lists:
                        lists["json"](entry)
                    if "coco" in lists:
                        for row in coco_rows(entry, seen, int(frame.stem) if numbered else count):
                            lists["coco"](row)
                    found(entry)
            if stopped.is_set():
                readable.skipped.append(f"{stream.name}: stopped after {count - begun:,} frames, which are kept")
                break
            if line := stream.lost():
                (readable.skipped if skip_bad else cut).append(line)
    if cut:
        raise CutShort(f"{'; '.join([*cut, *readable.skipped])}; --skip-bad takes what there is for all")
    return count, readable.skipped


def entries(predictor, stream, output, kinds, choice, follow, stopped):
    """Yields each `Frame` of a stream, its entry of `predictions.json` and what is seen in it; its files are written.

    Args:
        predictor: what `export.load` returns.
        stream: see `recipes.deploy.inputs.open_streams`.
        output: folder to write to.
        kinds: what is written.
        choice: a `Choice`.
        follow: a `Tracks`, or `None`.
        stopped: `threading.Event` that ends the stream after the frame under way.
    """
    words = "predicting until Ctrl-C" if stream.live else "predicting"
    with ExitStack() as files:
        savers = [SAVERS[kind](output, stream, predictor, files) for kind in kinds if kind in SAVERS]
        pairs = files.enter_context(closing(predictions(predictor, stream)))
        for frame, prediction in tracked(pairs, words, stream.count):
            size = frame.image.shape[:2]
            prediction, seen = choice(prediction, predictor.task, size, follow)
            entry = {"picture": frame.name, **place_of(frame), "height": size[0], "width": size[1]}
            for saver in savers:
                entry |= saver(frame, seen, prediction)
            entry |= ENTRIES[predictor.task](predictor, prediction, seen, choice.labels)
            yield frame, entry, seen
            if stopped.is_set():
                return


def predictions(predictor, stream):
    """Yields pairs of a `Frame` and its prediction; of a video threads decode and predict a few ahead."""
    if not stream.rate:
        return paired(predictor, stream.frames())
    if not stream.live:
        return ahead(paired(predictor, ahead(stream.frames())))
    return ahead(one_by_one(predictor, ahead(stream.frames(), 1, latest=True)), 1)


def paired(predictor, frames):
    """Yields pairs of a `Frame` and its prediction."""
    with closing(frames):
        kept, shown = tee(frames)
        yield from zip(kept, predictor.predict_each(frame.image for frame in shown), strict=True)


def one_by_one(predictor, frames):
    """Yields pairs as `paired`; no frame waits until a batch of them is there."""
    with closing(frames):
        for frame in frames:
            (prediction,) = predictor.predict_each([frame.image])
            yield frame, prediction


def place_of(frame):
    """Returns what an entry says of a frame of a video: its number, and its time in seconds."""
    return {} if frame.seconds is None else {"frame": frame.number, "time": round(frame.seconds, 3)}


def all_numbers(streams):
    """Says whether all are pictures called by numbers, as COCO's are, which are then their `image_id`."""
    return all(not stream.rate and all(file.path.stem.isdecimal() for file in stream.files) for stream in streams)


def check_names(streams, kinds, output):
    """Raises `InputError` if two inputs would get the same names of results, or a result that of an input.

    A picture and a video may be called alike, as a telephone's are: their results differ, but for labels of frames.
    """
    taken, stems = set(), Counter()
    moving = {stream.stem for stream in streams if stream.rate and "yolo" in kinds}
    for stream in streams:
        files = getattr(stream, "files", ())
        named = [(stream.name, stream.stem)] if stream.rate else [(file.name, file.path.stem) for file in files]
        for name, stem in named:
            stems[stem, bool(stream.rate)] += 1
            of_frame = not stream.rate and FRAME.sub("", stem) in moving and FRAME.search(stem)
            if stems[stem, bool(stream.rate)] > 1 or of_frame:
                raise InputError(f"{name}: another input is named {stem} too; predict them into different folders")
        taken |= {Path(path).absolute() for path in [stream.name, *(file.path for file in files)]}
    for result in (output / name for stream in streams for name in names_of(kinds, stream)):
        if result.absolute() in taken:
            raise InputError(
                f"{result} is one of the pictures, and a result has its name: predict into another folder"
            )
