"""What a conversion refuses, adds to, leaves out, and what a kill leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml
from PIL import Image

from recipes.data import open_source
from recipes.data.writers import WRITERS, convert
from recipes.data.writers.writer import split_of
from tests.recipes.data.writers.sets import examples, files, write_coco
from zoo.errors import InputError


def refused(source, to, folder, match, **options):
    """Asserts that a conversion is refused in one line, and changes nothing."""
    before = files(folder.parent)
    with pytest.raises(InputError, match=match) as error:
        convert(source, to, folder, **options)
    assert "\n" not in str(error.value)
    assert files(folder.parent) == before


def test_what_a_format_does_not_hold_is_refused(odd, folder, squares, tmp_path):
    out = tmp_path / "new" / "out"
    pixels = open_source(f"masks:{folder}")
    for to in ("coco", "yolo", "voc"):
        refused(pixels, to, out, "has a class a pixel and no objects, which .* holds; write --to masks")
    refused(
        open_source(squares), "masks", out, "has no masks to say a class a pixel by; write --to coco, yolo or voc"
    )
    refused(odd[0], "createml", out, "--to createml: no such format; there are coco, yolo, voc, masks")
    refused(odd[0], "coco", out, "--split val: coco has no splits", split="val")
    refused(odd[0], "yolo", out, "--split night: yolo has train, val, test", split="night")
    refused(odd[0], "voc", out, "--split ../x: a split is called by letters", split="../x")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("to", ["coco", "yolo", "voc", "masks"])
def test_a_folder_that_holds_something_is_refused(odd, tmp_path, to):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    refused(odd[0], to, tmp_path / "out", "out: .*name a new one")
    convert(odd[0], to, tmp_path / "again")
    refused(odd[0], to, tmp_path / "again", "again.*: .*(not empty|there already)")


def test_splits_one_after_the_other(odd, tmp_path):
    for to, where in (("yolo", "data.yaml"), ("voc", "classes.txt")):
        out = tmp_path / to
        train, val = (convert(odd[0], to, out, split=split) for split in ("train", "val"))
        whole = open_source(f"{to}:{out}")
        assert len(whole) == 10 and [len(open_source(part.spec)) for part in (train, val)] == [5, 5]
        other = open_source(f"{odd[0].spec}?classes=person")
        refused(other, to, out, f"{where}: names other classes", split="test")
    for one, other in zip(examples(open_source(train.spec)), examples(open_source(val.spec)), strict=True):
        np.testing.assert_array_equal(one["boxes"], other["boxes"])
    assert sorted(path.name for path in (tmp_path / "voc").iterdir()) == [
        *("Annotations", "ImageSets", "JPEGImages", "classes.txt")
    ]
    assert (tmp_path / "voc/ImageSets/Main/val.txt").read_text().splitlines() == [
        *("1-3", "1-4", "my phöto-2", "none-2", "turned-2"),
    ]
    data = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text())
    assert (data["train"], data["val"]) == ("images/train", "images/val")
    detection = odd[0].of_task("detection")
    refused(detection, "yolo", tmp_path / "yolo", "data.yaml: has other keys, names or keypoints", split="test")


@pytest.mark.parametrize(
    ("spec", "known", "split"),
    [
        ("voc:DIR:train", None, "train"),
        ("voc:DIR", None, ""),
        ("yolo:DIR:valid", ("train", "val", "test"), "val"),
        ("tfds:voc/2007:train[:80%]", None, "train"),
        ("tfds:voc/2007:trainval", ("train", "val", "test"), ""),
        ("voc:DIR:trainval", None, "trainval"),
        ("coco:a.json@DIR:val?classes=cat,dog", None, "val"),
        ("shapes:train & shapes:val", None, ""),
        ("voc:A:train & voc:B:train", None, "train"),
        ("points:train.csv", None, ""),
    ],
)
def test_the_split_that_a_source_names(spec, known, split):
    assert split_of(spec, known) == split


def test_bad_objects_and_pictures(tmp_path, capsys):
    spec = write_coco(tmp_path / "set")
    data = json.loads((tmp_path / "set" / "a.json").read_text())
    data["annotations"][0]["category_id"] = 77
    (tmp_path / "set" / "a.json").write_text(json.dumps(data))
    (tmp_path / "set/pictures/none.png").unlink()
    damaged = tmp_path / "set/pictures/my phöto.png"
    contents = damaged.read_bytes()
    damaged.write_bytes(contents[:60] + bytes(40) + contents[100:])  # its head and its end are sound
    out = tmp_path / "out"
    refused(open_source(spec), "voc", out, r"category_id 77.*\(and 1 more\): mend or remove it.*--skip-bad")
    found = convert(open_source(spec), "voc", out, skip_bad=True)
    assert (found.pictures, found.objects) == (3, 2)
    assert [problem.file for problem in found.skipped] == [str(damaged)]
    assert "left out 1 × annotations whose box, category" in capsys.readouterr().out
    assert sorted(path.stem for path in (out / "JPEGImages").iterdir()) == ["1", "1-2", "turned"]
    (tmp_path / "set/pictures/none.png").write_bytes(contents)
    data["annotations"].pop(0)
    data["images"][3] |= {"height": 20, "width": 31}
    (tmp_path / "set" / "a.json").write_text(json.dumps(data))
    refused(open_source(spec), "voc", tmp_path / "whole", "my phöto.png: the picture .* cannot be decoded: mend")
    for name in ("front/1.png", "back/1.png", "none.png", "turned.jpg"):
        shutil.copy(damaged, tmp_path / "set/pictures" / name)
    data["images"] = [image | {"height": 20, "width": 31} for image in data["images"]]
    (tmp_path / "set" / "a.json").write_text(json.dumps(data))
    refused(open_source(spec), "voc", tmp_path / "whole", "no usable picture is left", skip_bad=True)


def test_names_of_classes_that_a_format_cannot_write(tmp_path):
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    polygon = [1, 1, 5, 1, 5, 4, 1, 4]
    for name, faulty in (
        ("a\nb", ("voc", "masks")),
        ("road 128 64 128", ("masks",)),
        ("# no", ()),
        ("\ud800", tuple(WRITERS)),
    ):
        data = {
            "images": [{"id": 1, "file_name": "a.png"}],
            "categories": [{"id": 1, "name": name}],
            "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 3], "segmentation": [polygon]}],
        }
        (tmp_path / "a.json").write_text(json.dumps(data))
        source = open_source(f"coco:{tmp_path / 'a.json'}@{tmp_path}")
        for to in ("coco", "yolo", "voc", "masks"):
            out = tmp_path / "out" / str(len(name)) / to
            if to in faulty:
                refused(source, to, out, "rename it")
            else:
                written = open_source(convert(source, to, out).spec)
                assert name in written.classes


def test_a_full_disk_is_one_line(odd, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    refused(
        odd[0], "coco", tmp_path / "out", "out: cannot be written .No space left on device.; choose another place"
    )


SLOWLY = """
import sys, time
from recipes.data import open_source, writers
names = writers.track

