"""Reads the tensors of a file that `torch.save` wrote, without PyTorch and without running anything from it.

Two formats: since PyTorch 1.6 a zip archive of `data.pkl` and one file a storage, uncompressed; before, five pickles
and the storages behind them (torch/serialization.py, `_save` and `_legacy_save`).
"""

import io
import mmap
import zipfile
from math import prod
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.weights.torch_pickle import Tensor, interpret

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the first pickle of five: 0x1950a86a20f9469cfc6c
REPEATED = 2
"""How many times its own size a file's tensors may have: they may share their numbers, but few do."""


def read(path):
    """Reads a dict of tensors, such as `torch.save(model.state_dict(), path)` writes.

    Args:
        path: the `.pth` or `.pt` file.
    Returns:
        Dict of arrays by their names: floats of all kinds as float32, whole numbers as they are. Those in float32 are
        views of the file, which is mapped into memory.
    Raises:
        InputError: if the file is missing, damaged, or holds or calls anything but tensors and containers of them.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if not path.stat().st_size:
        raise InputError(f"{path}: the file is empty; fetch it again")
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    tensors, places = (from_pickles if data[: len(MAGIC)] == MAGIC else from_archive)(path, data)
    claimed = sum(prod(tensor.size) * width_of(tensor.storage) for tensor in tensors.values())
    if claimed > REPEATED * len(data):
        raise InputError(f"{path}: its tensors claim {claimed:,} bytes, the file has {len(data):,}")
    return {name: array(path, data, places, name, tensor) for name, tensor in tensors.items()}


def from_archive(path, data):
    """Returns the tensors that an archive's pickle describes, and `(start, bytes)` of storages by their keys."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InputError(f"{path}: no file of torch.save, or cut short; fetch it again") from error
    pickles = [name for name in entries if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise InputError(f"{path}: a zip archive, but not of torch.save: it has {len(pickles)} entries data.pkl")
    root = pickles[0].removesuffix("data.pkl")
    places = {name.removeprefix(root): place(path, data, entry) for name, entry in entries.items()}
    if "byteorder" in places and data[slice_of(places["byteorder"])] != b"little":
        raise InputError(f"{path}: its numbers are big-endian, which is not read; save it again on another machine")
    content = interpret(io.BytesIO(data[slice_of(places["data.pkl"])]), path)
    storages = {name.removeprefix("data/"): at for name, at in places.items() if name.startswith("data/")}
    return dict_of_tensors(content, path), storages


def place(path, data, entry):
    """Returns where the bytes of an archive's entry start, and how many they are.

    Source: the zip format, APPNOTE.TXT 4.3.7: 30 bytes, which end with the lengths of a name and of extra bytes, and
    those stand before them.
    """
    if entry.compress_type != zipfile.ZIP_STORED:
        raise InputError(f"{path}: {entry.filename!a:.80} is compressed, which torch.save never does")
    lengths = np.frombuffer(data[entry.header_offset + 26 : entry.header_offset + 30], "u1").tolist()
    start = entry.header_offset + 30 + sum(byte << shift for byte, shift in zip(lengths, (0, 8, 0, 8), strict=False))
    if start + entry.file_size > len(data):
        raise InputError(f"{path}: the file is cut short within {entry.filename!a:.80}; fetch it again")
    return start, entry.file_size


def slice_of(place):
    """Returns the slice of `(start, bytes)`."""
    return slice(place[0], sum(place))


def from_pickles(path, data):
    """As `from_archive` of the older format, in which the number of numbers, int64, stands before each storage."""
    data.seek(len(MAGIC))
    _, system, content, keys = (interpret(data, path) for _ in range(4))
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise InputError(f"{path}: its numbers are big-endian, which is not read; save it again on another machine")
    tensors = dict_of_tensors(content, path)
    widths = {tensor.storage.key: width_of(tensor.storage) for tensor in tensors.values()}
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or not widths.keys() <= set(keys):
        raise InputError(f"{path}: the file names other numbers than it holds; fetch it again")
    places, start = {}, data.tell()
    for key in keys:
        length = int.from_bytes(data[start : start + 8], "little") * widths.get(key, 0)
        if key not in widths or start + 8 + length > len(data):
            raise InputError(f"{path}: the file is cut short; fetch it again")
        places[key] = start + 8, length
        start += 8 + length
    return tensors, places


def dict_of_tensors(content, path):
    """Returns what a pickle holds if it is a dict of tensors."""
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError(f"{path}: holds no dict of tensors; save model.state_dict() instead")
    return content


def width_of(storage):
    """Returns the bytes of each of a storage's numbers."""
    return 2 if storage.dtype == "bfloat16" else np.dtype(storage.dtype).itemsize


def array(path, data, places, name, tensor):
    """Returns a tensor's numbers."""
    storage, size, width = tensor.storage, tensor.size, width_of(tensor.storage)
    if storage.key not in places:
        raise InputError(f"{path}: the numbers of {name!a:.80} are missing; fetch it again")
    start, length = places[storage.key]
    first = storage.start + tensor.offset
    last = first + sum((count - 1) * stride for count, stride in zip(size, tensor.stride, strict=True))
    if 0 in size:
        raise InputError(f"{path}: {name!a:.80} has the shape {size}, which no weights have")
    if last >= min(storage.start + storage.count, length // width):
        raise InputError(f"{path}: {name!a:.80} reaches beyond its numbers; fetch it again")
    dtype = "<u2" if storage.dtype == "bfloat16" else storage.dtype
    numbers = np.frombuffer(data, dtype, last + 1 - first, start + first * width)
    strides = [stride * width for stride in tensor.stride]
    return as_float32(np.lib.stride_tricks.as_strided(numbers, size, strides, writeable=False), storage.dtype)


def as_float32(numbers, dtype):
    """Returns floats as float32, whole numbers as they are."""
    if dtype == "bfloat16":  # the upper half of a float32
        return (numbers.astype("<u4") << 16).view("<f4")
    if numbers.dtype.kind != "f":
        return numbers
    with np.errstate(over="ignore"):  # a number too large becomes infinite, which no model takes
        return numbers.astype("float32", copy=False)
