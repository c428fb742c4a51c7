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


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [
        (30, 20, None),
        (0, 0, None),
        (20, 30, None),  # swapped, as some write it
        (64, 48, None),
        (60, 40, "the picture has 30x20 pixels, not 60x40 as stated"),
        (19.5, 13, "the picture has 30x20 pixels, not 19.5x13 as stated"),
    ],
)
def test_pictures_that_were_scaled_since_are_named(folder, width, height, message):
    write(folder, "b", f"<size><width>{width}</width><height>{height}</height></size>")
    assert [found.message for found in open_source(f"voc:{folder}:train").problems()] == [message] * bool(message)


def test_boxes_in_shares_and_files_of_cvat_say_what_they_are(folder):
    write(folder, "b", box("dog", 0.1, 0.2, 0.5, 0.75) + box("dog", 1, 1, 1, 1))
    (found,) = open_source(f"voc:{folder}:train").problems()
    assert found.message.startswith("object 0 has a box within one pixel (0.1, 0.2, 0.5, 0.75): boxes are in pixels")
    (folder / "Annotations/b.xml").write_text('<annotations><image name="b.png"/></annotations>')
    (found,) = open_source(f"voc:{folder}:train").problems()
    assert found.message == "is CVAT's own XML; export the task as Pascal VOC or COCO"


def test_the_name_of_a_picture_may_have_dots_and_no_suffix(folder):
    (folder / "JPEGImages/b.png").rename(folder / "JPEGImages/my.photo.1.png")
    (folder / "Annotations/b.xml").write_text("<annotation><filename>my.photo.1</filename></annotation>")
    assert open_source(f"voc:{folder}:train").findings() == []


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
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "has a DOCTYPE"),
        (b"\0\xff\0", "is no text"),
        ("<a>" * 300_000, "is no VOC annotation: "),
        (" " * 5_000_000, "has more than 4,194,304 bytes"),
    ],
)
def test_unusable_annotations_are_named(folder, text, message):
    (folder / "Annotations" / "a.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    found = problem(folder)
    assert found.fatal and found.file == str(folder / "Annotations" / "a.xml")
    assert message in found.message and "\n" not in found.message
    source = open_source(f"voc:{folder}:train")
    assert len(source.without(source.findings())) == 1


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<object></object>", "object 0 has no name"),
        ("<object><name>dog</name></object>", "object 0 has no xmin"),
        (box("dog", "x", 1, 2, 3), "object 0 could not convert string to float: 'x'"),
        (box("dog", "nan", 1, 2, 3), "object 0 has a box that is no number"),
        (box("dog", 1, "inf", 2, 3), "object 0 has a box that is no number"),
    ],
)
def test_a_bad_object_costs_itself_alone(folder, inside, message):
    write(folder, "a", inside + box("cat", 3, 5, 10, 12))
    found = problem(folder)
    assert (found.fatal, found.of_object, found.message) == (True, True, message)
    source = open_source(f"voc:{folder}:train")
    assert len(source.without([found])) == 2
    np.testing.assert_array_equal(first_of(source)["boxes"], [[2, 4, 10, 12]])


def first_of(source):
    return next(source.records().map(source.decode).as_numpy_iterator())


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (box("dog", "3.5", "5.0", "10.25", "12"), [2.5, 4, 10.25, 12]),
        (box("dog", "3,5", " 5 ", "10,25", "12"), [2.5, 4, 10.25, 12]),
        (box("dog", 10, 12, 3, 5), [2, 4, 10, 12]),
        (box("dog", 10, 5, 3, 12), [2, 4, 10, 12]),
        (box("dog", 3, 5, 10, 12).replace("<difficult>0</difficult>", ""), [2, 4, 10, 12]),
        (
            "<object><polygon><x1>3</x1><y1>5</y1><x2>10</x2><y2>6</y2><x3>4</x3><y3>12</y3></polygon>"
            "<name>dog</name></object>",
            [2, 4, 10, 12],
        ),
    ],
)
def test_boxes_as_tools_write_them(folder, inside, expected):
    write(folder, "a", inside)
    source = open_source(f"voc:{folder}:train")
    np.testing.assert_array_equal(first_of(source)["boxes"], [expected])
    assert source.problems() == []


