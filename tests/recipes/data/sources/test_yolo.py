import os
import time
from unicodedata import normalize

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
        ("0 0.5 0.5 0.2 x", "line 2: 'x' is no number, as in 0.5"),
        ("0 0,5 0,5 0,2 0,2", "line 2: '0,5' is no number, as in 0.5"),
        ("0,0.5,0.5,0.2,0.2", "line 2: begins with '0,0.5,0.5,0.2,0.2', which is no class's number"),
        ("cat 0.5 0.5 0.2 0.2", "line 2: begins with 'cat', which is no class's number"),
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
        ("train: images/train", "names is a list, .*or numbers from 0 with their names; received None"),
        ("names: {1: cat}\ntrain: images/train", "names is a list, .*or numbers from 0"),
        ("names: [[cat]]\ntrain: images/train", r"names is a list, .* received \[\['cat'\]\]"),
        ("names: [cat]\ntrain: {a: b}", r"train is a folder or a file, received {'a': 'b'}"),
        ("names: [cat]\nkpt_shape: 17", r"kpt_shape is \[points, 2 or 3\], received '17'"),
        ("names: [cat]\nkpt_shape: [2, 3]\nflip_idx: [0, 2]", "flip_idx is the 2 points in another order"),
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


def examples(source):
    return list(source.records().map(source.decode).as_numpy_iterator())


def roboflow(folder, text="train: ../train/images\nval: ../valid/images\ntest: ../test/images\n"):
    """The folders of Roboflow's exports: train/images, train/labels, valid/images ...; there is no test."""
    for split in ("train", "valid"):
        (folder / split).mkdir()
    (folder / "images/train").rename(folder / "train/images")
    (folder / "images/val").rename(folder / "valid/images")
    (folder / "labels/train").rename(folder / "train/labels")
    (folder / "valid/labels").mkdir()
    (folder / "valid/labels/c.txt").write_text("1 0.5 0.5 1 1")
    describe(folder, f"names: ['cat', 'dog']\n{text}")


@pytest.mark.parametrize(
    "text",
    [
        "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n",
        "train: train/images\nvalid: valid/images\n",
        "train: train/images\nval: val/images\n",
        "train: my-project-1/train/images\nval: my-project-1/valid/images\n",
        "train: /home/someone/sets/my-project/train/images\nval: /home/someone/sets/my-project/valid/images\n",
        "path: /content/my-project\ntrain: train/images\nval: valid/images\n",
        "path: C:\\sets\ntrain: C:\\sets\\train\\images\nval: ..\\valid\\images\n",
        "nc: 2",
    ],
)
def test_paths_that_were_written_elsewhere(folder, text):
    roboflow(folder, text)
    for split, count in (("", 3), (":train", 2), (":val", 1), (":valid", 1)):
        source = open_source(f"yolo:{folder}{split}")
        assert (len(source), source.findings()) == (count, [])
    assert examples(open_source(f"yolo:{folder}:val"))[0]["labels"] == [1]


def test_a_class_that_only_names_the_project(folder):
    """Roboflow's class 0 of some exports: no object is of it."""
    roboflow(folder)
    text = (folder / "data.yaml").read_text().replace("'cat', 'dog'", "'Pet-Shop', 'cat', 'dog'")
    describe(folder, f"{text}roboflow:\n  project: pet-shop-x7\n")
    (folder / "train/labels/a.txt").write_text("1 0.5 0.5 0.2 0.4\n2 0.25 0.1 0.5 0.2\n")
    source = open_source(f"yolo:{folder}:train")
    assert source.classes == ("cat", "dog")
    np.testing.assert_array_equal(examples(source)[0]["labels"], [0, 1])
    (folder / "valid/labels/c.txt").write_text("0 0.5 0.5 1 1")
    assert open_source(f"yolo:{folder}:train").classes == ("Pet-Shop", "cat", "dog")


def test_names_of_every_form(folder, capsys):
    for text in ("{'0': cat, '1': dog}", "{1: dog, 0: cat}", "['cat', 'dog']\nnc: 2"):
        describe(folder, f"names: {text}\ntrain: images/train")
        assert open_source(f"yolo:{folder}").classes == ("cat", "dog")
    assert capsys.readouterr().out == ""
    describe(folder, "names: [no, 1, ~]\nnc: 4\ntrain: images/train\nval: ~\ntest:")
    assert open_source(f"yolo:{folder}").classes == ("no", "1", "~")
    assert "nc is 4, but there are 3 names, which count" in capsys.readouterr().out
    describe(folder, "nc: 2\ntrain: images/train")
    assert open_source(f"yolo:{folder}").classes == ("class_0", "class_1")
    describe(folder, "names: [cat, cat]\ntrain: images/train")
    source = open_source(f"yolo:{folder}")
    assert source.classes == ("cat",) and examples(source)[0]["labels"].tolist() == [0, 0]


