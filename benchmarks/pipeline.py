"""How many CamVid-sized pictures the training pipeline feeds a second: decode, flip, jitter, crop, colour, batch."""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from recipes.data import Augment, open_source, pipeline

SIZE = (360, 480)
BATCH = 8
BATCHES = 40
REPEATS = 3
AUGMENTS = {
    "flip": Augment(flip=0.5),
    "flip, jitter, crop": Augment(flip=0.5, scale=(0.75, 1.5)),
    "flip, jitter, crop, colour": Augment(flip=0.5, scale=(0.75, 1.5), colour=0.2),
}


def run():
    data = os.environ.get("ZOO_DATA")
    with tempfile.TemporaryDirectory() as folder:
        source = open_source(f"masks:{data}/camvid/train" if data else f"masks:{drawn(Path(folder))}")
        rows = [{"figure": "pictures", "value": "CamVid" if data else "drawn, JPEG and PNG of 360 x 480"}]
        for cache in (False, True):
            for name, augment in AUGMENTS.items():
                speed = sorted(pictures_a_second(source, augment, cache) for _ in range(REPEATS))[REPEATS // 2]
                kept = "from memory" if cache else "from files"
                rows.append({"figure": f"pictures/s {kept}: {name}", "value": round(speed), "target": ">= 150"})
    return rows


def pictures_a_second(source, augment, cache):
    """Times batches of one stream after the first ones, or after a whole pass where it is to be kept."""
    stream = pipeline(
        source,
        task="segmentation",
        picture_size=SIZE,
        batch_size=BATCH,
        augment=augment,
        training=True,
        cache=cache,
    )
    batches = iter(stream)
    for _ in range(len(source) // BATCH + 1 if cache else 5):
        next(batches)
    start = time.perf_counter()
    for _ in range(BATCHES):
        next(batches)
    return BATCH * BATCHES / (time.perf_counter() - start)


def drawn(folder, count=64):
    """Writes smooth random pictures and blocky labels the size of CamVid's."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (folder / part).mkdir()
    for i in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (36, 48, 3), dtype=np.uint8))
        coarse.resize(SIZE[::-1], Image.Resampling.BICUBIC).save(folder / "images" / f"{i}.jpg", quality=92)
        labels = Image.fromarray(rng.integers(0, 11, (18, 24), dtype=np.uint8))
        labels.resize(SIZE[::-1], Image.Resampling.NEAREST).save(folder / "masks" / f"{i}.png")
    return folder
