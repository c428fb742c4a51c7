"""What an evaluation of masks takes beside its model: Mask R-CNN at half width on COCO's pictures, or drawn ones.

The weights are fresh and no box suppresses another, so that every picture has its 100 detections. Pictures are
repeated up to the number asked for.
"""

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

PICTURES, OBJECTS = 100, 7
SIZE = (480, 640)
WIDTH = 0.5


def run():
    with tempfile.TemporaryDirectory() as folder:
        data = os.environ.get("ZOO_DATA")
        return measured(repeated(Path(folder), Path(data, "coco_mini")) if data else drawn(Path(folder)), bool(data))


def measured(spec, real):
    """Returns the rows of an evaluation on a source."""
    import zoo
    from export.runtimes.keras import KerasPredictor
    from recipes.data import open_source
    from recipes.evaluation.evaluate import evaluate

    source = open_source(spec).of_task("instance_segmentation")
    names = source.class_names("instance_segmentation")
    model = zoo.mask_rcnn_resnet50_fpn(
        len(names), width=WIDTH, score_threshold=0.0, iou_threshold=1.0, input_shape=(*SIZE, 3)
    )
    model.class_names = names
    predictor, inside, found = KerasPredictor(model), [], []
    call = predictor.call
    for count in (1, 2):  # the second time it is traced for any number
        predictor.predict(np.zeros((count, *SIZE, 3), np.uint8))

    def timed(inputs):
        start = clocks()
        outputs = call(inputs)
        inside.append(clocks() - start)
        found.extend(outputs["count"].tolist())
        return outputs

    predictor.call = timed
    start = clocks()
    evaluate(predictor, source, progress=False)
    (wall, processor), (own_wall, own_processor) = clocks() - start, sum(inside)
    return [
        {"figure": "pictures", "value": f"{len(source)}, {'of COCO' if real else 'drawn'}, in a frame of 480x640"},
        {"figure": "detections of a picture, mean", "value": round(float(np.mean(found)), 1)},
        {"figure": "the model, ms a picture", "value": round(1e3 * own_wall / len(source))},
        {"figure": "the same, of the processor", "value": round(1e3 * own_processor / len(source))},
        {
            "figure": "evaluation over the model's own time",
            "value": round(float(wall / own_wall), 2),
            "target": "<= 1.2",
        },
        {"figure": "the same, of the processor", "value": round(float(processor / own_processor), 2)},
    ]


def clocks():
    """Returns the time now and the processor's seconds so far, of all threads."""
    return np.array([time.perf_counter(), time.process_time()])


def repeated(folder, coco):
    """Writes COCO's annotations with each picture many times and returns the source."""
    data = json.loads((coco / "annotations/instances_train2017.json").read_text())
    own = {}
    for annotation in data["annotations"]:
        own.setdefault(annotation["image_id"], []).append(annotation)
    images, annotations = [], []
    for number in range(PICTURES):
        image = data["images"][number % len(data["images"])]
        images.append({**image, "id": number})
        for annotation in own.get(image["id"], []):
            annotations.append({**annotation, "id": len(annotations) + 1, "image_id": number})
    (folder / "a.json").write_text(json.dumps({**data, "images": images, "annotations": annotations}))
    return f"coco:{folder / 'a.json'}@{coco / 'train2017'}"


def drawn(folder):
    """Draws pictures with polygons and returns the source."""
    from benchmarks.data import coco

    return coco(folder, PICTURES, OBJECTS, polygons=True, size=SIZE)