@pytest.mark.parametrize(
    "line",
    [
        "images/val/c.png",
        "./images/val/c.png",
        "images\\\\val\\\\c.png",
        "/content/sets/mine/images/val/c.png",
        "D:\\\\mine\\\\images\\\\val\\\\c.png",
        "data/images/val/c.png",
        "c.png",
    ],
)
def test_lists_of_pictures_written_elsewhere(folder, line):
    (folder / "lists").mkdir()
    (folder / "lists/val.txt").write_bytes(f"\ufeff{line}\r\n\r\n".replace("\\\\", "\\").encode())
    describe(folder, "names: [cat, dog]\ntrain: images/train\nval: lists\\val.txt")
    (folder / "labels/val").mkdir()
    (folder / "labels/val/c.txt").write_text("1 0.5 0.5 1 1")
    source = open_source(f"yolo:{folder}:val")
    assert source.findings() == [] and examples(source)[0]["labels"] == [1]


def write_pictures(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 10)).save(folder / name)


def test_label_studio_and_labelimg_without_data_yaml(tmp_path):
    """Label Studio's YOLO export: classes.txt, notes.json, images, labels; LabelImg: all in one folder."""
    write_pictures(tmp_path, "a/images/1.png", "a/images/2.png", "b/1.png", "b/2.png")
    for folder, labels in (("a", "a/labels"), ("b", "b")):
        (tmp_path / labels).mkdir(exist_ok=True)
        (tmp_path / labels / "2.txt").write_text("1 0.5 0.5 1 1")
        (tmp_path / folder / "classes.txt").write_bytes(b"cat\r\ndog\r\n")
        source = open_source(f"yolo:{tmp_path / folder}")
        assert source.classes == ("cat", "dog") and source.findings() == []
        assert [example["labels"].tolist() for example in examples(source)] == [[], [1]]
    (tmp_path / "a/classes.txt").rename(tmp_path / "a/labels/classes.txt")
    assert open_source(f"yolo:{tmp_path / 'a'}").classes == ("cat", "dog")


def test_cvat_and_darknet(tmp_path):
    """CVAT's YOLO 1.1 export: obj.data, obj.names, train.txt, obj_train_data with pictures and labels."""
    write_pictures(tmp_path, "obj_train_data/a.png", "obj_train_data/b.png", "obj_valid_data/c.png")
    (tmp_path / "obj.data").write_text(
        "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\nbackup = backup/\n"
    )
    (tmp_path / "obj.names").write_text("cat\ndog\n")
    (tmp_path / "train.txt").write_text("data/obj_train_data/a.png\ndata/obj_train_data/b.png\n")
    (tmp_path / "valid.txt").write_text("data/obj_valid_data/c.png\n")
    for name in ("obj_train_data/a", "obj_valid_data/c"):
        (tmp_path / f"{name}.txt").write_text("1 0.5 0.5 1 1")
    assert [len(open_source(f"yolo:{tmp_path}{split}")) for split in ("", ":train", ":val")] == [3, 2, 1]
    (tmp_path / "obj.data").unlink()
    source = open_source(f"yolo:{tmp_path}:val")
    assert source.classes == ("cat", "dog") and examples(source)[0]["labels"] == [1]


def test_polygons_have_boxes_and_masks(folder):
    (folder / "labels/train/a.txt").write_text("1 0.1 0.2 0.5 0.2 0.5 0.6 0.1 0.6\n0 0.25 0.5 0.5 1\n")
    source = open_source(f"yolo:{folder}:train")
    assert source.keys == ("boxes", "labels", "masks")
    (found,) = source.findings()
    assert not found.fatal and found.message == "object 1 is a box: no mask is learned from it"
    assert source.of_task("detection").findings() == []
    whole, boxes = examples(source)[0], examples(source.of_task("detection"))[0]
    np.testing.assert_allclose(boxes["boxes"], [[2, 2, 10, 6], [0, 0, 10, 10]], atol=1e-5)
    np.testing.assert_allclose(whole["boxes"], [[2, 2, 10, 6]], atol=1e-5)
    expected = np.zeros((1, 10, 20))
    expected[0, 2:6, 2:10] = 1
    np.testing.assert_array_equal(whole["masks"], expected)
    second = examples(source)[1]
    assert second["masks"].shape == (0, 10, 20)


