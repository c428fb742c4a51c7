import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import Augment, open_source, pipeline
from zoo.errors import InputError

OBJECT = """<object><name>{}</name><difficult>{}</difficult><part><name>head</name></part>
<bndbox><xmax>{}</xmax><xmin>{}</xmin><ymin>{}</ymin><ymax>{}</ymax></bndbox></object>"""


def box(name, x1, y1, x2, y2, difficult=0):
    return OBJECT.format(name, difficult, x2, x1, y1, y2)


@pytest.fixture
def folder(tmp_path):
    """Three pictures of 20x30: two objects, one of them difficult; none; another class in another split."""
    for part in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (tmp_path / part).mkdir(parents=True)
    objects = {
        "a": box("dog", 1, 1, 30, 20) + box("cat", 3, 5, 10, 12, difficult=1),
        "b": "",
        "c": box("ant", 2, 2, 4, 4),
    }
    for name, inside in objects.items():
        Image.new("RGB", (30, 20)).save(tmp_path / "JPEGImages" / f"{name}.png")
        write(tmp_path, name, inside)
    (tmp_path / "ImageSets/Main/train.txt").write_text("a\nb\n")
    (tmp_path / "ImageSets/Main/val.txt").write_text("c\n")
    return tmp_path


def write(folder, name, inside):
    text = f'<?xml version="1.0"?><annotation><filename>x</filename>{inside}</annotation>'
    (folder / "Annotations" / f"{name}.xml").write_text(text)


def problem(folder, split="train"):
    (found,) = open_source(f"voc:{folder}:{split}").findings()
    return found


def test_reads_boxes_by_hand(folder):
    source = open_source(f"voc:{folder}:train")
    assert (len(source), source.keys) == (2, ("boxes", "labels", "ignored"))
    first, second = source.records().map(source.decode).as_numpy_iterator()
    # Pixels count from 1, the last one included.
    np.testing.assert_array_equal(first["boxes"], [[0, 0, 30, 20], [2, 4, 10, 12]])
    np.testing.assert_array_equal(first["labels"], [2, 1])
    np.testing.assert_array_equal(first["ignored"], [False, True])
    assert first["name"].decode() == str(folder / "JPEGImages" / "a.png") and first["image"].shape == (20, 30, 3)
    assert second["boxes"].shape == (0, 4) and second["boxes"].dtype == np.float32
    assert source.findings() == []


def test_decodes_eagerly_as_in_a_graph(folder):
    source = open_source(f"voc:{folder}")
    for record, example in zip(source.records(), source.records().map(source.decode), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, source.decode(record), example)


def test_splits_agree_on_the_classes(folder):
    classes = ("ant", "cat", "dog")
    assert [open_source(f"voc:{folder}{split}").classes for split in ("", ":train", ":val")] == [classes] * 3
    assert len(open_source(f"voc:{folder}")) == 3


