"""Which data a source holds: enough to tell two sets apart without decoding a picture, wherever the folder lies."""

import base64
import hashlib
import os
from collections import Counter
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from recipes.data.graph import mapped
from recipes.data.sources.source import MEANING

TRIED, BATCH = 16, 1024


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What identifies the data of a source.

    Attributes:
        meaning: what its labels mean, names in their order, and the form in which it gives the pictures.
        names: `(N,)` uint64, sorted: a hash of each picture's file name, without its folders.
        contents: `(N,)` uint64, sorted: of each picture's name, the sizes of its files and its annotation as read.
    """

    meaning: dict
    names: np.ndarray
    contents: np.ndarray

    def __eq__(self, other):
        return self.to_dict() == other.to_dict()

    def to_dict(self):
        """Returns it as a dict that JSON can hold."""
        names, contents = (base64.b64encode(one.astype("<u8")).decode() for one in (self.names, self.contents))
        return {"meaning": self.meaning, "names": names, "contents": contents}

    @classmethod
    def from_dict(cls, fields):
        """Reads what `to_dict` wrote.

        Raises:
            ValueError, KeyError, TypeError: if it is something else.
        """
        names, contents = (np.frombuffer(base64.b64decode(fields[key]), "<u8") for key in ("names", "contents"))
        return cls(dict(fields["meaning"]), names, contents)

    def changes_since(self, before):
        """Says in words how the pictures differ from those of an earlier one; "" where they do not."""
        more, fewer = (_lacking(*pair) for pair in ((self.names, before.names), (before.names, self.names)))
        other = _lacking(self.contents, before.contents) - more
        counts = {"more": more, "fewer": fewer, "of another size or annotation": other}
        words = [f"{count} {what}" for what, count in counts.items() if count > 0]
        return f"{', '.join(words)} than the {len(before.names)} pictures then" if words else ""


def fingerprint(source):
    """Takes the fingerprint of a source, in seconds for 100,000 pictures.

    It does not see a picture that became another under its name without a change of the file's size. Of data that
    are not kept as one file a picture (TFDS), name and number of pictures count alone.

    Args:
        source: a `Source`, as it was opened: what it leaves out then, as another split's pictures, does not count.

    Returns:
        `Fingerprint`.
    """
    meaning = {name: [str(one) for one in getattr(source, name)] for name in MEANING}
    rows = [row for part in _parts(source) for row in _rows(part)]
    names, contents = zip(*rows, strict=True) if rows else ((), ())
    meaning["form"] = _form(source)
    return Fingerprint(meaning, *(np.sort(np.array(hashes, np.uint64)) for hashes in (names, contents)))


def _parts(source):
    """Yields the sources that read files, of those that a source is made of."""
    if hasattr(source, "sources"):
        for one in source.sources:
            yield from _parts(one)
    elif hasattr(source, "source"):
        yield from _parts(source.source)
    else:
        yield source


def _form(source):
    """Says in what form a source gives the pictures of another: crops of it number other things."""
    inner = f" of {_form(source.source)}" if hasattr(source, "source") else ""
    return " ".join(filter(None, [type(source).__name__, getattr(source, "kind", "")])) + inner


def _rows(source):
    """Yields the hashes of each record's name, and of all that is in it."""
    records = source.all_records()
    first = list(records.take(TRIED).as_numpy_iterator())
    places = sorted({i for record in first for i, leaf in enumerate(tf.nest.flatten(record)) if _is_file(leaf)})
    if not places:
        for i in range(source.count):
            if i not in source.left_out:
                yield (_hash(f"{source.spec} {i}"),) * 2
        return
    paths = mapped(records, lambda record: tf.stack([tf.nest.flatten(record)[i] for i in places]))
    rows = (files for batch in paths.batch(BATCH).as_numpy_iterator() for files in batch.tolist())
    for index, files in enumerate(rows):
        if index not in source.left_out:
            name = os.path.basename(files[0])
            sizes = " ".join(str(_size(path)) for path in files)
            yield _hash(name), _hash(name, sizes, source.annotation(index))


def _is_file(leaf):
    return isinstance(leaf, bytes) and b"\0" not in leaf and len(leaf) < 4096 and os.path.isfile(leaf)


def _size(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _hash(*parts):
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        found.update(len(part).to_bytes(8, "little") + part)
    return int.from_bytes(found.digest(), "little")


def _lacking(hashes, others):
    """Counts the hashes that the others lack, repeated ones as often as they are repeated."""
    return (Counter(hashes.tolist()) - Counter(others.tolist())).total()