def test_keypoints(folder):
    describe(folder, "names: [cat, dog]\ntrain: images/train\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n")
    row = "1 0.5 0.5 0.2 0.4 0.45 0.5 2 0.1 0.1 0"
    (folder / "labels/train/a.txt").write_text(f"{row}\n0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.2 0.4 0.45 0.5 2\n")
    source = open_source(f"yolo:{folder}")
    assert (source.keys, source.flip_pairs) == (("boxes", "labels", "keypoints"), ((0, 1),))
    (found,) = source.findings()
    assert found.of_object and "line 3: takes class cx cy w h and 6 numbers of points, received 8" in found.message
    np.testing.assert_allclose(examples(source)[0]["keypoints"], [[[9, 5, 2], [0, 0, 0]], np.zeros((2, 3))])
    describe(folder, "names: [cat, dog]\ntrain: images/train\nkpt_shape: [2, 2]\n")
    (folder / "labels/train/a.txt").write_text("1 0.5 0.5 0.2 0.4 0.45 0.5 0 0\n")
    np.testing.assert_allclose(examples(open_source(f"yolo:{folder}"))[0]["keypoints"], [[[9, 5, 2], [0, 0, 0]]])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{0: [nose, tail], 1: [nose, tail]}", ("nose", "tail")),
        ("[nose, tail]", ("nose", "tail")),
        ("{0: [nose, tail], 1: [tail, nose]}", ()),
        ("{0: [nose]}", ()),
        ("{0: [nose, [tail]]}", ()),
        ("{}", ()),
        ("tail", ()),
    ],
)
def test_names_of_keypoints(folder, text, names):
    describe(folder, f"names: [cat, dog]\ntrain: images/train\nkpt_shape: [2, 3]\nkpt_names: {text}\n")
    for path in (folder / "labels" / "train").glob("*.txt"):
        path.write_text("0 0.5 0.5 0.2 0.2 0.5 0.5 2 0.4 0.4 1\n")
    assert open_source(f"yolo:{folder}:train").keypoint_names == names


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_rows_as_other_systems_write_them(folder, encoding):
    text = " 1.0\t0.5 0.5  0.2\t0.4 \r\n\r\n0.000e+00 0.25 0.1 0.5 0.2"
    (folder / "labels/train/a.txt").write_bytes(text.encode(encoding))
    source = open_source(f"yolo:{folder}:train")
    np.testing.assert_allclose(examples(source)[0]["boxes"], [[8, 3, 12, 7], [0, 0, 10, 2]], atol=1e-5)
    assert examples(source)[0]["labels"].tolist() == [1, 0] and source.findings() == []


def test_a_bad_row_costs_itself_alone(folder):
    bad = "9 .5 .5 .1 .1\n0 .5 .5 .1 .1 .9\n0.5 .5 .5 .1 .1\n0 .1 .1 .2 .2 .3 .3 .4\n"
    (folder / "labels/train/a.txt").write_text(f"{bad}1 0.5 0.5 0.2 0.4\n")
    source = open_source(f"yolo:{folder}:train")
    found = source.findings()
    assert [problem.of_object for problem in found] == [True] * 4 and len({problem.kind for problem in found}) == 3
    assert "line 2: has 6 values, as predictions have, with a confidence" in found[1].message
    assert len(source.without(found)) == 2 and examples(source)[0]["labels"] == [1]


def test_labels_without_a_picture_are_named(folder):
    (folder / "labels/train/b.png.txt").write_text("0 0.5 0.5 0.2 0.4\n")  # as some write it
    (folder / "labels/train/phone.txt").write_text("0 0.5 0.5 0.2 0.4\n")
    (folder / "labels/train/classes.txt").write_text("cat\ndog\n")
    (found,) = open_source(f"yolo:{folder}:train").findings()
    assert (found.file, found.fatal) == (str(folder / "labels/train/phone.txt"), False)
    assert found.message == "no picture has this name: no object is learned from it"
    _, second = open_source(f"yolo:{folder}:train").records().map(open_source(f"yolo:{folder}:train").decode)
    assert second["labels"].numpy().tolist() == [0]


