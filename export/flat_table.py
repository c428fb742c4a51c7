"""Tables of a flatbuffer written by the numbers of their fields, for a schema without generated code."""

import numpy as np


class Table(dict):
    """Values by number of their field: `str`, `Table`, lists of either, NumPy's arrays and typed scalars."""

    def packed(self, builder):
        """Writes the table and what it holds; returns where it lies in `builder`, a `flatbuffers.Builder`."""
        known = {number: value for number, value in self.items() if value is not None}
        offsets = {
            number: packed(builder, value) for number, value in known.items() if not isinstance(value, np.generic)
        }
        builder.StartObject(max(known, default=-1) + 1)
        for number, value in known.items():
            if number in offsets:
                builder.PrependUOffsetTRelativeSlot(number, offsets[number], 0)
            else:
                getattr(builder, f"Prepend{KINDS[value.dtype.name]}Slot")(number, value.item(), 0)
        return builder.EndObject()


KINDS = {"int8": "Int8", "int32": "Int32", "uint32": "Uint32"}


def packed(builder, value):
    """Writes a text, table, list of these or array of numbers; returns where it lies."""
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, Table):
        return value.packed(builder)
    if isinstance(value, np.ndarray):
        return builder.CreateNumpyVector(value)
    offsets = [packed(builder, one) for one in value]
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()
