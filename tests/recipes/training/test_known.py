import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from recipes.data.fingerprint import Fingerprint, fingerprint
from recipes.training.known import check_unchanged, known_to, unchanged, usable_again, without_bad
from recipes.training.train import train
from recipes.training.workdir import Workdir
from tests.recipes.conftest import write_set
from zoo import InputError


def taken(folder):
    return fingerprint(open_source(f"masks:{folder}"))


@pytest.fixture
def unread(monkeypatch):
    """Reading a source through fails."""

    def read(source, skip_bad):
        raise AssertionError(f"{source.spec} is read again")

    return lambda: monkeypatch.setattr("recipes.training.known.usable", read)


def test_a_folder_that_moved_is_the_same_and_what_changed_is_counted(sets, tmp_path):
    before = taken(sets[0])
    assert Fingerprint.from_dict(json.loads(json.dumps(before.to_dict()))) == before
    moved = shutil.copytree(sets[0], tmp_path / "elsewhere" / "renamed")
    assert taken(moved) == before and taken(moved).changes_since(before) == ""
    (moved / "images" / "0.png").unlink()
    (moved / "masks" / "2.png").write_bytes((moved / "masks" / "2.png").read_bytes() + b"more")
    for name in ("7", "8"):
        for part in ("images", "masks"):
            shutil.copy(moved / part / "1.png", moved / part / f"{name}.png")
    changes = taken(moved).changes_since(before)
    assert changes == "2 more, 1 fewer, 1 of another size or annotation than the 6 pictures then"


def test_annotations_count(squares_then, tmp_path):
    folder, spec = squares_then
    before = fingerprint(open_source(spec))
    path = folder / "Annotations" / "1.xml"
    path.write_text(path.read_text().replace("<xmax>40", "<xmax>41"))
    now = fingerprint(open_source(spec))
    assert now.changes_since(before) == "1 of another size or annotation than the 2 pictures then"


@pytest.fixture
def squares_then(tmp_path):
    """A `voc:` folder of two pictures, and its source."""
    folder = tmp_path / "voc"
    for part in ("Annotations", "JPEGImages"):
        (folder / part).mkdir(parents=True)
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>40</xmax><ymax>40</ymax></bndbox>"
    for i in range(2):
        Image.fromarray(np.zeros((60, 60, 3), np.uint8)).save(folder / "JPEGImages" / f"{i}.png")
        xml = f"<annotation><object><name>square</name>{box}</object></annotation>"
        (folder / "Annotations" / f"{i}.xml").write_text(xml)
    (folder / "classes.txt").write_text("square\n")
    return folder, f"voc:{folder}"


def test_joined_sources_and_drawn_ones(sets, drawn_shapes):
    one, other = (f"masks:{folder}" for folder in sets)
    assert len(fingerprint(open_source(f"{one} & {other}")).names) == 9
    assert len(fingerprint(open_source("shapes:val")).names) == 5


@pytest.fixture
def bad(tmp_path):
    """A `masks:` folder of five pictures, the second of which is cut short."""
    bad = write_set(tmp_path / "bad", 5)
    path = bad / "images" / "1.png"
    path.write_bytes(path.read_bytes()[:-300])
    return bad


def test_what_was_left_out_is_not_asked_for_or_read_again(bad, unread, capsys):
    source = open_source(f"masks:{bad}")
    with pytest.raises(InputError, match="leave it out with --skip-bad"):
        usable_again(source, {})
    rest, known = usable_again(source, {}, skip_bad=True)
    assert len(rest) == 4 and known.left_out == (1,)
    more = write_set(bad.parent / "more", 2)
    shutil.copy(bad / "images" / "1.png", more / "images" / "1.png")
    assert len(usable_again(open_source(f"masks:{more}"), {"data": known})[0]) == 1  # as the run did
    unread()
    capsys.readouterr()
    moved = open_source(f"masks:{bad.rename(bad.parent / 'moved')}")
    assert len(usable_again(moved, {"data": known})[0]) == len(without_bad(moved, {"data": known})) == 4
    assert capsys.readouterr().out == f"{moved.spec}: skipped 1 of 5 pictures, as this run did before\n"


def test_other_classes_are_refused_and_other_pictures_named(sets, tmp_path, capsys):
    moved = shutil.copytree(sets[0], tmp_path / "set")
    _, known = usable_again(open_source(f"masks:{moved}"), {})
    known = {"data": known}
    assert unchanged(known, {"data": taken(moved)}) == ["data"]
    (moved / "images" / "3.png").unlink()
    (moved / "masks" / "3.png").unlink()
    now = {"data": taken(moved)}
    assert unchanged(known, now) == []
    check_unchanged(known, now)
    assert "data changed since this run was last at work: 1 fewer than the 6 pictures then" in capsys.readouterr().out
    (moved / "classes.txt").write_text("figure\nground\n")
    with pytest.raises(InputError, match=r"data: its classes were \['ground', 'figure'\] when this run"):
        check_unchanged(known, {"data": taken(moved)})


def test_a_run_goes_on_where_its_data_lie_now(trained, toy, tmp_path, unread):
    run = Workdir(shutil.copytree(trained.path, tmp_path / "run"), resume=True)
    moved = replace(toy, data=f"masks:{shutil.copytree(toy.data.removeprefix('masks:'), tmp_path / 'moved')}")
    unread()
    train(moved, run.path, resume=True)
    assert run.read_recipe() == moved
    other = replace(toy, data=f"masks:{write_set(tmp_path / 'other', 4)}")
    with pytest.raises(InputError, match='another recipe, "data": .*other" differs'):
        train(other, run.path, resume=True)
    assert set(known_to(run.model)) == set(known_to(run.artifacts / "model.onnx")) == {"data", "val_data"}
    run.data.write_text('{"data": {}, "val_data": {}}')
    with pytest.raises(InputError, match="data.json: is damaged; remove it"):
        known_to(run.model)


def test_halves_of_a_source_are_other_data(tmp_path):
    folder = write_set(tmp_path / "set", 12)
    spoilt = folder / "images" / "3.png"
    spoilt.write_bytes(b"no picture")
    halves = [open_source(f"masks:{folder}:{half}") for half in ("train", "val")]
    prints = [fingerprint(half) for half in halves]
    assert [len(one.names) for one in prints] == [len(half) for half in halves] and sum(map(len, halves)) == 12
    assert prints[0] != prints[1]
    known = {}
    for role, half in zip(("data", "val_data"), halves, strict=True):
        rest, known[role] = usable_again(half, known, skip_bad=True)
        assert len(rest) == len(half) - len(known[role].left_out)
    assert sum(len(one.left_out) for one in known.values()) == 1
    for role, half in zip(("data", "val_data"), halves, strict=True):
        again, found = usable_again(half, known)
        assert found is known[role] and len(again) == len(half) - len(found.left_out)


def test_splits_of_data_without_files_are_told_apart():
    assert fingerprint(open_source("shapes:train[:5]")) != fingerprint(open_source("shapes:val[:5]"))
