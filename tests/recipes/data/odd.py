"""Picture files written by hand, as other programs write them and Pillow does not."""

import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, early=b"", late=b"", interlaced=0):
    """`rows` are the bytes of each row; with `interlaced=1` those of each row of each pass."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + early + data + late + chunk(b"IEND", b"")


def exif(turn, order="<"):
    """EXIF data of one tag, the orientation."""
    start = {"<": b"II*\0", ">": b"MM\0*"}[order]
    return start + struct.pack(order + "IHHHIHHI", 8, 1, 274, 3, 1, turn, 0, 0)


def tiff(width, height, bits, data, *, photometric=1, kind=1, samples=1, order="<", turn=1):
    """One uncompressed strip; `kind` is 1 for unsigned numbers, 2 for signed, 3 for floats."""
    depths = struct.pack(f"{order}{samples}H", *[bits] * samples) if samples > 2 else b""
    at = 8 + 2 + 12 * 11 + 4
    values = {256: (3, width), 257: (3, height), 259: (3, 1), 262: (3, photometric), 273: (4, at + len(depths))}
    values |= {274: (3, turn), 277: (3, samples), 278: (3, height), 279: (4, len(data)), 339: (3, kind)}
    rows = {tag: (form, 1, value) for tag, (form, value) in values.items()} | {
        258: (3, samples, at if depths else bits)
    }
    out = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, len(rows))
    for tag, (form, count, value) in sorted(rows.items()):
        packed = struct.pack(order + ("I" if form == 4 or count > 1 else "H2x"), value)
        out += struct.pack(order + "HHI", tag, form, count) + packed
    return out + struct.pack(order + "I", 0) + depths + data


def bmp(width, height, bits, rows, palette=b""):
    """`rows` are the bytes of each row, from the top; `palette` has four a colour."""
    data = b"".join(row + b"\0" * (-len(row) % 4) for row in reversed(rows))
    at = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, len(data), 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", at + len(data), 0, 0, at) + header + palette + data
