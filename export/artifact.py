"""The card that travels inside an artifact: what it is, what it takes and returns, how it was made and measured."""

import hashlib
import json
import mmap
import zipfile
import zlib
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import ParseError

from export.openvino_card import read_text, write_texts
from zoo.errors import InputError

CARD, LABELS = "card.json", "labels.txt"
ONNX_KEY = "regionzoo_card"
ONNX_KEYS = {CARD: ONNX_KEY, LABELS: "labels"}
"""By file, the key of the metadata that stands for it in ONNX."""
METADATA_PROPS, KEY, VALUE = 14, 1, 2
"""The numbers of these fields in ONNX's messages `ModelProto` and `StringStringEntryProto` (onnx.proto)."""
VARINT, DELIMITED, FIXED_SIZES = 0, 2, {1: 8, 5: 4}
"""The kinds of protobuf's fields."""
LARGE = 1 << 24
"""Bytes of a field that is stepped over."""
LONGEST = 63
"""Bits of the largest number."""
SUFFIXES = {".onnx": "onnx", ".tflite": "tflite", ".xml": "openvino", ".keras": "keras"}
KNOWN = "a SavedModel folder, .onnx, .tflite, .xml (OpenVINO) or .keras file"


@dataclass(frozen=True)
class Artifact:
    """An exported model.

    Attributes:
        path: the file, or the folder of a SavedModel.
        format: "saved_model", "onnx", "tflite" or "openvino".
        quantize: `None`, or one of `export.exporter.QUANTIZE`, as "int8".
        inputs: one dict a tensor: name, dtype, shape (`None` where dynamic).
        outputs: likewise.
        operators: how often each operator occurs in the graph.
        class_names: index for index.
        task: `model.task`.
        preprocessing: what the caller does to a picture, in words.
        attributes: of the model, those of `keypoint_names`, `skeleton`, `resizing`, `sides`, the thresholds,
            `max_detections`, `proposals` and `num_proposals` that it has.
        calibration: of one whose activations are integers, `pictures`, the number that their ranges are from, and
            `source`, in words where those are from; `search`, what `export.search.search` found if it was needed.
        form: what the file takes and returns, as `export.form.Form` has it.
        decoder: of a file of raw outputs, the family and the numbers that `export.decoders` decodes them by.
        parity: the largest differences from Keras, and on which pictures.
        latency: milliseconds a call, and how they were measured.
        versions: of the packages that made the file.
        created: UTC date and time, ISO 8601.
        sha256: of the file; of a folder, over the names and contents of its files in sorted order. It and size are
            found when they are first asked for: who predicts does not wait for them.
        size: bytes.
    """

    path: str
    format: str
    quantize: str | None
    inputs: list
    outputs: list
    operators: dict
    class_names: tuple
    task: str | None
    preprocessing: str
    attributes: dict = field(default_factory=dict)
    calibration: dict = field(default_factory=dict)
    form: dict = field(default_factory=dict)
    decoder: dict = field(default_factory=dict)
    parity: dict = field(default_factory=dict)
    latency: dict = field(default_factory=dict)
    versions: dict = field(default_factory=dict)
    created: str = ""

    @cached_property
    def sha256(self):
        """Hex digest of the file as it is now."""
        return sha256(self.path)

    @cached_property
    def size(self):
        """Bytes of the file, or of all files of the folder, as they are now."""
        return size(self.path)

    @property
    def image_size(self):
        """`(height, width)` in pixels that the input takes, `None` in either place for any number."""
        return tuple(self.inputs[0]["shape"][1:3])

    @property
    def names(self):
        """The names of its outputs, in their order."""
        return tuple(tensor["name"] for tensor in self.outputs)

    @property
    def batch_size(self):
        """Pictures a call, `None` for any number."""
        return self.inputs[0]["shape"][0]

    def to_dict(self):
        """Returns the card as a dict that JSON can hold."""
        return {**asdict(self), "class_names": list(self.class_names), "sha256": self.sha256, "size": self.size}

    @classmethod
    def from_dict(cls, card):
        """Builds the card back from `to_dict()`; keys of later versions are left out."""
        known = {f.name for f in fields(cls)}
        card = {key: value for key, value in card.items() if key in known}
        return cls(**{**card, "class_names": tuple(card["class_names"])})

    def embed(self, path):
        """Writes the card into the file (ONNX metadata, TFLite associated file) or folder (`assets.extra`) at `path`.

        The card within has no path, which `read` adds.
        """
        card = {name: value for name, value in asdict(self).items() if name != "path"}
        WRITERS[self.format](Path(path), json.dumps(card, indent=1), "\n".join(self.class_names))

    @classmethod
    def read(cls, path):
        """Reads the card of an artifact.

        Returns:
            The `Artifact`; `None` if the file carries no card.
        Raises:
            InputError: if there is no artifact at `path`, or the file is broken.
        """
        return cls.of(path, inner(Path(path), CARD))

    @classmethod
    def of(cls, path, text):
        """As `read`, of the text that the file at `path` was found to carry, `None` for none."""
        if text is None:
            return None
        try:
            return cls.from_dict({**json.loads(text), "path": str(path)})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise damaged(path) from error


