import os
import sqlite3

import numpy as np
import pytest
from PIL import Image

from recipes.data import remembered
from recipes.data.labels import labels_from_bytes


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """The paths that are really read; the memory is new."""
    monkeypatch.setenv("REGIONZOO_CACHE", str(tmp_path / "cache"))
    read, found = remembered.picture_fact, []
    monkeypatch.setattr(remembered, "picture_fact", lambda path: found.append(path) or read(path))
    return found


def facts(*paths):
    return remembered.picture_facts([str(path) for path in paths], "reading")


def test_a_file_is_read_once_until_it_changes(calls, tmp_path):
    a, b = tmp_path / "a.png", tmp_path / "b.png"
    Image.new("RGB", (8, 6)).save(a)
    Image.new("RGB", (3, 4)).save(b)
    assert facts(a, b, a, tmp_path / "c.png") == [[6, 8], [4, 3], [6, 8], None]
    calls.clear()
    assert facts(b, a) == [[4, 3], [6, 8]] and calls == []
    Image.new("RGB", (80, 60)).save(a)
    assert facts(a, b) == [[60, 80], [4, 3]] and calls == [str(a)]


def test_faults_are_not_remembered(calls, tmp_path, monkeypatch):
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    monkeypatch.setenv("REGIONZOO_MAX_PIXELS", "40")
    assert facts(tmp_path / "a.png") == ["has 48 pixels, more than 40; raise REGIONZOO_MAX_PIXELS"]
    monkeypatch.setenv("REGIONZOO_MAX_PIXELS", "48")
    assert facts(tmp_path / "a.png") == [[6, 8]]


def test_names_of_any_bytes(calls, tmp_path):
    """Also those that are no UTF-8."""
    path, plain = tmp_path / os.fsdecode(b"a\xff.png"), tmp_path / "a.png"
    for one in (path, plain):
        Image.new("RGB", (8, 6)).save(one)
    for _ in range(2):
        assert facts(path, plain) == [[6, 8], [6, 8]]
    assert calls == [str(path), str(plain)]


def test_files_are_looked_up_in_parts(calls, tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "PART", 3)
    monkeypatch.setattr(remembered, "CHUNK", 2)
    paths = [tmp_path / ("x" if i % 2 else "y") / f"{i}.png" for i in range(8)]
    for i, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 1 + i)).save(path)
    expected = [[1 + i, 8] for i in range(8)]
    assert facts(*paths[2:4], *paths[5:]) == [*expected[2:4], *expected[5:]]
    calls.clear()
    assert facts(*paths, tmp_path / "none.png") == [*expected, None]
    assert calls == [str(paths[i]) for i in (0, 1, 4)]
    assert facts(*paths[::-1]) == expected[::-1] and len(calls) == 3


@pytest.mark.parametrize("contents", [b"no database", None])
def test_without_a_memory_all_is_read(calls, tmp_path, contents):
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    if contents is None:
        (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    else:
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache" / "facts.sqlite").write_bytes(contents)
    for _ in range(2):
        assert facts(tmp_path / "a.png") == [[6, 8]]
    assert len(calls) == 2


def test_label_maps_are_remembered_by_what_reads_them(calls, tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.uint8([[0, 3], [3, 255]])).save(path)
    assert remembered.label_facts([str(path)], labels_from_bytes, "reading") == [[2, 2, [0, 3, 255], 3]]
    assert facts(path) == [[2, 2]]
    with sqlite3.connect(tmp_path / "cache" / "facts.sqlite") as database:
        names = [row[0] for row in database.execute("SELECT function FROM facts ORDER BY function")]
    assert len(names) == 2 and "label_fact(recipes.data.labels.labels_from_bytes)" in names[1] + names[0]
