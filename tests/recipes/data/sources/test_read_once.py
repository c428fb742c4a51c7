"""A large file of annotations is read once: what was kept of it opens as the same source."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from recipes.data.sources import coco, read_once

POLYGON = [1, 1, 5, 1, 5, 4, 1, 4]
DATA = {
    "images": [{"id": number, "file_name": f"{number}.png", "height": 7, "width": 9} for number in (3, 1, 2)],
    "categories": [{"id": 5, "name": "dog"}, {"id": 2, "name": "hand", "keypoints": ["left_a", "right_a"]}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 5, "bbox": [1, 1, 4, 3], "segmentation": [POLYGON]},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0, 0, 2, 7], "keypoints": [1, 1, 2, 5, 5, 0]},
        {"id": 3, "image_id": 2, "category_id": 5, "segmentation": {"size": [7, 9], "counts": [7, 7, 49]}},
        {"id": 4, "image_id": 2, "category_id": 9, "bbox": [0, 0, 2, 7]},
    ],
}


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Opens the set; says whether its file was read for that."""
    monkeypatch.setenv("REGIONZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(read_once, "LARGE", 0)
    (tmp_path / "pictures").mkdir()
    for number in (1, 2, 3):
        Image.new("RGB", (9, 7), (number, 0, 0)).save(tmp_path / "pictures" / f"{number}.png")
    (tmp_path / "a.json").write_text(json.dumps(DATA))
    read, calls = coco.read_json_of_others, []
    monkeypatch.setattr(coco, "read_json_of_others", lambda *given: calls.append(given) or read(*given))

    def opened(kind="coco", rest=""):
        calls.clear()
        return open_source(f"{kind}:{tmp_path}/a.json@{tmp_path}/pictures{rest}"), bool(calls)

    return opened


def said(source):
    """All that a source says."""
    examples = source.records().map(source.decode).as_numpy_iterator()
    values = [{key: np.asarray(value).tolist() for key, value in example.items()} for example in examples]
    about = source.spec, source.classes, source.object_classes, source.keys, source.keypoint_names, source.flip_pairs
    return about, [str(problem) for problem in source.findings()], str(values), str(source.num_objects())


@pytest.mark.parametrize("kind", ["coco", "coco_segmentation"])
@pytest.mark.parametrize("rest", ["", ":train", "?classes=dog"])
def test_the_second_time_is_as_the_first(opened, kind, rest):
    (first, read), (second, again) = opened(kind, rest), opened(kind, rest)
    assert (read, again) == (True, False)
    assert said(first) == said(second) and said(first)[1]
    if not rest:
        assert [first.annotation(i) for i in range(3)] == [second.annotation(i) for i in range(3)]
        assert isinstance(second.outlines["coordinates"], np.memmap)


def test_kinds_of_source_are_kept_apart(opened):
    assert [opened(kind)[1] for kind in ("coco", "coco_segmentation", "coco", "coco_segmentation")] == [1, 1, 0, 0]


def test_what_changed_is_read_again(opened, tmp_path):
    opened()
    changed = {**DATA, "annotations": DATA["annotations"][:1]}
    (tmp_path / "a.json").write_text(json.dumps(changed))
    source, read = opened()
    assert read and source.starts[-1] == 1
    (tmp_path / "pictures" / "deeper").mkdir()
    (tmp_path / "pictures" / "3.png").rename(tmp_path / "pictures" / "deeper" / "3.png")
    source, read = opened()
    assert read and source.pictures[0].endswith("deeper/3.png") and not opened()[1]
    assert len(list((tmp_path / "cache" / "sets").iterdir())) == 1  # an older state does not stay


def test_what_changed_behind_a_link_is_read_again(opened, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "pictures" / "deeper").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "pictures" / "3.png").unlink()
    assert opened()[0].problems()
    Image.new("RGB", (9, 7)).save(tmp_path / "elsewhere" / "3.png")
    source, read = opened()
    assert read and source.pictures[0].endswith("deeper/3.png")


@pytest.mark.parametrize("file", ["words.json", "stated.npy", "rows-boxes.npy", "outlines-runs.npy"])
@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: os.truncate(path, 40)])
def test_a_damaged_memory_is_made_anew(opened, tmp_path, file, damage):
    first = said(opened()[0])
    (place,) = (tmp_path / "cache" / "sets").iterdir()
    damage(place / file)
    source, read = opened()
    assert read and said(source) == first and not opened()[1]


def test_without_a_place_nothing_is_kept(opened, tmp_path):
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert opened()[1] and opened()[1]


def test_small_files_are_not_kept(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(read_once, "LARGE", (tmp_path / "a.json").stat().st_size + 1)
    assert opened()[1] and opened()[1] and not (tmp_path / "cache" / "sets").exists()


def kept(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache" / "sets").iterdir())


def test_sets_whose_file_is_gone_and_the_oldest_beyond_a_size_are_forgotten(opened, tmp_path, monkeypatch):
    opened("coco")
    (first,) = kept(tmp_path)
    opened("coco_segmentation")
    second = next(name for name in kept(tmp_path) if name != first)
    for age, name in ((100, first), (200, second)):
        os.utime(tmp_path / "cache" / "sets" / name / read_once.FILE, (age, age))
    assert not opened("coco")[1]  # which makes it the younger one
    monkeypatch.setattr(read_once, "MOST", int(2.5 * read_once.size_of(tmp_path / "cache" / "sets" / second)))
    (tmp_path / "b.json").write_text(json.dumps(DATA))
    third = open_source(f"coco:{tmp_path}/b.json@{tmp_path}/pictures")
    assert first in kept(tmp_path) and second not in kept(tmp_path) and len(kept(tmp_path)) == 2
    (tmp_path / "b.json").unlink()
    monkeypatch.undo()
    monkeypatch.setenv("REGIONZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(read_once, "LARGE", 0)
    open_source(f"coco_segmentation:{tmp_path}/a.json@{tmp_path}/pictures")
    assert kept(tmp_path) == sorted([first, second]) and third.outlines["coordinates"].sum() > 0
