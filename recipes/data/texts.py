"""Many strings in two flat arrays: a million paths as objects would fill the memory."""

import os
from collections.abc import Sequence

import numpy as np


class Texts(Sequence):
    """Strings, paths among them, that are made when they are asked for.

    Args:
        columns: dict of arrays: "bytes" `(B,)` uint8, all strings in a row, and "ends" `(N,)` int64, where each ends.
    """

    def __init__(self, columns):
        self.columns = columns

    @classmethod
    def of(cls, strings):
        """Takes an iterable of strings."""
        contents, ends = bytearray(), []
        for string in strings:
            contents += os.fsencode(string)
            ends.append(len(contents))
        return cls({"bytes": np.frombuffer(contents, np.uint8), "ends": np.array(ends, np.int64)})

    def __len__(self):
        return len(self.columns["ends"])

    def __getitem__(self, index):
        return os.fsdecode(self.raw(index))

    def raw(self, index):
        """Returns the bytes of one."""
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        ends, index = self.columns["ends"], index % len(self)
        return self.columns["bytes"][ends[index - 1] if index else 0 : ends[index]].tobytes()
