import hashlib
import logging
import os

import absl.logging
import numpy as np
import pytest

from recipes.data import open_source
from recipes.data.sources import shapes
from recipes.data.sources.shapes import CLASSES, SIZE, draw
from zoo.errors import InputError


@pytest.mark.parametrize("index", range(8))
def test_targets_agree_with_the_instances(index):
    scene = draw("train", index)
    count = len(scene["labels"])
    assert 1 <= count <= 6
    assert scene["image"].shape == (SIZE, SIZE, 3) and scene["image"].dtype == np.uint8
    classes = np.concatenate([[0], scene["labels"] + 1])
    np.testing.assert_array_equal(scene["segmentation"], classes[scene["instances"]])
    for number, (box, points) in enumerate(zip(scene["boxes"], scene["keypoints"], strict=True), start=1):
        rows, columns = np.nonzero(scene["instances"] == number)
        np.testing.assert_array_equal(box, [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        for x, y, visibility in points:
            if visibility == 0:
                assert x == y == 0
            else:
                assert (scene["instances"][int(y), int(x)] == number) == (visibility == 2)


def test_scenes_depend_on_split_and_index_alone():
    for key, value in draw("val", 3).items():
        np.testing.assert_array_equal(value, draw("val", 3)[key])
    assert np.any(draw("val", 3)["image"] != draw("val", 4)["image"])
    assert np.any(draw("val", 3)["image"] != draw("test", 3)["image"])


def test_every_class_and_visibility_appears():
    scenes = [draw("train", index) for index in range(40)]
    assert set(np.concatenate([scene["labels"] for scene in scenes])) == set(range(len(CLASSES)))
    points = np.concatenate([scene["keypoints"] for scene in scenes])
    assert set(points[..., 2].ravel()) == {0, 1, 2}


def test_colour_does_not_give_the_class_away():
    means = {label: [] for label in range(len(CLASSES))}
    for index in range(80):
        scene = draw("train", index)
        for number, label in enumerate(scene["labels"].tolist(), start=1):
            means[label].append(scene["image"][scene["instances"] == number].mean(0))
    centres = np.array([np.mean(colours, axis=0) for colours in means.values()])
    spread = np.mean([np.std(colours, axis=0) for colours in means.values()])
    assert np.ptp(centres, axis=0).max() < spread


def test_opening_tells_nothing_of_tfds_itself(scenes, monkeypatch):
    """Which asks for an attribute that it deprecates, and says so once a process."""
    told, log = logging.Handler(), absl.logging.get_absl_logger()
    told.records = []
    told.emit = told.records.append

    def always(level, message, n, *words):
        absl.logging.log(level, message, *words)

    monkeypatch.setattr(absl.logging, "log_first_n", always)
    before = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.WARNING)  # the command line may have raised it
    log.addHandler(told)
    scenes("val")
    absl.logging.warning("that a test is heard")
    log.removeHandler(told)
    absl.logging.set_verbosity(before)
    assert [record.getMessage() for record in told.records] == ["that a test is heard"]


def test_a_source_tells_what_it_is(scenes):
    what, classes = "segmentation, boxes, labels, masks, keypoints", "circle, square, triangle, star, cross"
    assert repr(scenes("val")) == f"<shapes:val: 5 pictures with {what}; classes {classes}>"


def test_source_gives_what_was_drawn(scenes):
    source = scenes("val")
    assert (len(source), source.spec) == (5, "shapes:val")
    assert source.class_names("segmentation") == ("background", *CLASSES)
    assert source.class_names("detection") == CLASSES
    examples = list(source.records().map(source.decode).as_numpy_iterator())
    assert [example["name"] for example in examples] == [f"val_{i:05d}".encode() for i in range(5)]
    for index, example in enumerate(examples):
        scene = draw("val", index)
        for key in ("image", "segmentation", "boxes", "labels", "keypoints"):
            np.testing.assert_array_equal(example[key], scene[key], err_msg=key)
        for number, mask in enumerate(example["masks"], start=1):
            np.testing.assert_array_equal(mask, scene["instances"] == number)
    assert source.problems() == []


def test_the_scenes_stay_as_they_were():
    # Of the first release: runs and figures hang on these pixels.
    digest = hashlib.sha256()
    for index in range(3):
        for _, value in sorted(draw("train", index).items()):
            digest.update(value.tobytes())
    assert digest.hexdigest() == "cf396761483af3f44c2757c251cd0410cf24851fb20ed3435856dd996b761876"


def test_single_shapes(scenes, monkeypatch):
    monkeypatch.setattr(shapes, "SPLITS", {"train": 11, "val": 1, "test": 1})
    source = open_source("single_shapes:train")
    examples = list(source.records().map(source.decode).as_numpy_iterator())
    assert [len(example["labels"]) for example in examples] == [1] * 9 + [0] + [1]
    assert examples[9]["boxes"].shape == (0, 4) and examples[9]["keypoints"].shape == (0, 5, 3)
    assert not np.any(examples[9]["segmentation"]) and examples[9]["masks"].shape == (0, SIZE, SIZE)
    assert source.problems() == [] and source.class_names("localization") == CLASSES
    np.testing.assert_array_equal(examples[0]["image"], draw("train", 0, num_shapes=1)["image"])
    with pytest.raises(InputError, match="single_shapes:dev: no such split; single_shapes has train, val, test"):
        open_source("single_shapes:dev")


def test_splits(scenes):
    assert len(scenes()) == 12
    assert len(scenes("train[:4]")) == 4
    assert open_source("shapes").spec == "shapes:train"
    with pytest.raises(InputError, match="shapes:dev: no such split; shapes has train, val, test"):
        open_source("shapes:dev")
    with pytest.raises(InputError, match="no such split"):
        open_source("shapes:train[:x]")


def test_prepared_once(scenes, drawn_shapes, monkeypatch):
    monkeypatch.setattr(shapes, "draw", None)
    scenes("test")
    assert [path.name for path in (drawn_shapes / "zoo_shapes").iterdir()] == ["1.0.0"]


def test_preparing_is_silent(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TFDS_DATA_DIR", os.fspath(tmp_path))
    monkeypatch.setattr(shapes, "SPLITS", {"train": 2, "val": 1, "test": 1})
    open_source("shapes")
    output = capfd.readouterr()
    assert output.out == "" and "Downloading" not in output.err and "Generating" not in output.err


def test_another_process_may_draw_first(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", os.fspath(tmp_path))
    monkeypatch.setattr(shapes, "SPLITS", {"train": 2, "val": 1, "test": 1})
    prepare = shapes.ZooShapes.download_and_prepare

    def prepare_too_late(self):
        prepare(shapes.ZooShapes(data_dir=tmp_path))
        raise OSError("Directory not empty")

    monkeypatch.setattr(shapes.ZooShapes, "download_and_prepare", prepare_too_late)
    assert len(shapes.open_shapes()) == 2


def test_a_full_disk_is_not_hidden(tmp_path, monkeypatch):
    def fail(self):
        raise OSError("No space left on device")

    monkeypatch.setenv("TFDS_DATA_DIR", os.fspath(tmp_path))
    monkeypatch.setattr(shapes.ZooShapes, "download_and_prepare", fail)
    with pytest.raises(OSError, match="No space left"):
        shapes.open_shapes()