def labels_of(path):
    """Returns the class names that an artifact carries for other programs, index for index."""
    text = inner(Path(path), LABELS)
    return tuple(text.split("\n")) if text else ()


def inner(path, name):
    """Returns the text of a file within an artifact, `CARD` or `LABELS`; `None` if it has none.

    Raises:
        InputError: if there is no artifact at `path`, or the file is broken.
    """
    try:
        return READERS[format_of(path)](path, name)
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error) as error:
        raise damaged(path) from error


def damaged(path):
    """Returns the error of a file whose card cannot be read."""
    return InputError(f"{path}: the card that it carries is damaged: export it again")


def format_of(path):
    """Returns "saved_model", "onnx", "tflite", "openvino" or "keras".

    Raises:
        InputError: if `path` is missing or none of them.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist: give {KNOWN}")
    if (path / "saved_model.pb").is_file():
        return "saved_model"
    if path.is_file() and path.suffix in SUFFIXES:
        return SUFFIXES[path.suffix]
    raise InputError(f"{path} is no artifact: give {KNOWN}")


def files(path):
    """Returns the file itself and an OpenVINO file's weights, or a folder's files in sorted order."""
    if path.is_file():
        return [path, weights] if (weights := weights_beside(path)) else [path]
    return sorted(p for p in path.rglob("*") if p.is_file())


def weights_beside(path):
    """Returns the .bin of OpenVINO that belongs to an .xml, `None` for other files and where there is none."""
    weights = path.with_suffix(".bin")
    return weights if path.suffix == ".xml" and weights.is_file() else None


def size(path):
    """Returns the bytes of a file or of all files of a folder."""
    return sum(p.stat().st_size for p in files(Path(path)))


def sha256(path):
    """Returns the hex digest of a file, or of the names and contents of a folder's files."""
    path, digest = Path(path), hashlib.sha256()
    for file in files(path):
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode())
        with open(file, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def write_onnx(path, card, labels):
    """Writes card and labels as two entries of the model's metadata."""
    import onnx

    proto = onnx.load(path)
    onnx.helper.set_model_props(proto, {ONNX_KEYS[CARD]: card, ONNX_KEYS[LABELS]: labels})
    onnx.save(proto, path)


def read_onnx(path, name):
    """Returns a text or `None`; it steps over the graph, and loads neither that nor `onnx`."""
    key = ONNX_KEYS[name].encode()
    try:
        with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            metadata = (entry for number, entry in fields_of(content) if number == METADATA_PROPS)
            entries = [dict(fields_of(entry)) for entry in metadata if isinstance(entry, bytes)]
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} cannot be read as ONNX, it may be cut short: export it again") from error
    return next((entry.get(VALUE, b"").decode() for entry in entries if entry.get(KEY) == key), None)


def fields_of(message):
    """Yields number and value of the fields of a protobuf message in bytes.

    Text and messages are bytes, too; those of 16 MB and more, as graphs are, `None`.

    Raises:
        ValueError, IndexError: if the message is none, or cut short.
    Source: protobuf's documentation, "Encoding": a key holds the number and how the value is written.
    """
    place = 0

    def integer():
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > LONGEST:
                raise ValueError("no protobuf message: a number without end")

    while place < len(message):
        number, kind = divmod(integer(), 8)
        if not number:
            raise ValueError("no protobuf message: fields are counted from 1")
        if kind == VARINT:
            yield number, integer()
            continue
        if kind not in FIXED_SIZES and kind != DELIMITED:
            raise ValueError(f"no protobuf message: field {number} is of kind {kind}")
        size = integer() if kind == DELIMITED else FIXED_SIZES[kind]
        if size > len(message) - place:
            raise ValueError(f"cut short: field {number} has {size} bytes, {len(message) - place} are left")
        yield number, bytes(message[place : place + size]) if size < LARGE else None
        place += size


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
    write_texts(path, {ONNX_KEYS[CARD]: card, ONNX_KEYS[LABELS]: labels})


def read_openvino(path, name):
    """Returns a text or `None`."""
    try:
        return read_text(path, ONNX_KEYS[name])
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