def test_named_classes_keep_their_order(folder):
    (folder / "classes.txt").write_text("dog\ncat\n")
    source = open_source(f"voc:{folder}:train")
    assert (source.classes, source.findings()) == (("dog", "cat"), [])
    found = problem(folder, "val")
    assert found.fatal and found.file == str(folder / "Annotations" / "c.xml")
    assert found.message == "the class 'ant' is none of the 2 known (dog, cat)"


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        (box("dog", 5, 5, 5, 5), r"box 0 \(4, 4, 4, 4\) has no area: left out"),
        (box("dog", 9, 5, 5, 8), r"box 0 \(8, 4, 4, 7\) has no area: left out"),
        (box("dog", 5, 5, 40, 8), r"box 0 \(4, 4, 40, 8\) reaches out of the 30x20 picture: clipped"),
        (box("dog", 50, 5, 60, 8), r"box 0 \(49, 4, 60, 8\) lies outside the 30x20 picture: left out"),
    ],
)
def test_boxes_that_are_left_out_stop_nothing(folder, inside, message):
    write(folder, "b", inside)
    found = problem(folder)
    assert (found.file, found.fatal) == (str(folder / "Annotations" / "b.xml"), False)
    assert re.fullmatch(message, found.message)
    source = open_source(f"voc:{folder}:train")
    assert source.problems() == [] and len(source.without(source.findings())) == 2
    boxes = list(source.records().map(source.decode).as_numpy_iterator())[1]["boxes"]
    assert len(boxes) == ("clipped" in message)
    assert np.all(boxes <= [30, 20, 30, 20])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation><object>", "is no VOC annotation: no element found"),
        ("", "is no VOC annotation: no element found"),
        ("<annotation><object></object></annotation>", "object 0 has no name"),
        ("<annotation><object><name>dog</name></object></annotation>", "object 0 has no xmin"),
        (f"<a>{box('dog', 'x', 1, 2, 3)}</a>", "could not convert string to float: 'x'"),
        (f"<a>{box('dog', 'nan', 1, 2, 3)}</a>", "object 0 has a box that is no number"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "has a DOCTYPE"),
        ("\xff".encode("latin-1"), "is no UTF-8 text"),
    ],
)
def test_unusable_annotations_are_named(folder, text, message):
    (folder / "Annotations" / "a.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    found = problem(folder)
    assert found.fatal and found.file == str(folder / "Annotations" / "a.xml")
    assert message in found.message and "\n" not in found.message
    source = open_source(f"voc:{folder}:train")
    assert len(source.without(source.findings())) == 1


def test_missing_files_are_named(folder):
    (folder / "JPEGImages" / "a.png").unlink()
    assert problem(folder).file == str(folder / "JPEGImages" / "a.jpg")
    assert "no such picture" in problem(folder).message
    (folder / "ImageSets/Main/train.txt").write_text("z\n")
    assert problem(folder).file == str(folder / "Annotations" / "z.xml")
    (folder / "JPEGImages" / "c.png").write_text("not a picture")
    assert problem(folder, "val").file == str(folder / "JPEGImages" / "c.png")


def test_unusable_folders_say_what_is_needed(folder, tmp_path):
    with pytest.raises(InputError, match=r"dev.txt: no such split; .* has train, val"):
        open_source(f"voc:{folder}:dev")
    (folder / "ImageSets/Main/train.txt").write_text("\n")
    with pytest.raises(InputError, match="train.txt: the split is empty"):
        open_source(f"voc:{folder}:train")
    (folder / "classes.txt").write_text("\n")
    with pytest.raises(InputError, match="classes.txt: names no class"):
        open_source(f"voc:{folder}")
    with pytest.raises(InputError, match="names no folder; voc:DIR needs"):
        open_source("voc:")
    with pytest.raises(InputError, match="nothing: no such folder; voc:DIR needs"):
        open_source(f"voc:{tmp_path / 'nothing'}")


@pytest.mark.full
def test_pictures_without_objects_are_learned(folder):
    write(folder, "a", "")
    arguments = {"task": "detection", "picture_size": (32, 32), "batch_size": 2, "training": True, "max_objects": 3}
    images, targets = next(iter(pipeline(open_source(f"voc:{folder}:train"), augment=Augment(), **arguments)))
    assert images.shape == (2, 32, 32, 3)
    assert np.all(targets["labels"] == -1) and not np.any(targets["boxes"])


@pytest.mark.full
@pytest.mark.parametrize(
    ("split", "count", "box"), [("train", 205, "00343.xml: box 3"), ("val", 87, "00338.xml: box 12")]
)
def test_bccd(zoo_data, split, count, box):
    source = open_source(f"voc:{zoo_data / 'bccd'}:{split}")
    assert (len(source), source.classes) == (count, ("Platelets", "RBC", "WBC"))
    (warning,) = source.findings()
    assert f"{box} " in str(warning) and not warning.fatal
