"""What a large set costs before the first step, and in memory; what masks and evaluation cost a picture.

The sets have COCO's form and small pictures, with polygons or a box each; every measurement is a process of its own.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SETS = {
    "instance_segmentation": (100_000, 7, "pictures with 7 polygons each"),
    "detection": (1_000_000, 1, "pictures with a box each"),
}
"""By task: pictures, objects of each, and what they are called."""
DISTINCT = 100
POINTS = 24
SIZE = (48, 64)
REPEATS = 5


def run():
    rows = []
    for task, (count, objects, name) in SETS.items():
        with tempfile.TemporaryDirectory() as folder:
            spec = coco(Path(folder), count, objects, polygons=task == "instance_segmentation")
            environment = {**os.environ, "REGIONZOO_CACHE": f"{folder}/cache"}
            first, again = (measured(spec, task, environment) for _ in range(2))
        limits = {} if count > 100_000 else {"first": {"target": "<= 60"}, "again": {"target": "<= 5"}}
        rows += [
            {"figure": f"{count:,} {name}: first step, s", "value": first["seconds"], **limits.get("first", {})},
            {"figure": "of that: opened and looked through, s", "value": first["opened"]},
            {"figure": "most memory, frameworks included, GB", "value": first["memory"]},
            {"figure": "started again: first step, s", "value": again["seconds"], **limits.get("again", {})},
            {"figure": "of that: opened and looked through, s", "value": again["opened"]},
            {"figure": "most memory, frameworks included, GB", "value": again["memory"], "target": "<= 1.5"},
            {"figure": "of that: the frameworks alone, GB", "value": again["frameworks"]},
        ]
    return [
        *rows,
        {"figure": "masks of 20 objects, drawn over their boxes, ms", "value": drawn_masks(), "target": "<= 8"},
        {"figure": "masks of 100 detections, encoded at 480x640, ms", "value": encoded_masks()},
        {
            "figure": "evaluation of a picture with 7 objects and 100 detections, the model apart, ms",
            "value": evaluated(),
        },
    ]


def coco(folder, count, objects, polygons, size=SIZE):
    """Writes a set of so many pictures of a size, hard links to a few, and returns its source."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    for number in range(min(DISTINCT, count)):
        pixels = Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8))
        pixels.resize(size[::-1]).save(folder / "pictures" / f"{number:07}.jpg")
    for number in range(DISTINCT, count):
        os.link(folder / "pictures" / f"{number % DISTINCT:07}.jpg", folder / "pictures" / f"{number:07}.jpg")
    images = [{"id": i, "file_name": f"{i:07}.jpg", "height": size[0], "width": size[1]} for i in range(count)]
    categories = [{"id": i, "name": f"class {i}"} for i in (1, 2, 3)]
    with open(folder / "instances.json", "w") as file:
        file.write(f'{{"images": {json.dumps(images)}, "categories": {json.dumps(categories)}, "annotations": [')
        for i in range(count):
            own = [annotation(rng, i, i * objects + k + 1, size, polygons) for k in range(objects)]
            file.write((", " if i else "") + json.dumps(own)[1:-1])
        file.write("]}")
    return f"coco:{folder}/instances.json@{folder}/pictures"


def annotation(rng, image, number, size, polygon):
    """Returns an object of a picture: a circle somewhere in it, as a box and perhaps a polygon."""
    shorter = min(size)
    centre, radius = rng.uniform(0.25 * shorter, 0.75 * shorter, 2), rng.uniform(shorter / 12, shorter / 4)
    found = {
        "id": number,
        "image_id": image,
        "category_id": 1 + image % 3,
        "bbox": np.round([*(centre - radius), 2 * radius, 2 * radius], 2).tolist(),
        "area": round(float(np.pi * radius**2), 1),
        "iscrowd": 0,
    }
    if polygon:
        angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
        points = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        found["segmentation"] = [np.round(points, 2).ravel().tolist()]
    return found


def measured(spec, task, environment):
    """Returns what `first_step` measures, in another process."""
    command = [sys.executable, "-m", "benchmarks.data", spec, task]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def first_step(spec, task):
    """Opens a source, looks it through and takes batches: seconds, the frameworks loaded, and most memory in GB."""
    import tensorflow as tf

    from recipes.data import Augment, open_source, pipeline, usable

    tf.constant(0)
    frameworks = most_memory()
    start = time.perf_counter()
    source = usable(open_source(spec).of_task(task), skip_bad=False)
    opened = time.perf_counter() - start
    stream = pipeline(
        source,
        task=task,
        picture_size=SIZE,
        batch_size=2,
        augment=Augment(flip=0.5),
        training=True,
        max_objects=7,
        cache=False,
    )
    batches = iter(stream)
    next(batches)
    seconds = time.perf_counter() - start
    for _ in range(200):
        next(batches)
    times = {"seconds": round(seconds, 1), "opened": round(opened, 1)}
    return {**times, "memory": round(most_memory(), 2), "frameworks": round(frameworks, 2)}


def most_memory():
    """Returns the most memory that this process held, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def drawn_masks(count=20, size=640):
    """Returns the median milliseconds in which the polygons of a picture become masks of their boxes."""
    from recipes.data.sources.outlines import Outlines, crops_of
    from recipes.data.targets import CROP_SIZE

    rng, taken, boxes = np.random.default_rng(0), Outlines(), []
    angles = np.linspace(0, 2 * np.pi, 4 * POINTS, endpoint=False)
    for centre, radius in zip(rng.uniform(100, size - 100, (count, 2)), rng.uniform(10, 100, count), strict=True):
        taken.append([(centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).ravel()])
        boxes.append([*(centre - radius), *(centre + radius)])
    columns, boxes = taken.columns(), np.array(boxes)
    return milliseconds(lambda: crops_of(columns, range(count), boxes, size, size, CROP_SIZE))


def encoded_masks():
    """Returns the median milliseconds in which the masks of detections become run lengths of a picture."""
    from recipes.evaluation.rle import encode_pasted

    found = detections()
    return milliseconds(lambda: encode_pasted(found["masks"], found["boxes"], (480, 640)))


def detections(count=100):
    """Returns what a model finds in a picture of 480x640: boxes of 20 to 200 pixels, of three classes, with masks."""
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, (540, 380), (count, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(20, 200, (count, 2))], axis=1)
    across = np.abs(np.linspace(-1, 1, 28))
    masks = np.broadcast_to(1.2 - np.hypot(across[:, None], across), (count, 28, 28))
    scores = np.sort(rng.random(count))[::-1]
    return {"boxes": boxes, "scores": scores, "labels": rng.integers(0, 3, count), "masks": masks}


class Finding:
    """A predictor whose model takes no time."""

    task, class_names, keypoint_names, proposals = "instance_segmentation", ("class 1", "class 2", "class 3"), (), ""

    def predict_each(self, pictures):
        """Yields the same detections for each picture."""
        found = detections()
        return (found for _ in pictures)


def evaluated(count=60):
    """Returns the milliseconds a picture of an evaluation: reading, masks, matching, figures; no model."""
    from recipes.data import open_source
    from recipes.evaluation.evaluate import evaluate

    with tempfile.TemporaryDirectory() as folder:
        source = open_source(coco(Path(folder), count, 7, polygons=True, size=(480, 640)))
        return round(milliseconds(lambda: evaluate(Finding(), source, progress=False)) / count, 1)


def milliseconds(function):
    """Returns the median of `REPEATS` calls after a first one."""
    function()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return round(1e3 * float(np.median(seconds)), 1)


if __name__ == "__main__":
    print(json.dumps(first_step(*sys.argv[1:])))
