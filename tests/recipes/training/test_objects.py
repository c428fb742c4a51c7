import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source, usable
from recipes.data.augment import Augment
from recipes.training.recipe import load
from recipes.training.train import check_objects
from zoo.errors import InputError


@pytest.fixture
def coco(tmp_path):
    """A function of how many objects each picture has to a COCO source; a last one is a crowd."""

    def write(name, *counts):
        images, annotations = [], []
        for number, count in enumerate(counts):
            Image.new("RGB", (8, 8)).save(tmp_path / f"{number}.png")
            images.append({"id": number, "file_name": f"{number}.png"})
            for _ in range(count):
                annotations.append({"image_id": number, "category_id": 1, "bbox": [1, 1, 4, 4], "iscrowd": 0})
        annotations.append({"image_id": 0, "category_id": 1, "bbox": [1, 1, 4, 4], "iscrowd": 1})
        contents = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cell"}]}
        (tmp_path / name).write_text(json.dumps(contents))
        return open_source(f"coco:{tmp_path / name}@{tmp_path}")

    return write


def test_sources_without_objects_stop_a_run(coco):
    recipe, some, none = load("tiny_yolo_v2_bccd"), coco("some.json", 2, 0), coco("none.json", 0, 0, 0)
    check_objects(recipe, some, some)
    for data, val_data in ((some, none), (none, some)):
        with pytest.raises(InputError, match=r"none\.json.*: 0 objects in 3 pictures; `zoo data coco:"):
            check_objects(recipe, data, val_data)


def test_objects_that_are_too_many_are_counted(coco, capsys):
    source = coco("a.json", 5, 1, 4)
    np.testing.assert_array_equal(source.num_objects(), [5, 1, 4])
    check_objects(replace(load("tiny_yolo_v2_bccd"), max_objects=3), source, source)
    said = capsys.readouterr().out
    which = "2 pictures of up to 5 objects, of which the first max_objects=3 are learned"
    assert which in said and "--set max_objects=5 learns all" in said
    enough = replace(load("tiny_yolo_v2_bccd"), max_objects=5)
    check_objects(enough, source, source)
    assert capsys.readouterr().out == ""
    check_objects(replace(enough, augment=Augment(mosaic=0.5, mixup=0.1)), source, source)
    said = capsys.readouterr().out
    which = "8 pictures of up to 5 objects may be mixed into one, of which the first max_objects=5 are learned"
    assert which in said and "--set max_objects=40 learns all" in said


def test_pictures_that_are_left_out_have_no_objects(coco, tmp_path):
    source = coco("a.json", 5, 1, 4)
    (tmp_path / "1.png").write_bytes(b"no picture")
    np.testing.assert_array_equal(usable(source, skip_bad=True).num_objects(), [5, 4])
