"""What a large set costs before the first step, and in memory; what masks and evaluation cost a picture.

The set is COCO's form with small pictures, seven polygons each; every measurement is a process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES = 100_000
DISTINCT = 100
OBJECTS, POINTS = 7, 24
SIZE = (48, 64)
REPEATS = 5


def run():
    with tempfile.TemporaryDirectory() as folder:
        spec = coco(Path(folder), PICTURES)
        environment = {**os.environ, "REGIONZOO_CACHE": f"{folder}/cache"}
        first, again = (measured(spec, environment) for _ in range(2))
    name = f"{PICTURES:,} pictures with {OBJECTS} polygons each"
    return [
        {"figure": f"{name}: first step, s", "value": first["seconds"], "target": "<= 60"},
        {"figure": "of that: opened and looked through, s", "value": first["opened"]},
        {"figure": "started again, s", "value": again["seconds"], "target": "<= 5"},
        {"figure": "of that: opened and looked through, s", "value": again["opened"]},
        {"figure": "most memory, frameworks included, GB", "value": first["memory"], "target": "<= 1.5"},
        {"figure": "masks of 20 objects, drawn over their boxes, ms", "value": drawn_masks(), "target": "<= 8"},
        {"figure": "masks of 100 detections, encoded at 480x640, ms", "value": encoded_masks()},
        {
            "figure": "evaluation of a picture with 7 objects and 100 detections, the model apart, ms",
            "value": evaluated(),
        },
    ]


def coco(folder, count, scale=1):
    """Writes a set of so many pictures, hard links to a few, at a multiple of `SIZE`, and returns its source."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    height, width = (scale * side for side in SIZE)
    for number in range(min(DISTINCT, count)):
        pixels = Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8))
        pixels.resize((width, height)).save(folder / "pictures" / f"{number:07}.jpg")
    for number in range(DISTINCT, count):
        os.link(folder / "pictures" / f"{number % DISTINCT:07}.jpg", folder / "pictures" / f"{number:07}.jpg")
    images = [{"id": i, "file_name": f"{i:07}.jpg", "height": height, "width": width} for i in range(count)]
    angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    annotations = []
    for i in range(count):
        places, radii = scale * rng.uniform(12, 36, (OBJECTS, 2)), scale * rng.uniform(4, 12, OBJECTS)
        for centre, radius in zip(places, radii, strict=True):
            polygon = np.round(centre + radius * circle, 2).ravel().tolist()
            box = np.round([*(centre - radius), 2 * radius, 2 * radius], 2).tolist()
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i,
                    "category_id": 1 + i % 3,
                    "bbox": box,
                    "area": round(float(np.pi * radius**2), 1),
                    "iscrowd": 0,
                    "segmentation": [polygon],
                }
            )
    categories = [{"id": i, "name": f"class {i}"} for i in (1, 2, 3)]
    with open(folder / "instances.json", "w") as file:
        json.dump({"images": images, "annotations": annotations, "categories": categories}, file)
    return f"coco:{folder}/instances.json@{folder}/pictures"


def measured(spec, environment):
    """Returns what `first_step` measures, in another process."""
    command = [sys.executable, "-m", "benchmarks.data", spec]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def first_step(spec):
    """Opens a source, looks it through and takes a batch: seconds, the frameworks loaded, and most memory in GB."""
    import resource

    from recipes.data import Augment, open_source, pipeline, usable

    start = time.perf_counter()
    source = usable(open_source(spec).of_task("instance_segmentation"), skip_bad=False)
    opened = time.perf_counter() - start
    stream = pipeline(
        source,
        task="instance_segmentation",
        picture_size=SIZE,
        batch_size=2,
        augment=Augment(flip=0.5),
        training=True,
        max_objects=OBJECTS,
        cache=False,
    )
    batches = iter(stream)
    next(batches)
    seconds = time.perf_counter() - start
    for _ in range(200):
        next(batches)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {"seconds": round(seconds, 1), "opened": round(opened, 1), "memory": round(memory, 2)}


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
        source = open_source(coco(Path(folder), count, scale=10))
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
    print(json.dumps(first_step(sys.argv[1])))
