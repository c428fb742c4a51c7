import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import open_source
from zoo.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Two pictures of 10x20 to learn from, one to measure on; the second has no labels."""
    for name in ("train/a", "train/b", "val/c"):
        path = tmp_path / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 10)).save(path)
    (tmp_path / "labels/train").mkdir(parents=True)
    (tmp_path / "labels/train/a.txt").write_text("1 0.5 0.5 0.2 0.4\n\n0 0.25 0.1 0.5 0.2\n")
    describe(tmp_path, "names: [cat, dog]\ntrain: images/train\nval: images/val\n")
    return tmp_path


def describe(folder, text):
    (folder / "data.yaml").write_text(text)


def test_reads_boxes_by_hand(folder):
    source = open_source(f"yolo:{folder}:train")
    assert (len(source), source.classes, source.keys) == (2, ("cat", "dog"), ("boxes", "labels"))
    first, second = source.records().map(source.decode).as_numpy_iterator()
    np.testing.assert_allclose(first["boxes"], [[8, 3, 12, 7], [0, 0, 10, 2]], atol=1e-5)
    np.testing.assert_array_equal(first["labels"], [1, 0])
    assert second["boxes"].shape == (0, 4)
    assert source.findings() == []


def test_decodes_eagerly_as_in_a_graph(folder):
    source = open_source(f"yolo:{folder}")
    for record, example in zip(source.records(), source.records().map(source.decode), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, source.decode(record), example)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("names: {0: cat, 1: dog}\npath: .\ntrain: [images/train, images/val]", 3),
        ("names: [cat, dog]\npath: images\ntrain: train", 2),
        ("names: [cat, dog]\npath: elsewhere\ntrain: images/train", 2),
        ("names: [cat, dog]\ntrain: train.txt\nval: images/train", 2),
    ],
)
def test_forms_of_data_yaml(folder, text, count):
    (folder / "train.txt").write_text("images/train/a.png\n./images/val/c.png\n")
    describe(folder, text)
    assert len(open_source(f"yolo:{folder}:train")) == count
    assert open_source(f"yolo:{folder}:train").classes == ("cat", "dog")


def test_all_splits_together(folder):
    assert len(open_source(f"yolo:{folder}")) == 3
    describe(folder, "names: [cat, dog]\ntrain: images/train\nval: images/train\n")
    assert len(open_source(f"yolo:{folder}")) == 2


def test_labels_beside_pictures_that_lie_in_no_images_folder(folder):
    (folder / "images").rename(folder / "pictures")
    describe(folder, "names: [cat, dog]\ntrain: pictures/train")
    (folder / "pictures/train/b.txt").write_text("0 0.5 0.5 1 1")
    source = open_source(f"yolo:{folder}")
    lengths = [len(example["labels"]) for example in source.records().map(source.decode).as_numpy_iterator()]
    assert lengths == [0, 1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.2", "line 2: takes class cx cy w h, received 4 values"),
        ("0 0.5 0.5 0.2 x", "line 2: could not convert string to float: 'x'"),
        ("cat 0.5 0.5 0.2 0.2", "line 2: invalid literal for int"),
        ("2 0.5 0.5 0.2 0.2", "line 2: the class 2 is none of the 2 known (0 to 1)"),
        ("-1 0.5 0.5 0.2 0.2", "line 2: the class -1 is none of the 2 known"),
        ("0 nan 0.5 0.2 0.2", "line 2: a side of the box is no number"),
        ("0 10 5 4 4", "line 2: 10 is no share of the picture"),
    ],
)
def test_unusable_lines_are_named(folder, line, message):
    path = folder / "labels/train/a.txt"
    path.write_text(f"0 0.5 0.5 0.2 0.2\n{line}\n")
    (found,) = open_source(f"yolo:{folder}").problems()
    assert found.file == str(path) and message in found.message


def test_boxes_that_are_left_out_stop_nothing(folder):
    (folder / "labels/train/a.txt").write_text("0 0.5 0.5 0 0.2\n1 0.9 0.5 0.4 0.2\n0 1.5 0.5 0.2 0.2")
    source = open_source(f"yolo:{folder}:train")
    (found,) = source.findings()
    assert not found.fatal and found.message.split("; ") == [
        "box 0 (10, 4, 10, 6) has no area: left out",
        "box 1 (14, 4, 22, 6) reaches out of the 20x10 picture: clipped",
        "box 2 (28, 4, 32, 6) lies outside the 20x10 picture: left out",
    ]
    first = next(source.records().map(source.decode).as_numpy_iterator())
    np.testing.assert_allclose(first["boxes"], [[14, 4, 20, 6]], atol=1e-5)
    assert first["labels"] == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [cat", "data.yaml: is no YAML: "),
        ("", "data.yaml: has no names"),
        ("train: images/train", "names is a list, or numbers from 0 with their names; received None"),
        ("names: {1: cat}\ntrain: images/train", "names is a list, or numbers from 0"),
        ("names: [cat]", "no such split ''; it has none"),
        ("names: [cat]\ntrain: images/test", "names images/test, but there is no"),
        ("names: [cat]\ntrain: images", "the folder holds no pictures"),
        ("names: [cat]\ntrain: empty.txt", "empty.txt: the split is empty"),
    ],
)
def test_unusable_data_yaml(folder, text, message):
    (folder / "empty.txt").write_text("\n")
    describe(folder, text)
    with pytest.raises(InputError, match=message) as error:
        open_source(f"yolo:{folder}")
    assert "\n" not in str(error.value)


def test_missing_folders_and_splits(folder, tmp_path):
    with pytest.raises(InputError, match="no such split 'test'; it has train, val"):
        open_source(f"yolo:{folder}:test")
    with pytest.raises(InputError, match="data.yaml: no such file; yolo:DIR needs"):
        open_source(f"yolo:{tmp_path / 'nothing'}")
    with pytest.raises(InputError, match="names no folder"):
        open_source("yolo:")
    (folder / "images/val/c.png").write_text("not a picture")
    assert [problem.file for problem in open_source(f"yolo:{folder}").problems()] == [
        str(folder / "images/val/c.png")
    ]
