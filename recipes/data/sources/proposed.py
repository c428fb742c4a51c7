import sys
from pathlib import Path

import tensorflow as tf

from recipes.data import region_cache
from recipes.data.graph import mapped
from recipes.data.processes import in_processes
from recipes.data.sources.derived import Derived
from recipes.data.sources.source import MEANING
from zoo.errors import InputError
from zoo.progress import track
from zoo.proposals import check_method


class Proposed(Derived):
    """A source with regions proposed on each picture: the key "proposals", `(M, 4)` float32 xyxy, pixels.

    They are computed once, when this is made, in processes of their own, and kept on disk. A run that is killed goes
    on where it was, and a damaged file is computed anew.

    Args:
        source: a `Source` without unreadable files (`source.without(source.problems())`).
        method: a name of `zoo.proposals.METHODS`.
        count: how many proposals a picture at most.
        cache_dir: folder of all proposals; `recipes.data.region_cache.default_folder()` if `None`.
        processes: how many work at once; as many as there are cores if `None`.

    Raises:
        InputError: if the method is unknown, the count below 1, or the folder cannot be written.
    """

    def __init__(self, source, method, count, cache_dir=None, processes=None):
        check_method(method)
        if count < 1:
            raise InputError(f"proposals are 1 or more a picture, received {count}")
        super().__init__(source)
        self.method, self.num_proposals = method, count
        self.folder = Path(cache_dir or region_cache.default_folder())
        for name in ("spec", *MEANING):
            setattr(self, name, getattr(source, name))
        self.keys = (*source.keys, "proposals")
        for _ in in_processes(region_cache.compute, self._missing(), processes):
            pass

    def changed(self, example):
        """As the source's, with "proposals"."""
        proposals = tf.numpy_function(
            lambda picture: self.proposals_of(picture).boxes, [example["image"]], tf.float32
        )
        return {**example, "proposals": tf.ensure_shape(proposals, (None, 4))}

    def num_objects(self):
        """As the source's."""
        return self.source.num_objects()

    def proposals_of(self, picture):
        """Reads the `recipes.data.region_cache.Proposals` of one of its pictures, `(H, W, 3)` uint8 RGB.

        Raises:
            InputError: if their file is missing or damaged.
        """
        return region_cache.read(self._path(picture))

    def _path(self, picture):
        return region_cache.path_of(picture, self.method, self.num_proposals, self.folder)

    def _missing(self):
        """Yields the arguments of `region_cache.compute` for each picture that has no whole file."""
        pictures = mapped(self.source.records(), lambda record: self.source.decode(record)["image"], parallel=True)
        for picture in track(pictures.as_numpy_iterator(), f"{self.method} on {self.spec}", len(self)):
            path = self._path(picture)
            if path.exists():
                try:
                    region_cache.read(path)
                    continue
                except InputError as error:
                    print(f"computed anew: {error}", file=sys.stderr)
            yield picture, self.method, self.num_proposals, path


def with_proposals(source, method, count):
    """Returns a source whose examples have "proposals" of a method, or the source itself where the method is ""."""
    return Proposed(source, method, count) if method else source