def slowly(*arguments):
    for item in names(*arguments):
        yield item
        time.sleep(0.1)

writers.track = slowly
writers.convert(open_source(sys.argv[1]), sys.argv[2], sys.argv[3], split=sys.argv[4] or None)
"""


@pytest.mark.full
@pytest.mark.parametrize(("to", "split"), [("coco", ""), ("yolo", "val"), ("voc", "val"), ("masks", "")])
def test_a_kill_leaves_nothing_that_reads_as_a_set(odd, tmp_path, to, split):
    out = tmp_path / "out"
    if split:
        convert(odd[0], to, out, split="train")
    before = files(tmp_path)
    pictures = out / "images" if to != "voc" else out / "JPEGImages"
    child = subprocess.Popen([sys.executable, "-c", SLOWLY, odd[0].spec, to, out, split], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while len(files(tmp_path)) < len(before) + 3 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert len(files(tmp_path)) > len(before)
    if split:
        assert len(open_source(f"{to}:{out}")) == 5 and pictures.is_dir()
        with pytest.raises(InputError, match="val"):
            open_source(f"{to}:{out}:val")
    else:
        assert not os.path.exists(out)
    found = convert(odd[0], to, out, split=split or None)
    assert len(open_source(found.spec)) == 5
    assert not [path for path in files(tmp_path) if ".partial-" in path]
