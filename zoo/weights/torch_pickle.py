"""What the pickle in a PyTorch file says, without unpickling it.

Python's own unpickler imports and calls what a file names, and even one that is told to refuse names can be made to
take all memory (a memo of four thousand million entries) or to overflow the stack (the hash of a nested key). Here
the opcodes that PyTorch writes are interpreted one by one; a name stays a name, nothing is ever imported or called.
"""

import pickletools
from dataclasses import dataclass

from zoo.errors import InputError

STORAGES = {
    "torch FloatStorage": "<f4",
    "torch DoubleStorage": "<f8",
    "torch HalfStorage": "<f2",
    "torch BFloat16Storage": "bfloat16",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
    "torch ShortStorage": "<i2",
    "torch CharStorage": "|i1",
    "torch ByteStorage": "|u1",
    "torch BoolStorage": "|b1",
}
"""dtype of the numbers by the class of their storage, as pickle names it."""
MOST_STEPS = 2**20
"""Opcodes after which a pickle is given up, where Mask R-CNN's has twenty thousand: each may take memory."""
MOST_DIMENSIONS = 8
VALUES = ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING")
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}


@dataclass(frozen=True)
class Name:
    """A global that the pickle names: module and name, apart from strings."""

    text: str

    def __str__(self):
        return f"{self.text.replace(' ', '.')!a:.80}"


@dataclass(frozen=True)
class Storage:
    """Numbers that lie outside of the pickle.

    Attributes:
        key: their name there.
        dtype: a value of `STORAGES`.
        start: the first of them.
        count: how many.
    """

    key: str
    dtype: str
    start: int
    count: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage: `offset`, `size` and `stride` count its numbers."""

    storage: Storage
    offset: int
    size: tuple
    stride: tuple


def interpret(stream, path):
    """Reads one pickle.

    Args:
        stream: what it is read from, to just behind its end; has `read`, `readline` and `tell`.
        path: the file, for messages.
    Returns:
        What the pickle holds: dicts with keys of text, lists, tuples, text, numbers and `Tensor`s.
    Raises:
        InputError: if it is damaged, or holds or calls anything else; it names that.
    """
    machine = Machine(path)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count == MOST_STEPS:
                raise InputError(f"{path}: its pickle has more than {MOST_STEPS:,} steps, which no weights take")
            machine.step(opcode.name, argument)
        return machine.stack.pop()
    except InputError:
        raise
    except (ValueError, TypeError, LookupError) as error:
        raise InputError(f"{path}: its pickle is damaged; fetch the file again") from error


class Machine:
    """The stack machine of pickle, protocol 2, of which PyTorch needs these opcodes."""

    def __init__(self, path):
        self.path, self.stack, self.marks, self.memo = path, [], [], {}

    def step(self, opcode, argument):
        """Takes one step; `opcode` is its name in `pickletools`."""
        stack = self.stack
        if opcode in VALUES:
            stack.append(argument)
        elif opcode in CONSTANTS:
            stack.append(CONSTANTS[opcode])
        elif opcode in ("PROTO", "STOP"):
            pass
        elif opcode == "GLOBAL":
            stack.append(Name(argument))
        elif opcode == "EMPTY_DICT":
            stack.append({})
        elif opcode == "EMPTY_LIST":
            stack.append([])
        elif opcode == "MARK":
            self.marks.append(len(stack))
        elif opcode in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif opcode in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif opcode == "TUPLE":
            stack.append(tuple(self.since_mark()))
        elif opcode in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(opcode[-1])
            stack[-count:] = [tuple(stack[-count:])]
        elif opcode == "APPEND":
            self.extend([stack.pop()])
        elif opcode == "APPENDS":
            self.extend(self.since_mark())
        elif opcode == "SETITEM":
            value, key = stack.pop(), stack.pop()
            self.set_items([key, value])
        elif opcode == "SETITEMS":
            self.set_items(self.since_mark())
        elif opcode == "BINPERSID":
            stack.append(self.storage(*stack.pop()))
        elif opcode in ("REDUCE", "NEWOBJ"):
            arguments, name = stack.pop(), stack.pop()
            stack.append(self.made(name, arguments))
        elif opcode == "BUILD":
            stack.pop()  # attributes such as version numbers of layers, which change no tensor
        else:
            raise InputError(f"{self.path}: its pickle has the opcode {opcode}, which PyTorch writes for no weights")

    def since_mark(self):
        """Takes what lies on the stack above the last mark."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def extend(self, items):
        """Adds items to the list on the stack."""
        if not isinstance(self.stack[-1], list):
            raise TypeError
        self.stack[-1].extend(items)

    def set_items(self, items):
        """Adds keys and values in turn to the dict on the stack."""
        keys, values = items[::2], items[1::2]
        if not isinstance(self.stack[-1], dict) or not all(isinstance(key, str) for key in keys):
            raise TypeError
        self.stack[-1].update(zip(keys, values, strict=True))

    def storage(self, kind, name, *where):
        """Returns the storage of a persistent id; the older format also has ids of whole modules."""
        if not isinstance(name, Name):
            raise TypeError
        if kind != "storage" or name.text not in STORAGES:
            raise InputError(f"{self.path}: holds {name}, which is not read; save model.state_dict() instead")
        key, _, count, *view = where
        start = 0
        if view and view[0] is not None:
            _, start, count = view[0]
        check_counts(start, count)
        if not isinstance(key, str):
            raise TypeError
        return Storage(key, STORAGES[name.text], start, count)

    def made(self, name, arguments):
        """Returns what calling a name would make; `torch.save` writes these names only."""
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise TypeError
        if name.text == "collections OrderedDict" and not arguments:
            return {}
        if name.text in ("torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2"):
            return tensor(*arguments[:4])
        if name.text in ("torch._utils _rebuild_parameter", "torch.nn.parameter Parameter"):
            return arguments[0]
        if name.text == "torch Size":
            return tuple(*arguments)
        raise InputError(f"{self.path}: its pickle calls {name}, which is refused: only tensors are read")


def tensor(storage, offset, size, stride):
    """Returns a `Tensor` of checked types."""
    if not isinstance(storage, Storage) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise TypeError
    if len(size) != len(stride) or len(size) > MOST_DIMENSIONS:
        raise ValueError
    check_counts(offset, *size, *stride)
    return Tensor(storage, offset, size, stride)


def check_counts(*counts):
    """Raises `ValueError` where one is not a whole number from 0."""
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError
