import os
from pathlib import Path
from threading import Thread

import pytest

from zoo.errors import InputError
from zoo.files import is_device, left_over, remove_left_over, replace_text, replacing


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.b.txt"
    replace_text(path, "old")
    with pytest.raises(KeyError), replacing(path) as partial:
        partial.write_text("ne")
        assert partial.suffixes == [f".partial-{os.getpid()}", ".b", ".txt"] and path.read_text() == "old"
        assert left_over(tmp_path) == []  # somebody writes it
        raise KeyError
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.b.txt", "old")]
    replace_text(path, "new")
    assert path.read_text() == "new"


def test_a_place_that_cannot_be_written_is_one_line_with_the_remedy(tmp_path):
    long = tmp_path / f"{'a' * 250}.txt"
    faults = {tmp_path / "no" / "a.txt": "No such file", tmp_path: "Is a directory", long: "File name too long"}
    for path, fault in faults.items():
        with (
            pytest.raises(InputError, match=rf"{path}: cannot be written \({fault}.*\); ask"),
            replacing(path, remedy="ask") as partial,
        ):
            partial.write_text("new")
    assert not list(tmp_path.iterdir()) and len(list(tmp_path.parent.glob(".*partial*"))) == 0


def test_what_a_dead_process_left_is_removed(tmp_path):
    for name in (".a.partial-99999999.txt", f".b.partial-{os.getpid()}.txt", f".c.partial-{os.getppid()}.txt"):
        (tmp_path / name).touch()
    remove_left_over(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [f".c.partial-{os.getppid()}.txt"]


def test_devices_and_pipes_are_written_to_and_not_replaced(tmp_path):
    pipe, seen = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: seen.append(pipe.read_text()), daemon=True)
    reader.start()
    replace_text(pipe, "through")
    assert pipe.is_fifo()
    reader.join(10)
    assert seen == ["through"] and [file.name for file in tmp_path.iterdir()] == ["pipe"]
    assert is_device(Path("/dev/null")) and is_device(Path("/dev/stdout")) and is_device(Path("/proc/self/fd/1"))
    assert not any(map(is_device, (tmp_path, tmp_path / "none", Path("/dev"), Path(__file__))))
