"""Writes `.pth` files as `torch.save` does, in both of its formats, without PyTorch."""

import pickle
import pickletools
import zipfile

import numpy as np

STORAGES = {"f4": "Float", "f8": "Double", "f2": "Half", "i8": "Long", "u1": "Byte"}
MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001


def write(path, arrays, legacy=False):
    """Writes a dict of arrays as a state dict, each in a storage of its own."""
    storages = {str(key): np.asarray(array, order="C") for key, array in enumerate(arrays.values())}
    content = state_dict(arrays, legacy)
    if legacy:
        system = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
        with open(path, "wb") as file:
            for part in (MAGIC, VERSION, system):
                pickle.dump(part, file, 2)
            file.write(content)
            pickle.dump(list(storages), file, 2)
            for array in storages.values():
                file.write(array.size.to_bytes(8, "little") + array.tobytes())
        return
    write_archive(path, content, {key: array.tobytes() for key, array in storages.items()})


def write_archive(path, content, storages):
    """Writes an archive of a pickle and of storages' bytes by their keys."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/byteorder", b"little")
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
        archive.writestr("archive/version", b"3\n")


def state_dict(arrays, legacy=False):
    """Returns the pickle of a state dict: opcodes by hand, as no module is there that pickle could name."""
    parts = [b"\x80\x02", named("collections", "OrderedDict"), b")R("]
    for key, (name, array) in enumerate(arrays.items()):
        strides = [stride // array.itemsize for stride in np.asarray(array, order="C").strides]
        parts += [text(name), tensor(str(key), array.dtype, array.size, 0, array.shape, strides, legacy)]
    parts += [b"u", b"}(", text("_metadata"), named("collections", "OrderedDict"), b")Rub", b"."]
    return b"".join(parts)


def tensor(key, dtype, count, offset, shape, strides, legacy=False):
    """Returns the opcodes of a tensor over a storage of `count` numbers."""
    storage = b"".join(
        [b"(", text("storage"), named("torch", f"{STORAGES[np.dtype(dtype).str[1:]]}Storage"), text(key), text("cpu")]
        + [whole(count), b"N" if legacy else b"", b"tQ"]
    )
    shape, strides = (b"(" + b"".join(map(whole, sizes)) + b"t" for sizes in (shape, strides))
    hooks = named("collections", "OrderedDict") + b")R"
    return (
        named("torch._utils", "_rebuild_tensor_v2")
        + b"("
        + storage
        + whole(offset)
        + shape
        + strides
        + b"\x89"
        + hooks
        + b"tR"
    )


def named(module, name):
    """Returns the opcode of a global."""
    return f"c{module}\n{name}\n".encode()


def text(string):
    """Returns the opcode of a string."""
    data = string.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def whole(number):
    """Returns the opcode of a whole number."""
    return pickletools.optimize(pickle.dumps(number, 2))[2:-1]