CORNERS = "<polygon><x1>1</x1><y1>1</y1><x2>5</x2><y2>1</y2><x3>5</x3><y3>5</y3><x4>1</x4><y4>5</y4></polygon>"
POINTS = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((1, 1), (5, 1), (5, 5), (1, 5)))


@pytest.mark.parametrize("polygon", [CORNERS, f"<polygon><username>me</username>{POINTS}</polygon>"])
def test_polygons_are_masks_where_masks_are_learned(folder, polygon):
    drawn = box("dog", 1, 1, 5, 5).replace("</object>", f"{polygon}</object>")
    odd = box("dog", 2, 2, 4, 4).replace("</object>", "<polygon/></object>")
    write(folder, "a", drawn + box("dog", 3, 5, 10, 12) + odd)
    source = open_source(f"voc:{folder}:train")
    assert len(first_of(source.of_task("detection"))["boxes"]) == 3
    assert source.of_task("detection").findings() == []
    faulty, *bare = source.of_task("instance_segmentation").findings()
    assert faulty.fatal and faulty.message == "object 2 has a polygon that is not x, y of 3 points or more"
    assert [(one.fatal, one.message[:17]) for one in bare] == [(False, f"object {n} is a box") for n in (1, 2)]
    (mask,) = first_of(source)["masks"]
    assert mask.sum() == 16 and mask[:4, :4].all()


def test_an_object_with_two_boxes_is_a_fault(folder):
    twice = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object>"
    write(folder, "a", box("dog", 3, 5, 10, 12) + box("dog", 3, 5, 10, 12).replace("</object>", twice))
    (found,) = open_source(f"voc:{folder}:train").problems()
    assert found.of_object and found.message == "object 1 has 2 boxes; write each as an object of its own"


def test_elements_of_a_namespace(folder):
    inside = box("dog", 3, 5, 10, 12)
    (folder / "Annotations/a.xml").write_text(f'<annotation xmlns="urn:voc">{inside}</annotation>')
    source = open_source(f"voc:{folder}:train")
    assert source.findings() == []
    np.testing.assert_array_equal(first_of(source)["boxes"], [[2, 4, 10, 12]])


