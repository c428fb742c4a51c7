import os
import signal
import subprocess
import sys

import pytest

from recipes.data.staging import check_settled, staged
from zoo.errors import InputError
from zoo.files import PARTIAL

GONE = 1 << 30
"""A number that no process has."""


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def write(stage, *paths):
    for path in paths:
        (stage / path).parent.mkdir(parents=True, exist_ok=True)
        (stage / path).write_text(str(stage))


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_gets_its_name_when_it_is_whole(tmp_path, there):
    folder = tmp_path / "deep" / "set"
    if there:
        folder.mkdir(parents=True)
    with staged(folder) as (stage, adding):
        write(stage, "images/a.png", "data.yaml")
        assert not adding and (not folder.exists() or not any(folder.iterdir()))
    assert names(tmp_path) == ["deep/set/data.yaml", "deep/set/images/a.png"]
    with staged(folder) as (stage, adding):
        write(stage, "images/b.png", "labels/b.txt", "data.yaml")
        assert adding and names(folder / "images") == ["a.png"]
    assert names(folder) == ["data.yaml", "images/a.png", "images/b.png", "labels/b.txt"]
    assert sorted(path.name for path in folder.iterdir()) == ["data.yaml", "images", "labels"]


def test_what_fails_leaves_nothing(tmp_path):
    for folder in (tmp_path / "new", tmp_path):
        (tmp_path / "kept").touch()
        with pytest.raises(KeyError), staged(folder) as (stage, _):
            write(stage, "a/b")
            raise KeyError
        assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_file_a_place_that_cannot_be_written_and_another_process(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: is a file; name a folder"), staged(tmp_path / "file"):
        pass
    with pytest.raises(InputError, match="cannot be written"), staged(tmp_path / "file" / "set"):
        pass
    other = tmp_path / f".set{PARTIAL}{os.getppid()}."
    other.mkdir()
    with pytest.raises(InputError, match="another process is writing the same"), staged(tmp_path / "set"):
        pass
    assert other.is_dir()


def test_what_a_killed_process_left_is_removed_or_ended(tmp_path, capsys):
    folder = tmp_path / "set"
    write(folder, "Annotations/a.xml", "ImageSets/Main/train.txt")
    write(tmp_path / f".set{PARTIAL}{GONE}.", "Annotations/half.xml")
    write(folder / f".set{PARTIAL}{GONE}.", "Annotations/half.xml")
    check_settled(folder)
    write(folder / f".set{PARTIAL}{GONE + 1}.whole", "Annotations/b.xml", "ImageSets/Main/val.txt")
    with pytest.raises(InputError, match="pictures are being added"):
        check_settled(folder)
    with staged(folder):
        pass
    assert names(tmp_path) == [
        f"set/{name}"
        for name in (
            *("Annotations/a.xml", "Annotations/b.xml"),
            *("ImageSets/Main/train.txt", "ImageSets/Main/val.txt"),
        )
    ]
    assert "what an interrupted process had written" in capsys.readouterr().out
    check_settled(folder)


KILLED = """
import os, signal, sys
from recipes.data import staging

replace, left = os.replace, [int(sys.argv[2])]

def counted(*paths):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)

os.replace = counted
with staging.staged(sys.argv[1]) as (stage, adding):
    for name in ("JPEGImages/b.jpg", "JPEGImages/c.jpg", "Annotations/b.xml", "Annotations/c.xml",
                 "ImageSets/Main/val.txt"):
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).touch()
"""


@pytest.mark.full
@pytest.mark.parametrize("moves", range(6))
def test_a_kill_between_any_two_moves(tmp_path, moves):
    folder = tmp_path / "set"
    write(folder, "JPEGImages/a.jpg", "Annotations/a.xml", "ImageSets/Main/train.txt")
    ended = subprocess.run([sys.executable, "-c", KILLED, folder, str(moves)], env={**os.environ})
    if moves < 5:
        assert ended.returncode == -signal.SIGKILL
        with pytest.raises(InputError, match="run that again"):
            check_settled(folder)
        assert not (folder / "ImageSets/Main/val.txt").exists()
    else:
        assert ended.returncode == 0
    with pytest.raises(KeyError), staged(folder):
        raise KeyError
    assert names(folder) == [
        *(f"Annotations/{stem}.xml" for stem in "abc"),
        *("ImageSets/Main/train.txt", "ImageSets/Main/val.txt"),
        *(f"JPEGImages/{stem}.jpg" for stem in "abc"),
    ]
    check_settled(folder)
