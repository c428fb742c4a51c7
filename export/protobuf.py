"""Reads the fields of a protobuf message, stepping over large ones, without the classes made for it."""

VARINT, DELIMITED, FIXED_SIZES = 0, 2, {1: 8, 5: 4}
"""The kinds of protobuf's fields."""
LARGE = 1 << 24
"""Bytes of a field that is stepped over."""
LONGEST = 63
"""Bits of the largest number."""


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
