"""Files written in one step: a kill at any moment leaves the old one or the new one whole."""

import json
import os
import struct
import zipfile
import zlib
from pathlib import Path

from zoo.errors import InputError

DAMAGED = (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error)
"""What NumPy raises of a file of arrays that is cut or changed."""


def replace_file(path, write):
    """Writes a file in one step: `write(temporary_path)` makes it, a rename puts it in place.

    Raises:
        InputError: if the place cannot be written.
    """
    path = Path(path)
    # Keras chooses the format by the ending, so the temporary name keeps it.
    temporary = path.with_name(f".{path.name.split('.')[0]}.partial-{os.getpid()}.{path.name.partition('.')[2]}")
    try:
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from error
    finally:
        temporary.unlink(missing_ok=True)


def replace_text(path, text):
    """Writes a text file in one step."""
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


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
        contents = path.read_bytes()
        return json.loads(contents.decode(json.detect_encoding(contents)))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except RecursionError as error:
        raise InputError(f"{path}: is nested too deep for a file of annotations") from error
    except ValueError as error:
        raise InputError(f"{path}: is no JSON: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
