"""Small sets with all that is odd, and what of two sets must be the same."""

import json
from pathlib import Path

import numpy as np
from faster_coco_eval import mask as rle
from PIL import Image

from recipes.data import open_source
from recipes.data.sources.outlines import encoded, outline_in
from recipes.data.writers import convert
from tests.recipes.data.odd import exif

RNG = np.random.default_rng(0)
TURNED = 6  # EXIF: to be turned by a quarter


def runs(mask):
    """A mask as COCO writes it."""
    found = rle.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [*mask.shape], "counts": found["counts"].decode()}


def write_coco(folder):
    """Writes an odd COCO set; returns its source.

    Pictures of one name in two folders, a space and an umlaut, one without objects, one that EXIF turns; polygons of
    one and two parts, run lengths with a hole, a crowd, keypoints of one class, an object without a mask.
    """
    pixels = {
        "front/1.png": (7, 9),
        "back/1.png": (11, 13),
        "my phöto.png": (20, 31),
        "none.png": (8, 6),
        "turned.jpg": (24, 16),
    }
    for name, (height, width) in pixels.items():
        path = folder / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8))
        image.save(path, **({"exif": b"Exif\0\0" + exif(TURNED)} if name == "turned.jpg" else {}))
    ring, speck = np.zeros((20, 31)), np.zeros((16, 24))
    ring[2:15, 3:20] = 1
    ring[5:9, 6:11] = 0
    ring[17, 25] = 1
    speck[3:9, 4] = speck[2, 5] = 1
    points = [3.5, 2.25, 2, 1.1, 4, 1, 0, 0, 0]
    objects = [
        (1, 2, [0.5, 1, 5.25, 4.5], [[1, 1, 5.7, 1.3, 5, 5.5, 1.1, 5]], {}),
        (2, 1, [2, 1, 9, 9], [[2, 1, 8, 1, 8, 6, 2, 6], [9.3, 7, 11, 7.1, 11, 10]], {"keypoints": points}),
        (3, 3, [3, 2, 23, 16], runs(ring), {}),
        (3, 1, [10, 4, 12, 9.5], runs(np.indices((20, 31))[1] > 15), {"iscrowd": 1}),
        (3, 2, [20.5, 3.125, 4, 5], None, {}),
        (5, 1, [4, 2, 2, 7], runs(speck), {"area": 5.5, "keypoints": points}),
    ]
    sizes = {**pixels, "turned.jpg": (16, 24)}
    person = {"keypoints": ["nose", "left_eye", "right_eye"], "skeleton": [[1, 2], [1, 3]]}
    data = {
        "images": [
            {"id": place + 1, "file_name": name, "height": height, "width": width}
            for place, (name, (height, width)) in enumerate(sizes.items())
        ],
        "categories": [
            {"id": 1, "name": "person", **person},
            {"id": 2, "name": "dog: no"},
            {"id": 3, "name": "große Katze"},
            {"id": 9, "name": "never seen"},
        ],
        "annotations": [
            {"id": place, "image_id": image, "category_id": label, "bbox": box, **more}
            | ({"segmentation": outline} if outline else {})
            for place, (image, label, box, outline, more) in enumerate(objects)
        ],
    }
    (folder / "a.json").write_text(json.dumps(data))
    return f"coco:{folder / 'a.json'}@{folder / 'pictures'}"


def examples(source):
    """A dict of NumPy a picture, "outlines" with the pixels of each mask."""
    found = []
    for index, record in enumerate(source.all_records()):
        if index in source.left_out:
            continue
        example = {key: value.numpy() for key, value in source.decode_as(record, ("outlines",)).items()}
        size = example["image"].shape[:2]
        if "outlines" in example:
            outlined = map(outline_in, example["outlines"])
            example["outlines"] = [outline and rle.decode(encoded(outline, *size)).tolist() for outline in outlined]
        found.append({**example, "stem": Path(example.pop("name").decode()).stem})
    return found


def handed_on(source, to, folder, **options):
    """Converts a source and returns what it becomes, as a source, after a look at its faults."""
    source = open_source(source) if isinstance(source, str) else source
    written = open_source(convert(source, to, folder, **options).spec)
    assert [problem for problem in written.findings() if problem.fatal] == []
    return written


def files(folder):
    """The bytes of all files of a folder by their path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
