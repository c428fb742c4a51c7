"""What the files hold, as other programs read them."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from PIL import Image
from pycocotools.coco import COCO

from recipes.data import open_source
from recipes.data.pictures import read
from recipes.data.writers import convert
from recipes.data.writers.naming import Names
from tests.recipes.data.odd import bmp, exif, png
from tests.recipes.data.writers.sets import examples, files


def test_coco_by_its_own_program(odd, tmp_path, capsys):
    found = convert(odd[0], "coco", tmp_path / "out")
    assert (found.pictures, found.objects, found.rewritten, found.renamed) == (5, 6, 1, 1)
    opened = COCO(tmp_path / "out" / "annotations.json")
    assert [opened.cats[n]["name"] for n in (1, 2, 3, 4)] == ["person", "dog: no", "große Katze", "never seen"]
    assert opened.cats[1]["keypoints"] == ["nose", "left_eye", "right_eye"] and "keypoints" not in opened.cats[2]
    assert opened.cats[1]["skeleton"] == [[1, 2], [1, 3]]
    assert [opened.imgs[n]["file_name"] for n in range(1, 6)] == [
        *("1.png", "1-2.png", "my phöto.png", "none.png", "turned.png")
    ]
    assert (opened.imgs[5]["width"], opened.imgs[5]["height"]) == (24, 16)
    first, second, ring, crowd, bare, speck = (opened.anns[n] for n in range(1, 7))
    assert first["bbox"] == [0.5, 1, 5.25, 4.5] and first["segmentation"] == [[1, 1, 5.7, 1.3, 5, 5.5, 1.1, 5]]
    assert second["keypoints"] == [3.5, 2.25, 2, 1.1, 4, 1, 0, 0, 0] and second["num_keypoints"] == 2
    assert first["num_keypoints"] == 0
    assert ring["area"] == 202 and ring["segmentation"]["size"] == [20, 31] and speck["area"] == 5.5
    assert [one["iscrowd"] for one in (first, second, ring, crowd, bare, speck)] == [0, 0, 0, 1, 0, 0]
    assert "segmentation" not in bare and opened.annToMask(crowd).sum() == 20 * 15
    assert opened.getAnnIds(imgIds=[4]) == []
    lines = (tmp_path / "out" / "annotations.json").read_text().splitlines()
    assert sum('"bbox"' in line for line in lines) == 6


def test_area_is_that_of_the_mask_where_none_is_stated(folder, tmp_path):
    (folder / "masks").rename(folder / "instance_masks")
    for path in (folder / "instance_masks").iterdir():
        Image.fromarray((np.array(Image.open(path)) == 2).astype(np.uint8)).save(path)
    (folder / "classes.txt").write_text("car\n")
    convert(open_source(f"instances:{folder}"), "coco", tmp_path / "out")
    data = json.loads((tmp_path / "out" / "annotations.json").read_text())
    areas = [int((np.array(Image.open(path)) > 0).sum()) for path in sorted((folder / "instance_masks").iterdir())]
    assert [one["area"] for one in data["annotations"]] == areas


def test_yolo_files(odd, tmp_path):
    convert(odd[0], "yolo", tmp_path / "out", split="val")
    data = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
    assert data == {
        "val": "images/val",
        "names": {0: "person", 1: "dog: no", 2: "große Katze", 3: "never seen"},
        "kpt_shape": [3, 3],
        "flip_idx": [0, 2, 1],
        "kpt_names": dict.fromkeys(range(4), ["nose", "left_eye", "right_eye"]),
    }
    found = files(tmp_path / "out")
    assert {path for path in found if path.startswith("labels")} == {
        f"labels/val/{stem}.txt" for stem in ("1", "1-2", "my phöto", "none", "turned")
    }
    assert found["labels/val/none.txt"] == b""
    # x from 2 to 11 of 13 pixels, y from 1 to 10 of 11.
    assert found["labels/val/1-2.txt"].decode() == (
        "0 0.500000 0.500000 0.692308 0.818182 0.269231 0.204545 2 0.084615 0.363636 1 0.000000 0.000000 0\n"
    )


def test_keypoints_outside_of_the_picture_are_none_in_yolo(folder, tmp_path):
    (folder / "images.csv").write_text("image,x0,y0,x1,y1,x2,y2\na.png,3,4,30,20,10,-0.5\n")
    found = convert(open_source(f"points:{folder / 'images.csv'}"), "yolo", tmp_path / "out")
    (row,) = (tmp_path / "out/labels/train/a.txt").read_text().splitlines()
    assert row.split()[5:] == ["0.100000", "0.200000", "2", "1.000000", "1.000000", "2", "0.000000", "0.000000", "0"]
    assert [count for note, count in found.notes.items() if "outside" in note] == [1]


def test_voc_files(odd, tmp_path):
    found = convert(odd[0], "voc", tmp_path / "out")
    assert found.left_out == ("masks", "keypoints")
    assert [count for note, count in found.notes.items() if "stated areas" in note] == [1]
    root = ElementTree.parse(tmp_path / "out" / "Annotations" / "my phöto.xml").getroot()
    assert root.findtext("filename") == "my phöto.png"
    assert [root.findtext(f"size/{side}") for side in ("width", "height", "depth")] == ["31", "20", "3"]
    assert [one.findtext("difficult") for one in root.iter("object")] == ["0", "1", "0"]
    boxes = [[one.text for one in box] for box in root.iter("bndbox")]
    assert boxes == [["4", "3", "26", "18"], ["11", "5", "22", "13.5"], ["21.5", "4.12", "24.5", "8.12"]]
    lines = (tmp_path / "out" / "ImageSets" / "Main" / "train.txt").read_text().splitlines()
    assert lines == ["1", "1-2", "my phöto", "none", "turned"]
    assert (tmp_path / "out" / "classes.txt").read_text() == "person\ndog: no\ngroße Katze\nnever seen\n"


def test_masks_files(odd, tmp_path):
    found = convert(odd[0], "masks", tmp_path / "out")
    assert found.left_out == ("keypoints",)
    with Image.open(tmp_path / "out" / "masks" / "my phöto.png") as mask:
        assert mask.mode == "L" and mask.size == (31, 20)
        labels = np.array(mask)
    assert {*labels.ravel().tolist()} == {0, 3, 255}
    assert labels[3, 17] == 3 and labels[6, 8] == 0 and labels[0, 20] == 255
    assert (tmp_path / "out" / "classes.txt").read_text().startswith("background\nperson\n")


def test_pictures_are_copied_or_rewritten_upright(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 10, 3), dtype=np.uint8)
    folder = tmp_path / "set"
    folder.mkdir()
    image = Image.fromarray(pixels)
    image.save(folder / "plain.JPG", "JPEG")
    image.save(folder / "upright.jpg", exif=b"Exif\0\0" + exif(1))
    image.save(folder / "photo.jpg", "PNG")
    for turn in (3, 6):
        image.save(folder / f"turned{turn}.jpg", exif=b"Exif\0\0" + exif(turn))
    image.save(folder / "tiff.tif")
    image.convert("P").save(folder / "frames.gif")
    (folder / "bits.bmp").write_bytes(bmp(8, 2, 1, [b"\x0f", b"\xf0"], bytes(4) + b"\xff" * 4))
    (folder / "deep.png").write_bytes(png(2, 1, 16, 0, [bytes([1, 0, 9, 9])]))
    (folder / "classes.txt").write_text("x\n")
    for path in [*folder.iterdir()]:
        if path.suffix != ".txt":
            (folder / f"{path.stem}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    found = convert(open_source(f"yolo:{folder}"), "coco", tmp_path / "out")
    assert (found.pictures, found.rewritten, found.renamed) == (9, 5, 0)
    images = tmp_path / "out" / "images"
    assert sorted(path.name for path in images.iterdir()) == [
        *("bits.png", "deep.png", "frames.png", "photo.png", "plain.JPG", "tiff.png"),
        *("turned3.png", "turned6.png", "upright.jpg"),
    ]
    for name in ("plain.JPG", "upright.jpg", "deep.png"):
        assert (images / name).read_bytes() == (folder / name).read_bytes()
    assert (images / "photo.png").read_bytes() == (folder / "photo.jpg").read_bytes()
    for old, new in (("turned6.jpg", "turned6.png"), ("tiff.tif", "tiff.png"), ("bits.bmp", "bits.png")):
        np.testing.assert_array_equal(read(images / new), read(folder / old))
    for one, other in zip(*(examples(open_source(spec)) for spec in (found.spec, f"yolo:{folder}")), strict=True):
        np.testing.assert_allclose(one["boxes"], other["boxes"], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("a.png", "a.png"),
        ("/data/sub/a.PNG", "a.PNG"),
        ("..\\..\\a.png", "a.png"),
        ("a.b.tiff", "a.b.png"),
        ("train_00003", "train_00003.png"),
        ("v1.2", "v1.2.png"),
        ("..", "__.png"),
        (".hidden.png", "_hidden.png"),
        (" a\nb.png", "a_b.png"),
        ("\udcff.png", "_.png"),
        ("", "picture.png"),
        ("日本 語.png", "日本 語.png"),
    ],
)
def test_names_stay_in_the_folder(name, given):
    assert Names().give(name, (".png",)) == given


def test_names_that_a_disk_may_take_for_one_are_numbered():
    names = Names(["taken"])
    given = [names.give(name, (".jpg", ".jpeg")) for name in ("a.jpg", "b/a.jpeg", "A.jpg", "a-2.jpg", "Taken.jpg")]
    assert given == ["a.jpg", "a-2.jpeg", "A-3.jpg", "a-2-2.jpg", "Taken-2.jpg"]
    assert names.renamed == 4
    assert [names.give(name, (".jpg",)) for name in ("\u00e9.jpg", "e\u0301.jpg")] == ["\u00e9.jpg", "e\u0301-2.jpg"]
