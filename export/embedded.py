"""The texts that travel inside an artifact, its card and its class names, by format: written and read."""

import mmap
import zipfile
import zlib
from pathlib import Path
from xml.etree.ElementTree import ParseError

from export.files import format_of
from export.openvino_card import read_text, write_texts
from export.protobuf import fields_of
from zoo.errors import InputError

CARD, LABELS = "card.json", "labels.txt"
ONNX_KEY = "regionzoo_card"
KEYS = {CARD: ONNX_KEY, LABELS: "labels"}
"""By file, the key that stands for it in ONNX's metadata and in OpenVINO's."""
METADATA_PROPS, KEY, VALUE = 14, 1, 2
"""The numbers of these fields in ONNX's messages `ModelProto` and `StringStringEntryProto` (onnx.proto)."""


def embed(path, format, card, labels):
    """Writes the card, JSON, and the class names, one a line, into an artifact of a format."""
    WRITERS[format](Path(path), card, labels)


def embedded(path, name):
    """Returns the text of a file within an artifact, `CARD` or `LABELS`; `None` if it has none.

    Raises:
        InputError: if there is no artifact at `path`, or the file is broken.
    """
    try:
        return READERS[format_of(path)](Path(path), name)
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error) as error:
        raise damaged(path) from error


def damaged(path):
    """Returns the error of a file whose card cannot be read."""
    return InputError(f"{path}: the card that it carries is damaged: export it again")


def write_onnx(path, card, labels):
    """Writes card and labels as two entries of the model's metadata."""
    import onnx

    proto = onnx.load(path)
    onnx.helper.set_model_props(proto, {KEYS[CARD]: card, KEYS[LABELS]: labels})
    onnx.save(proto, path)


def read_onnx(path, name):
    """Returns a text or `None`; it steps over the graph, and loads neither that nor `onnx`."""
    key = KEYS[name].encode()
    try:
        with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            metadata = (entry for number, entry in fields_of(content) if number == METADATA_PROPS)
            entries = [dict(fields_of(entry)) for entry in metadata if isinstance(entry, bytes)]
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} cannot be read as ONNX, it may be cut short: export it again") from error
    return next((entry.get(VALUE, b"").decode() for entry in entries if entry.get(KEY) == key), None)


def write_tflite(path, card, labels):
    """Appends card and labels as a zip archive.

    Source: "Adding metadata to LiteRT models": associated files stand as a zip archive behind the flatbuffer, where
    its readers do not look.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(CARD, card)
        archive.writestr(LABELS, labels)


def read_tflite(path, name):
    """Returns a text or `None`."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode() if name in archive.namelist() else None


def write_saved_model(path, card, labels):
    """Writes card and labels into the folder `assets.extra`, which TensorFlow leaves to the user."""
    extra = path / "assets.extra"
    extra.mkdir(exist_ok=True)
    (extra / CARD).write_text(card)
    (extra / LABELS).write_text(labels)


def read_saved_model(path, name):
    """Returns a text or `None`."""
    file = path / "assets.extra" / name
    return file.read_text() if file.is_file() else None


def write_openvino(path, card, labels):
    """Writes card and labels into the .xml."""
    write_texts(path, {KEYS[CARD]: card, KEYS[LABELS]: labels})


def read_openvino(path, name):
    """Returns a text or `None`."""
    try:
        return read_text(path, KEYS[name])
    except ParseError as error:
        raise InputError(f"{path} cannot be read as OpenVINO's XML, it may be cut short: export it again") from error


WRITERS = {"onnx": write_onnx, "tflite": write_tflite, "saved_model": write_saved_model, "openvino": write_openvino}
READERS = {
    "onnx": read_onnx,
    "tflite": read_tflite,
    "saved_model": read_saved_model,
    "openvino": read_openvino,
    "keras": lambda path, name: None,
}
