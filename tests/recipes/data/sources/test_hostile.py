"""Every kind of source, with one of its files replaced by what strangers may put there: it works, or says why not."""

import json
import os
import zlib

import numpy as np
import pytest
import scipy.io
from PIL import Image

from recipes.data import open_source, usable
from recipes.data.damage import damage_named
from recipes.data.sources import instance_maps, sbd
from tests.recipes.data.sources.small import OBJECT, SETS
from tests.recipes.data.sources.survived import survived
from tests.recipes.data.test_headers import black, claiming
from zoo.errors import InputError

MANY_LAUGHS = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
LAUGHS = f'<!DOCTYPE l [<!ENTITY a "ha">{MANY_LAUGHS}]><annotation><object><name>&i;</name></object></annotation>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>'
ALIASES = "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(8))
CONTENTS = {
    "empty": b"",
    "zeros": bytes(5000),
    "a picture of 400 megapixels": black(20_000),
    "a head that claims 510 megapixels": claiming("jpeg", 22_583),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "deep JSON": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "odd JSON": b'{"images": NaN, "annotations": [Infinity], "categories": {"a": 1e999}, "shapes": [NaN]}',
    "aliases": f"a0: &a0 [x, x]\n{ALIASES}names: *a8\ntrain: images\n".encode(),
    "entities": LAUGHS.encode(),
    "entities of another file": OUTSIDE.encode(),
    "deep XML": b"<a>" * 20_000,
    "an open quote": b'image,x0,y0,x1,y1\n"a.png,1,2,3,4\n' + b"b.png,1,2,3,4\n" * 100,
    "Latin-1": "K\xe4se 1 1 1 1\n".encode("latin-1"),
    "large numbers": b"9" * 4999 + b" 1 1 1 1\n1e400 1 1 1 1\n0 1e308 1e308 1e308 1e308\n",
    "a long line": b"0 " * 50_000,
}


QUICK = ("masks", "coco", "yolo", "nuclei")
EVERY = [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.full) for kind in SETS]