def test_labels_of_all_splits_in_one_folder_are_of_their_pictures(tmp_path):
    describe(tmp_path, "names: [cat]\ntrain: train\nval: val\n")
    (tmp_path / "labels").mkdir()
    for name in ("train/a", "val/b"):
        (tmp_path / name).parent.mkdir()
        Image.new("RGB", (20, 10)).save(tmp_path / f"{name}.png")
        (tmp_path / "labels" / f"{name[-1]}.txt").write_text("0 0.5 0.5 0.2 0.4\n")
    assert open_source(f"yolo:{tmp_path}:train").findings() == []
    (tmp_path / "labels" / "c.txt").write_text("0 0.5 0.5 0.2 0.4\n")
    assert len(open_source(f"yolo:{tmp_path}:val").findings()) == 1


def test_labels_that_are_nowhere(folder):
    (folder / "labels").rename(folder / "lables")
    message = "labels/train: no such folder, and none of 2 pictures has a file of labels"
    with pytest.raises(InputError, match=message):
        open_source(f"yolo:{folder}:train")
    (folder / "labels/train").mkdir(parents=True)
    with pytest.raises(InputError, match="labels/train: no file of labels there, and none of 2 pictures"):
        open_source(f"yolo:{folder}:train")


def test_train_and_val_by_a_hash(tmp_path, capsys):
    write_pictures(tmp_path, *(f"images/{number}.png" for number in range(20)))
    (tmp_path / "classes.txt").write_text("cat\n")
    (tmp_path / "labels").mkdir()
    for number in range(20):
        (tmp_path / f"labels/{number}.txt").write_text("0 0.5 0.5 1 1")
    train, val = (open_source(f"yolo:{tmp_path}:{split}") for split in ("train", "val"))
    assert "has no splits of its own; a hash of the names chooses" in capsys.readouterr().out
    names = [{example["name"] for example in examples(source)} for source in (train, val)]
    assert len(names[0] | names[1]) == 20 and not names[0] & names[1] and 1 <= len(val) <= 8
    with pytest.raises(InputError, match="no such split 'test'"):
        open_source(f"yolo:{tmp_path}:test")


def test_files_that_grow_or_never_end(folder):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]" for i in range(8)]
    start = time.monotonic()
    for text in ("\n".join(lines) + "\nnames: *a8\ntrain: images/train", "names: " + "[" * 10_000):
        describe(folder, text)
        with pytest.raises(InputError, match="data.yaml: is ") as error:
            open_source(f"yolo:{folder}")
        assert "\n" not in str(error.value) and len(str(error.value)) < 400
    describe(folder, "names: &names [cat, dog]\nold: *names\ntrain: &x images/train\nval: *x")
    assert open_source(f"yolo:{folder}:val").classes == ("cat", "dog")
    path = folder / "labels/train/b.txt"
    os.mkfifo(path)
    (found,) = open_source(f"yolo:{folder}:train").problems()
    assert (found.file, found.message) == (str(path), "is no regular file")
    assert time.monotonic() - start < 10


def test_names_that_no_file_has(folder):
    describe(folder, f"names: [cat, dog]\ntrain: images/train\nval: {'x' * 5000}")
    with pytest.raises(InputError, match="names xxx") as error:
        open_source(f"yolo:{folder}:val")
    assert len(str(error.value)) < 700
    (folder / "list.txt").write_text(f"images/train/a.png\n{'x' * 5000}.png\na\0b.png\n")
    describe(folder, "names: [cat, dog]\ntrain: list.txt")
    assert [problem.index for problem in open_source(f"yolo:{folder}").problems()] == [1, 2]


@pytest.mark.parametrize("ways", [("NFC", "NFD"), ("NFD", "NFC")])
def test_labels_are_found_in_unicodes_other_way_to_write_accents(folder, ways):
    picture, labels = (normalize(way, "caf\u00e9") for way in ways)
    (folder / "images/train/a.png").rename(folder / f"images/train/{picture}.png")
    (folder / "labels/train/a.txt").rename(folder / f"labels/train/{labels}.txt")
    source = open_source(f"yolo:{folder}:train")
    assert source.findings() == []
    (joined,) = [one for one in examples(source) if normalize("NFC", one["name"].decode()).endswith("caf\u00e9.png")]
    assert len(joined["labels"])


def test_names_in_one_text_are_refused_with_the_remedy(folder):
    (folder / "data.yaml").write_text("names: 'cat, dog'\ntrain: images/train\n")
    with pytest.raises(InputError, match=r"names is a list, as in names: \[cat, dog\], .* received 'cat, dog'"):
        open_source(f"yolo:{folder}")
