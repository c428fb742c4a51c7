"""`SOURCE & SOURCE ...`: several sources of one kind, one after the other, as in VOC's "07+12"."""

from dataclasses import replace
from itertools import accumulate

import numpy as np
import tensorflow as tf

from recipes.data.graph import mapped
from recipes.data.sources.source import MEANING, Source
from zoo.errors import InputError


class Joined(Source):
    """The records of several sources, those of the first first; a target that one lacks is left out of all.

    Args:
        sources: list of `Source` with the same classes and keypoints, of one kind (two `voc:`, two `tfds:` ...).

    Raises:
        InputError: if classes, keypoints or kinds differ.
    """

    def __init__(self, sources):
        first, *others = self.sources = tuple(sources)
        self.spec = " & ".join(source.spec for source in sources)
        for other in others:
            for name in MEANING:
                if getattr(first, name) != getattr(other, name):
                    what = name.replace("_", " ")
                    raise InputError(f"{first.spec} and {other.spec} cannot be joined: they differ in their {what}")
            if first.all_records().element_spec != other.all_records().element_spec:
                raise InputError(f"{first.spec} and {other.spec} cannot be joined: name sources of one kind")
        for name in MEANING:
            setattr(self, name, getattr(first, name))
        self.keys = tuple(key for key in first.keys if all(key in other.keys for other in others))
        self.starts = tuple(accumulate((source.count for source in sources), initial=0))
        parts = zip(self.starts, sources, strict=False)
        self.left_out = frozenset(start + index for start, source in parts for index in source.left_out)

    @property
    def count(self):
        """Number of records of all sources."""
        return self.starts[-1]

    def table(self):
        """Returns the records of all sources, each with the number of its source."""
        tables = [source.table() for source in self.sources]
        if None in tables:
            return None
        parts = np.repeat(np.arange(len(tables)), np.diff(self.starts))
        return {"part": parts, "record": tf.nest.map_structure(lambda *rows: np.concatenate(rows), *tables)}

    def all_records(self):
        """Returns the records of all sources, each with the number of its source."""
        parts = [
            mapped(source.all_records(), lambda record, part=part: {"part": part, "record": record})
            for part, source in enumerate(self.sources)
        ]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined.concatenate(part)
        return joined

    def decode(self, record):
        """As that of the record's source."""
        return self._decode(record, self.keys, lambda source: source.decode(record["record"]))

    def decode_as(self, record, forms):
        """As that of the record's source."""
        keys = (*(key for key in self.keys if key != "masks"), *(forms if "masks" in self.keys else ()))
        return self._decode(record, keys, lambda source: source.decode_as(record["record"], forms))

    def stored(self, record):
        """As that of the record's source."""
        return self.sources[int(record["part"])].stored(record["record"])

    def _decode(self, record, keys, decode):
        def decoder(source):
            def decoded():
                example = decode(source)
                return {key: example[key] for key in ("image", "name", *keys)}

            return decoded

        return tf.switch_case(tf.cast(record["part"], tf.int32), [decoder(source) for source in self.sources])

    def all_findings(self, deep=False):
        """As those of the sources; a problem's place counts through all of them."""
        parts = zip(self.starts, self.sources, strict=False)
        return [
            replace(problem, index=start + problem.index)
            for start, source in parts
            for problem in source.findings(deep)
        ]

    def num_objects(self):
        """As `Source.num_objects`."""
        counts = [source.num_objects() for source in self.sources]
        if any(count is None for count in counts):
            return None
        parts = zip(self.starts, self.sources, strict=False)
        of_all = np.zeros(self.count, np.int64)
        of_all[np.concatenate([start + source._kept() for start, source in parts])] = np.concatenate(counts)
        return of_all[self._kept()]

    def of_task(self, task):
        """As `Source.of_task`."""
        rest = super().of_task(task)
        rest.sources = tuple(source.of_task(task) for source in self.sources)
        return rest