def written(kind, folder):
    """Writes a set and returns its spec, and a file of each kind in it."""
    spec = SETS[kind](folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return spec, list({(path.parent.name, path.suffix): path for path in reversed(files)}.values())


@pytest.mark.parametrize("kind", SETS)
def test_a_set_as_it_should_be(kind, tmp_path, capsys):
    spec, _ = written(kind, tmp_path)
    examples, line = survived(spec)
    assert len(examples) == 2 and not line and all(len(example.get("boxes", [0])) for example in examples)
    assert "skipped" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("contents", [pytest.param(name, marks=pytest.mark.full) for name in CONTENTS])
def test_files_of_other_contents(kind, contents, tmp_path):
    spec, files = written(kind, tmp_path)
    for file in files:
        whole = file.read_bytes()
        file.write_bytes(CONTENTS[contents])
        survived(spec)
        file.write_bytes(whole)
    assert len(survived(spec)[0]) == 2


def pipe(path):
    os.mkfifo(path)


def folder(path):
    path.mkdir()


def circle(path):
    path.symlink_to(path.name)


def nothing(path):
    path.symlink_to("nowhere")


def device(path):
    path.symlink_to("/dev/zero")


def above(path):
    path.symlink_to("..")


@pytest.mark.full
@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("other", [pipe, folder, circle, nothing, device, above])
def test_what_is_no_file(kind, other, tmp_path):
    """In place of each file, and beside it under a name of its own; above the set is nothing else."""
    spec, files = written(kind, tmp_path / "set")
    for file in files:
        added = file.with_name(f"other{file.suffix}")
        other(added)
        examples, line = survived(spec)
        assert len(examples) == 2 or line
        added.unlink() if not added.is_dir() or added.is_symlink() else added.rmdir()
        kept = file.rename(file.with_name("kept"))
        other(file)
        survived(spec)
        file.unlink() if not file.is_dir() or file.is_symlink() else file.rmdir()
        kept.rename(file)


@pytest.mark.parametrize("kind", ["voc", "yolo", "labelme", "nuclei"])
def test_folders_that_lead_round_in_a_circle(kind, tmp_path):
    spec, files = written(kind, tmp_path)
    for parent in {file.parent for file in files}:
        (parent / "again").symlink_to(tmp_path)
    assert len(survived(spec)[0]) == 2


NAMES = {
    "voc": ("ImageSets/Main/train.txt", "a\n{}\n"),
    "voc_segmentation": ("ImageSets/Segmentation/train.txt", "a\n{}\n"),
    "sbd": ("train.txt", "a\n{}\n"),
    "yolo": ("train.txt", "images/a.png\n{}\n"),
    "points": ("marks.csv", "image,x0,y0,x1,y1\na.png,2,3,6.5,7\n{},1,2,,\n"),
    "coco": ("a.json", None),
    "via": ("via.json", None),
    "labelme": ("b.json", None),
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize(
    "name",
    ["../../{}/secret.png", "{}/secret.png", "C:\\secret.png", "a\0.png", "\ud800.png", "x" * 5000],
    ids=range(6),
)
def test_names_that_leave_the_folder_or_that_no_file_has(kind, name, tmp_path):
    Image.new("RGB", (16, 12)).save(tmp_path / "secret.png")
    inside = tmp_path / "deep" / "set"
    inside.mkdir(parents=True)
    spec = SETS[kind](inside)
    name = name.format(tmp_path)
    file, text = NAMES[kind]
    path = inside / file
    text = text.format(name) if text else path.read_text().replace('"b.png"', json.dumps(name))
    path.write_text(text, errors="surrogatepass")
    (inside / ("b.png" if kind == "labelme" else "images/b.png")).unlink(missing_ok=True)
    examples, line = survived(spec)
    if kind != "yolo":  # whose lists may name pictures anywhere
        assert [example["name"] for example in examples if b"secret" in example["name"]] == []
    assert 1 <= len(examples) <= 1 + (kind == "yolo") or line


@pytest.mark.parametrize("kind", EVERY)
def test_names_of_any_bytes(kind, tmp_path, capsys):
    """Bytes that are no text, line breaks and what would move a terminal's cursor stay out of every message."""
    place = tmp_path / os.fsdecode(b"K\xe4\xff\n\x1b[31m")
    place.mkdir()
    spec, files = written(kind, place)
    assert len(survived(spec)[0]) == 2
    for file in files:
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        survived(spec)
        file.write_bytes(whole)
    survived(f"{spec}x")
    for line in capsys.readouterr().out.splitlines():
        assert line.isprintable(), line


@pytest.mark.parametrize("kind", EVERY)
def test_names_that_no_system_takes(kind):
    for name in ("x" * 5000, "a\0b", "", ".", "/dev/zero", "~", "?", "@", "x@y?classes=a", "& "):
        for rest in (name, f"{name}:train", f"{name}.json@{name}"):
            assert survived(f"{kind.split()[0]}:{rest}")[1]


@pytest.mark.parametrize("kind", EVERY)
def test_a_file_that_is_cut_off_after_it_was_looked_at(kind, tmp_path):
    """As by a copy that is still going on: one line names it when its turn comes."""
    spec, files = written(kind, tmp_path)
    source = usable(open_source(spec), skip_bad=True)
    cut = [file for file in files if file.suffix in (".png", ".jpg", ".mat")]
    for file in cut:
        file.write_bytes(file.read_bytes()[:-30])
    if kind != "nuclei":
        with pytest.raises(InputError, match="mend or remove it") as raised, damage_named(source):
            list(source.records().map(source.decode).as_numpy_iterator())
        assert any(str(file) in str(raised.value) for file in cut)
    for file in cut:
        file.write_bytes(file.read_bytes() + bytes(100))
    survived(spec)


IMAGES = ("images", "JPEGImages", "SUNRGBD-test_images")


def noise(path, most, size=(1000, 1000)):
    pixels = np.random.default_rng(0).integers(0, most, size).astype(np.uint16)
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("kind", ["instances", "cityscapes"])
def test_a_map_of_too_many_objects_is_refused_before_their_masks_are_made(kind, tmp_path, monkeypatch):
    spec, _ = written(kind, tmp_path)
    for path in tmp_path.rglob("*.png"):
        if "instance" in str(path):
            noise(path, 65_536)
        else:
            Image.new("RGB", (1000, 1000)).save(path)
    assert "objects, more than 20,000: is it a map of objects?" in survived(spec)[1]
    if kind == "cityscapes":
        assert open_source(spec).of_task("segmentation").problems() == []  # which makes no masks
    monkeypatch.setattr(instance_maps, "MOST_OBJECTS", 4)
    assert len(survived(SETS[kind](tmp_path / "small"))[0]) == 2


@pytest.mark.parametrize("numbers", [[[0, 2**31 - 1], [-5, 7]], [[0, 1e20], [-5, 7]], [[0, 3], [0.5, 7]]])
@pytest.mark.parametrize(
    "kind",
    ["masks", "cityscapes", *(pytest.param(kind, marks=pytest.mark.full) for kind in ("instances", "sunrgbd"))],
)
def test_maps_of_32_bits(kind, numbers, tmp_path):
    spec, files = written(kind, tmp_path)
    place = next(file for file in files if file.suffix == ".png" and file.parent.name not in IMAGES)
    values = np.array(numbers)
    Image.fromarray(values.astype(np.int32 if values.dtype.kind == "i" else np.float32)).save(place, "TIFF")
    survived(spec)


def test_a_map_that_unpacks_without_end(tmp_path, monkeypatch):
    spec, (picture, file, _) = written("sbd", tmp_path)
    file = next((tmp_path / "cls").iterdir())
    monkeypatch.setenv("REGIONZOO_MAX_PIXELS", "100000")
    scipy.io.savemat(file, {"GTcls": {"Segmentation": np.zeros((400, 400), np.uint8)}}, do_compression=True)
    assert file.stat().st_size < 2000
    with pytest.raises(ValueError, match="unpacks to more than 100,000 bytes; raise REGIONZOO_MAX_PIXELS"):
        sbd.read(file.read_bytes())
    assert len(survived(spec)[0]) == 1
    monkeypatch.delenv("REGIONZOO_MAX_PIXELS")
    assert sbd.read(file.read_bytes()).shape == (400, 400)
    packed = zlib.compress(bytes(10**6))
    bomb = bytes(126) + b"IM" + (15).to_bytes(4, "little") + len(packed).to_bytes(4, "little") + packed
    assert sbd.unpacked(bomb) == 10**6 and sbd.unpacked(bomb[:300]) < 10**6


@pytest.mark.parametrize(
    ("kind", "file", "text"),
    [
        ("yolo", "labels/a.txt", "x\n" * 200_000),
        ("voc", "Annotations/a.xml", f"<annotation>{'<object/>' * 200_000}</annotation>"),
        ("labelme", "a.json", f'{{"imagePath": "a.png", "shapes": [{"0," * 200_000}0]}}'),
    ],
)
def test_a_file_of_too_many_objects_costs_its_picture(kind, file, text, tmp_path):
    spec, _ = written(kind, tmp_path)
    (tmp_path / file).write_text(text)
    (found,) = [problem for problem in open_source(spec).problems() if not problem.of_object]
    assert "objects, more than 100,000, too many for one picture" in found.message
    assert len(survived(spec)[0]) == 1


def test_many_classes_take_no_time_that_grows_by_their_square(tmp_path):
    """20,000 classes, of which each object has one of its own."""
    objects = "".join(OBJECT.format(f"n{number}") for number in range(20_000))
    spec, _ = written("voc", tmp_path)
    (tmp_path / "Annotations/a.xml").write_text(f"<annotation>{objects}</annotation>")
    source = open_source(spec)
    assert len(source.classes) == 20_001 and source.rows["labels"].max() == 20_000
