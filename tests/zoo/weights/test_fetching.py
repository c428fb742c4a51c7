import hashlib
import io
import sys

import pytest

from tests.zoo.weights.server import served
from zoo import InputError
from zoo.weights import fetching

CONTENT = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FAULTS = {
    "/page": (b"<!DOCTYPE html><title>Sign in</title>", "a web page came, no file"),
    "/cut": ((CONTENT[:1000], len(CONTENT)), "it was cut short after 1,000 of 256,000 bytes"),
    "/other": (CONTENT[::-1], "its SHA-256 begins with "),
    "/short": (CONTENT[:-1], "it has 255,999 bytes, not 256,000"),
    "/endless": ((CONTENT + b"0", None), "it has more than 256,000 bytes"),
    "/gone": (None, "Not Found"),
}


def test_a_file_comes_whole(tmp_path):
    path = tmp_path / "new" / "file"
    with served({"/file": CONTENT}) as (address, asked):
        fetching.fetch(f"{address}/file", path, DIGEST[:8])
        assert path.read_bytes() == CONTENT and [file.name for file in path.parent.iterdir()] == ["file"]
        fetching.fetch(f"{address}/file", path, DIGEST, len(CONTENT))
        assert fetching.read(f"{address}/file", len(CONTENT)) == CONTENT
        with pytest.raises(OSError, match="more than 10 bytes"):
            fetching.read(f"{address}/file", 10)
    fetching.check(path, DIGEST)
    with pytest.raises(InputError, match="cannot be fetched .*refused.*: put the file at .*/file yourself"):
        fetching.fetch(f"{address}/file", path, DIGEST)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_leaves_nothing(tmp_path, fault):
    content, message = FAULTS[fault]
    with served({fault: content}) as (address, _), pytest.raises(InputError) as refused:
        fetching.fetch(f"{address}{fault}", tmp_path / "file", DIGEST, len(CONTENT))
    assert f"{address}{fault} cannot be fetched (" in str(refused.value) and message in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file: cannot be made \(.*\); KERAS_HOME names another folder"):
        fetching.fetch("http://127.0.0.1:9/x", tmp_path / "file" / "x", DIGEST)
    with pytest.raises(InputError, match=r"x: cannot be written \(File name too long\); KERAS_HOME names another"):
        fetching.fetch("http://127.0.0.1:9/x", tmp_path / ("x" * 250), DIGEST)


def test_a_bar_is_drawn_on_a_terminal_alone(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    with served({"/file": CONTENT}) as (address, _):
        for stream, drawn in ((io.StringIO(), False), (Terminal(), True)):
            monkeypatch.setattr(sys, "stderr", stream)
            fetching.fetch(f"{address}/file", tmp_path / "some file", DIGEST)
            assert ("some file" in stream.getvalue()) == drawn
            fetching.read(f"{address}/file", len(CONTENT), "a film")
            assert ("a film" in stream.getvalue()) == drawn
