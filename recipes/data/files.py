"""Files read: those of a run, and other programs', of which anything may be wrong."""

import codecs
import json
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from zoo.errors import InputError

DAMAGED = (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error)
"""What NumPy raises of a file of arrays that is cut or changed."""
MOST_BYTES = 1 << 24
"""Of a file that describes one picture, or a set."""
MOST_OF_LISTS, MOST_OF_SETS = 1 << 28, 1 << 32
"""Of a file that names the pictures of a set, and of one that annotates all of them."""
MOST_LINES = 1 << 21
LIST, OBJECT = 72, 240
"""Bytes that a list and a dict of JSON take at least."""
FREE, SPREAD = 1 << 29, 10
"""Bytes that they may take of any file, and how many for each byte of a larger one."""
LONGEST_LINE = 1 << 14
"""Characters of a line that names something; a path may have 4,096."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_json(path, kind=dict, keys=(), values=object):
    """Reads a JSON file as a run's folder keeps them.

    Args:
        path: the file.
        kind: what it holds, `dict` or `list`.
        keys: names that the dict must hold.
        values: the type of what the dict or list holds.

    Raises:
        InputError: if it is damaged.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if isinstance(found, kind) and all(key in found for key in keys):
        if all(isinstance(value, values) for value in (found.values() if kind is dict else found)):
            return found
    raise InputError(f"{path}: is damaged; remove it, it is written anew")


def read_json_of_others(path, needed):
    """Reads a JSON file that another program wrote.

    Args:
        path: the file.
        needed: one line that says what is needed, for the error.

    Raises:
        InputError: if it is missing or no JSON.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; {needed}")
    try:
        return json_of(contents_of(path, MOST_OF_SETS))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def json_of(contents):
    """Returns what a JSON file's bytes hold; raises `ValueError`, without the file's name, if they are no JSON.

    It also refuses what would fill the memory: 90 MB of empty lists take 2.2 GB, 90 MB of annotations 0.5.
    """
    lists, objects = contents.count(b"["), contents.count(b"{")
    needed = LIST * lists + OBJECT * objects
    if needed > max(FREE, SPREAD * len(contents)):
        what = f"{lists + objects:,} lists and objects in {len(contents) / 1e6:.0f} MB"
        raise ValueError(f"is no file of annotations: {what} would take {needed / 1e9:.1f} GB of memory")
    try:
        return json.loads(contents.decode(json.detect_encoding(contents)))
    except UnicodeDecodeError as error:
        raise ValueError(f"is no UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except RecursionError as error:
        raise ValueError("is nested too deep for a file of annotations") from error
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from error


def contents_of(path, most=MOST_BYTES):
    """Returns the bytes of a regular file.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        ValueError: if it is missing, no regular file, too large or cannot be read; the message lacks its name.
    """
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("is no regular file")
        with open(path, "rb") as file:
            contents = file.read(most + 1)
    except FileNotFoundError:
        raise ValueError("no such file") from None
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    if len(contents) > most:
        raise ValueError(f"has more than {most:,} bytes, too many for such a file")
    return contents


def text_of(contents):
    """Decodes text that another program wrote.

    Args:
        contents: bytes, of UTF-8, of UTF-16 or UTF-32 by their mark or zeros, or else of Windows-1252 or Latin-1.

    Returns:
        The text without byte-order mark, its lines ended by line feeds alone.

    Raises:
        ValueError: if it is no text; the message lacks the file's name.
    """
    encoding = next((name for mark, name in MARKS if contents.startswith(mark)), None)
    if encoding is None and b"\0" in contents[:4096]:
        encoding = json.detect_encoding(contents)
        encoding = encoding if encoding != "utf-8" else None
        if encoding is None:
            raise ValueError("is no text")
    for name in (encoding,) if encoding else ("utf-8", "cp1252", "latin-1"):
        try:
            text = contents.decode(name)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ValueError(f"is no {encoding.upper()} text, as it begins")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_text(path, most=MOST_BYTES):
    """Reads a text file that another program wrote: see `contents_of` and `text_of`.

    Raises:
        InputError: if it cannot be read, or is no text.
    """
    try:
        return text_of(contents_of(path, most))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def read_lines(path, most=MOST_BYTES):
    """Returns the lines of a text file, without blanks around them; empty ones are left out. As `numbered_lines`."""
    return [line for _, line in numbered_lines(path, most)]


def numbered_lines(path, most=MOST_BYTES, longest=LONGEST_LINE):
    """Yields the number of each line of a text file, from 1, and the line, without blanks around it.

    Args:
        path: the file.
        most: bytes that it may have.
        longest: characters that a line may have.

    Raises:
        InputError: as `read_text`, or if it has more than `MOST_LINES` lines or a line is too long.
    """
    text = read_text(path, most)
    count = text.count("\n")
    if count > MOST_LINES:
        raise InputError(f"{path}: has {count:,} lines, more than {MOST_LINES:,}; split it")
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > longest:
            raise InputError(f"{path}: line {number} has {len(line):,} characters, more than {longest:,}")
        if line := line.strip():
            yield number, line