@pytest.mark.parametrize("declared", ["", "utf-8", "iso-8859-1", "windows-1252", "UTF-16", "gb2312", "punycode"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_declared_and_other_encodings(folder, declared, encoding):
    head = f'<?xml version="1.0" encoding="{declared}"?>\r\n' if declared else ""
    inside = box("K\xe4fer", 3, 5, 10, 12)
    (folder / "Annotations/a.xml").write_bytes(f"{head}<annotation>{inside}</annotation>".encode(encoding))
    source = open_source(f"voc:{folder}:train")
    assert source.findings() == [] and len(source.classes) == 2
    if not (declared in ("iso-8859-1", "windows-1252", "gb2312") and encoding == "utf-8"):
        assert "K\xe4fer" in source.classes or declared == "gb2312"


@pytest.mark.parametrize(
    ("annotations", "images"),
    [
        ("annotations", "images"),
        ("annots", "images"),
        ("labels", "img"),
        ("annotations/xmls", "images"),
        ("", ""),
        ("data", "data"),
        ("VOC2007/Annotations", "VOC2007/JPEGImages"),
    ],
)
def test_folders_of_any_name(folder, tmp_path, annotations, images):
    """As sets of Kaggle (annotations, images), kangaroo (annots, images), Oxford's pets and LabelImg have them."""
    other = tmp_path / "other"
    for name in "abc":
        for place, source in ((annotations, f"Annotations/{name}.xml"), (images, f"JPEGImages/{name}.png")):
            (other / place).mkdir(parents=True, exist_ok=True)
            (folder / source).rename(other / place / (folder / source).name)
    (other / images / "a.png").rename(other / images / "a.JPEG")
    for masks in ("SegmentationClass", "annotations/trimaps"):
        (other / masks).mkdir(parents=True)
        Image.new("L", (3, 3)).save(other / masks / "a.png")
    source = open_source(f"voc:{other}")
    assert (len(source), source.classes, source.findings()) == (3, ("ant", "cat", "dog"), [])
    assert first_of(source)["name"].decode() == str(other / images / "a.JPEG")


def test_splits_as_subfolders(folder, tmp_path):
    """Roboflow's VOC export: train and valid with pictures and annotations together; stems may stand in both."""
    for split, name in (("train", "a"), ("valid", "c")):
        (tmp_path / "set" / split).mkdir(parents=True)
        (folder / f"Annotations/{name}.xml").rename(tmp_path / "set" / split / "x.xml")
        (folder / f"JPEGImages/{name}.png").rename(tmp_path / "set" / split / "x.png")
    for split in ("train", "val", "valid"):
        source = open_source(f"voc:{tmp_path / 'set'}:{split}")
        assert (len(source), source.classes) == (1, ("ant", "cat", "dog"))
        assert f"/{'valid' if split != 'train' else split}/x.png" in first_of(source)["name"].decode()
    assert len(open_source(f"voc:{tmp_path / 'set'}")) == 2
    with pytest.raises(InputError, match="no such split; .* has train, valid"):
        open_source(f"voc:{tmp_path / 'set'}:test")


def test_pictures_by_the_name_in_the_annotation(folder):
    (folder / "JPEGImages/a.png").rename(folder / "JPEGImages/photo 1.PNG")
    for named in ("photo 1.PNG", "C:\\mine\\photo 1.jpg"):
        text = f"<annotation><filename>{named}</filename>{box('dog', 3, 5, 10, 12)}</annotation>"
        (folder / "Annotations/a.xml").write_text(text)
        source = open_source(f"voc:{folder}:train")
        assert source.findings() == [] and first_of(source)["name"].decode().endswith("photo 1.PNG")


def test_lines_of_splits(folder):
    for name in ("my cat 1", "d.1"):
        write(folder, name, "")
        Image.new("RGB", (30, 20)).save(folder / f"JPEGImages/{name}.png")
    for text, stems in {
        "a.png\r\nb.xml\r\n": "a b",
        "JPEGImages/a.png Annotations/a.xml\nJPEGImages\\b.png\n": "a b",
        "my cat 1\nd.1\na": "my cat 1 d.1 a",
        "my cat 1  1\nd.1 -1\na  1\nb  0\nc -1\n": "my cat 1 a b",
        "a 3 1 2\nb 1 1 1\n": "a b",
    }.items():
        (folder / "ImageSets/Main/my split.txt").write_text(text, encoding="utf-16")
        source = open_source(f"voc:{folder}:my split")
        assert " ".join(path.rpartition("/")[2].removesuffix(".png") for path in source.pictures) == stems
    (folder / "ImageSets/Main/cat_train.txt").write_text("a -1\nb -1\n")
    with pytest.raises(InputError, match="cat_train.txt: names no picture with the flag 1 or 0"):
        open_source(f"voc:{folder}:cat_train")


def test_a_name_that_ends_as_a_picture_has_its_line(folder):
    Image.new("RGB", (30, 20)).save(folder / "JPEGImages" / "d.jpg.png")
    write(folder, "d.jpg", box("dog", 1, 1, 30, 20))
    (folder / "ImageSets/Main/test.txt").write_text("d.jpg\n")
    source = open_source(f"voc:{folder}:test")
    assert source.findings() == [] and source.name_of(0) == str(folder / "JPEGImages" / "d.jpg.png")


def test_a_split_on_its_way_into_the_folder_is_waited_for(folder):
    writing = folder / ".set.partial-1."
    (writing / "Annotations").mkdir(parents=True)
    assert len(open_source(f"voc:{folder}")) == 3
    writing.rename(folder / ".set.partial-1.whole")
    with pytest.raises(
        InputError, match="pictures are being added, or were when that was broken off: run that again"
    ):
        open_source(f"voc:{folder}")


def test_train_and_val_by_a_hash(folder, capsys):
    for path in (folder / "ImageSets/Main").iterdir():
        path.unlink()
    sizes = [len(open_source(f"voc:{folder}:{split}")) for split in ("train", "val")]
    assert sum(sizes) == 3 and min(sizes) == 1
    assert "has no splits of its own; a hash of the names chooses" in capsys.readouterr().out
    with pytest.raises(InputError, match="no such split; .* has no splits, so it takes train and val by a hash"):
        open_source(f"voc:{folder}:test")


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
