"""Mask R-CNN's pipeline at 800 x 1088 against torchvision's DataLoader with two workers, on the same pictures.

Both read, decode, make masks, mirror one in two, resize and batch. Each runs alone, in a process of its own: beside
the turn of another it would read ahead.
ZOO_TORCH_PYTHON names the Python of an environment with torch, torchvision and pycocotools.
"""

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.data import coco
from benchmarks.peer import Peer, answer

SIZE = (800, 1088)
PICTURES, OBJECTS = 200, 7
BATCH, BATCHES = 2, 100
REPEATS = 3


def run():
    torch_python = os.environ.get("ZOO_TORCH_PYTHON")
    if not torch_python:
        return [{"figure": "Mask R-CNN's pipeline", "value": "not run: ZOO_TORCH_PYTHON is unset"}]
    data = os.environ.get("ZOO_DATA")
    with tempfile.TemporaryDirectory() as folder:
        if data:
            spec = f"{data}/coco_mini/annotations/instances_train2017.json@{data}/coco_mini/train2017"
        else:
            spec = coco(Path(folder), PICTURES, OBJECTS, polygons=True, size=(480, 640)).removeprefix("coco:")
        path, _, pictures = spec.rpartition("@")
        peers = {
            "ours": (sys.executable, "mask_pipeline", f"coco:{spec}"),
            "torchvision": (torch_python, "torchvision_loader", path, pictures, *SIZE, BATCH, BATCHES),
        }
        rounds = [{name: alone(*peer) for name, peer in peers.items()} for _ in range(REPEATS)]
    seconds = {name: sorted(turn[name][0] for turn in rounds)[REPEATS // 2] for name in peers}
    peak = {name: max(turn[name][1] for turn in rounds) for name in peers}
    return [
        {"figure": "pictures", "value": "COCO's" if data else f"drawn, 480 x 640, {OBJECTS} polygons"},
        *({"figure": f"{name}: pictures/s", "value": round(BATCH * BATCHES / seconds[name], 1)} for name in seconds),
        {
            "figure": "ours over torchvision's",
            "value": round(seconds["torchvision"] / seconds["ours"], 2),
            "target": ">= 2",
        },
        *(
            {"figure": f"{name}: most memory of the main process, GB", "value": round(peak[name] / 1e9, 2)}
            for name in peak
        ),
    ]


def alone(*peer):
    """Starts a peer; returns seconds and peak bytes of its second step."""
    started = Peer(*peer)
    _, second = started.step(), started.step()
    started.close()
    return second.seconds, second.peak


def main(spec):
    """Takes so many batches a step."""
    from recipes.data import Augment, open_source, pipeline

    stream = pipeline(
        open_source(spec).of_task("instance_segmentation"),
        task="instance_segmentation",
        picture_size=SIZE,
        batch_size=BATCH,
        augment=Augment(flip=0.5),
        training=True,
        cache=False,
    )
    batches = iter(stream)

    def step():
        for _ in range(BATCHES):
            images, _ = next(batches)
        return list(images.shape)

    answer(step)


if __name__ == "__main__":
    main(sys.argv[1])
