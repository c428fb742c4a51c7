import os

import pytest

from recipes.data import files
from recipes.data.files import contents_of, json_of, numbered_lines, read_lines, read_text
from zoo.errors import InputError

TEXT = "Käse\nÄpfel\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_text_of_any_encoding_and_line_ends(tmp_path, encoding):
    path = tmp_path / "a.txt"
    for end in ("\n", "\r\n", "\r"):
        path.write_bytes(TEXT.replace("\n", end).encode(encoding))
        assert read_text(path) == TEXT
    path.write_bytes(f" {TEXT}\n\n  b  ".encode(encoding))
    assert read_lines(path) == ["Käse", "Äpfel", "b"]


def test_empty_text(tmp_path):
    path = tmp_path / "a.txt"
    for contents in (b"", "\ufeff".encode()):
        path.write_bytes(contents)
        assert read_text(path) == "" and read_lines(path) == []


def test_windows_1252_is_more_than_latin_1(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\x80 \x93cat\x94")
    assert read_text(path) == "€ “cat”"


def test_what_is_no_text_is_refused_in_one_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff")
    with pytest.raises(InputError, match="a.txt: is no text"):
        read_text(path)
    path.write_bytes(b"\xff\xfea")
    with pytest.raises(InputError, match="a.txt: is no UTF-16 text"):
        read_text(path)


def test_only_regular_files_of_a_size_are_read(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_text(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(InputError, match="is no regular file"):
            read_text(path)
    (tmp_path / "a").write_bytes(b"12345")
    assert contents_of(tmp_path / "a", most=5) == b"12345"
    with pytest.raises(InputError, match="has more than 4 bytes"):
        read_text(tmp_path / "a", most=4)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InputError, match="loop: cannot be read"):
        read_text(tmp_path / "loop")


def test_lines_that_are_too_long_or_too_many_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text(f"a\n\n {'b' * 20_000}\n")
    with pytest.raises(InputError, match="a.txt: line 3 has 20,001 characters, more than 16,384"):
        read_lines(path)
    assert list(numbered_lines(path, longest=20_001))[1][0] == 3
    monkeypatch.setattr(files, "MOST_LINES", 2)
    with pytest.raises(InputError, match="a.txt: has 3 lines, more than 2; split it"):
        read_lines(path)


def test_an_error_is_one_line_whatever_its_names_are():
    error = InputError(f"a\nb\x1b[31m{os.fsdecode(bytes([255]))}K\xe4se: \u2028")
    assert str(error) == "a\\nb\\x1b[31m\\udcffK\xe4se: \\u2028" and str(InputError(str(error))) == str(error)
    assert len(str(InputError("x" * 10**7))) < 2100 and len(str(InputError("\0" * 1900))) < 2100
    assert str(InputError()) == ""


def test_json_of_nothing_but_lists_is_refused_before_it_fills_the_memory():
    contents = b"[" + b"[]," * 8_000_000 + b"0]"
    message = r"is no file of annotations: 8,000,001 lists and objects in 24 MB would take 0.6 GB of memory"
    with pytest.raises(ValueError, match=message):
        json_of(contents)
    assert json_of(b"[" + b"[]," * 1000 + b"0]") == [*[[]] * 1000, 0]
