"""Files fetched from elsewhere: in one step, checked before they are in place, with a bar where somebody watches."""

import hashlib
from contextlib import contextmanager

from zoo import files
from zoo.errors import InputError

BLOCK = 1 << 16
PATIENCE = 30
"""Seconds without a byte after which a server counts as gone."""
REMEDY = "KERAS_HOME names another folder"
PAGE = (b"<!doctype html", b"<html", b"<!--")


def is_address(text):
    """Says whether something is an address, no file or folder."""
    return str(text).lower().startswith(("http://", "https://"))


def fetch(url, path, sha256, size=None):
    """Fetches a file.

    Args:
        url: its address, http or https.
        path: `pathlib.Path` where it shall lie; nothing is there unless all of it came and it is what it should be.
        sha256: its hex digest, or the beginning of it.
        size: bytes that it has, `None` where that is not known.
    Raises:
        InputError: if it cannot be had, is cut short or another one, or the folder cannot be written; the message
            says where to put the file.
    """
    with replacing(path) as partial, open(partial, "wb") as file, yours(url, path):
        digest = hashlib.sha256()
        for block in blocks(url, path.name, size):
            digest.update(block)
            file.write(block)
        if not digest.hexdigest().startswith(sha256):
            raise OSError(f"its SHA-256 begins with {digest.hexdigest()[:8]}, not {sha256[:8]}")


def replacing(path):
    """As `zoo.files.replacing`, in the folder of fetched files, which is made if missing."""
    files.make_folder(path.parent, REMEDY)
    return files.replacing(path, remedy=REMEDY)


def read(url, most, name=None):
    """Returns the bytes of a file.

    Args:
        url: its address.
        most: bytes that it may have.
        name: as of `blocks`.
    Raises:
        OSError: if it cannot be had, is cut short or larger.
    """
    content = bytearray()
    for block in blocks(url, name):
        content += block
        if len(content) > most:
            raise OSError(f"it has more than {most:,} bytes")
    return bytes(content)


def blocks(url, name=None, size=None):
    """Yields the bytes of a file as they come, and with a name shows a bar where standard error is a terminal.

    Raises:
        OSError: if it cannot be had, is cut short, has another size or is a page.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers={"User-Agent": "regionzoo"}), timeout=PATIENCE) as answer:
            stated, count = int(answer.headers.get("Content-Length") or 0) or None, 0
            block = answer.read(BLOCK)
            if block.lstrip().lower().startswith(PAGE):
                raise OSError("a web page came, no file")
            if size is not None and stated not in (None, size):
                raise OSError(f"it has {stated:,} bytes, not {size:,}")
            wanted = size or stated
            with bar(name, wanted) as advance:
                while block:
                    count += len(block)
                    if wanted is not None and count > wanted:
                        raise OSError(f"it has more than {wanted:,} bytes")
                    advance(len(block))
                    yield block
                    block = answer.read(BLOCK)
            if wanted is not None and count < wanted:
                raise OSError(f"it was cut short after {count:,} of {wanted:,} bytes")
    except HTTPError as error:
        error.close()  # it is an answer, too
        raise
    except (HTTPException, ValueError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


@contextmanager
def bar(name, total):
    """Shows a bar while the context lasts, where standard error is a terminal; yields a function of what has come."""
    import sys

    if name is None or not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def yours(url, path):
    """Turns what goes wrong on the way into an `InputError` that says where to put the file."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{url} cannot be fetched ({reason(error)}): put the file at {path} yourself") from error


def reason(error):
    """Says in words why something could not be had."""
    from urllib.error import HTTPError  # whose reason lacks the number

    return str(error) if isinstance(error, HTTPError) else str(getattr(error, "reason", None) or error)


def check(path, sha256):
    """Raises `InputError` where a file does not have the checksum, of which the beginning may be given."""
    try:
        with open(path, "rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if not digest.startswith(sha256):
        raise InputError(f"{path}: its SHA-256 begins with {digest[:8]}, not {sha256[:8]}: remove it and try again")
