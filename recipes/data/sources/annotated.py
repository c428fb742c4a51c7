"""Picture files whose objects are read when the source is opened."""

import numpy as np
import tensorflow as tf

from recipes.data import pictures
from recipes.data.objects import SLACK, box_warning, select, within_picture
from recipes.data.remembered import picture_facts
from recipes.data.sources import outlines
from recipes.data.sources.entries import Fault
from recipes.data.sources.problems import Problem
from recipes.data.sources.source import Source
from recipes.data.targets import CROP_SIZE
from recipes.data.texts import Texts
from zoo.errors import written

ROWS = {
    "boxes": ((4,), np.float32),
    "labels": ((), np.int32),
    "ignored": ((), bool),
    "crowds": ((), bool),
    "areas": ((), np.float32),
}


class Annotated(Source):
    """A source over a list of `Entry`; subclasses read one format.

    Attributes:
        relative: whether boxes, polygons and keypoints of the entries are shares of the picture's width and height.
    """

    relative = False
    _sizes = None
    """`(count, 2)` of the pictures as the last look through the source found them, 0 of those at fault."""

    def __init__(self, spec, entries, classes, keys, num_keypoints=0):
        self.spec, self.classes, self.keys = spec, tuple(classes), tuple(keys)
        kinds = {**ROWS, "keypoints": ((num_keypoints, 3), np.float32)}
        rows = {key: [] for key in keys if key in kinds}
        taken = outlines.Outlines()
        paths, where, self.faults, stated, counts = [], [], [], [], [0]
        for index, entry in enumerate(entries):
            paths.append(str(entry.picture))
            where.append(str(entry.where))
            stated.append(entry.stated or (0, 0))
            counts.append(len(entry.objects.get("labels", ())))
            for key, chunks in rows.items():
                shape, dtype = kinds[key]
                chunks.append(np.asarray(entry.objects.get(key, ()), dtype).reshape(-1, *shape))
            for outline in entry.objects.get("masks", ()):
                taken.append(outline)
            whole = [Fault(entry.fault.partition(":")[0], entry.fault)] if entry.fault else []
            self.faults += [(index, fault, not whole) for fault in (*whole, *entry.faults)]
        self.rows = {key: np.concatenate(chunks) for key, chunks in rows.items()}
        self.starts = np.cumsum(counts)
        self.pictures, self.where = Texts.of(paths), Texts.of(where)
        self.stated = np.array(stated, np.float64).reshape(-1, 2)
        self.outlines = taken.columns() if "masks" in keys else None
        self.settle()

    def settle(self):
        """Makes what a graph takes of the rows, once they are there."""
        with tf.device("cpu"):
            self._rows = {key: tf.constant(values) for key, values in self.rows.items()}
            self._starts = tf.constant(self.starts)

    @property
    def count(self):
        """Number of pictures."""
        return len(self.pictures)

    def table(self):
        """Returns the paths of the pictures, and the numbers of their entries."""
        paths = np.array([self.pictures.raw(index) for index in range(self.count)], object)
        return {"image": paths, "index": np.arange(self.count)}

    def decode(self, record):
        """As `Source.decode`; boxes are clipped to the picture, those without area dropped; the name is the path."""
        return self.decode_as(record, ("masks",))

    def decode_as(self, record, forms):
        """As `Source.decode_as`; no mask of the picture's size is drawn, and polygons are in pixels."""
        image = pictures.decode(tf.io.read_file(record["image"]))
        index = record["index"]
        start, stop = self._starts[index], self._starts[index + 1]
        example = {key: rows[start:stop] for key, rows in self._rows.items() if key in self.keys}
        size = tf.shape(image)[:2]
        if self.relative:
            width_height = tf.cast(tf.reverse(size, [0]), tf.float32)
            for key, sides in (
                ("boxes", tf.tile(width_height, [2])),
                ("keypoints", tf.pad(width_height, [(0, 1)], constant_values=1.0)),
            ):
                if key in example:
                    example[key] *= sides
        example |= {"image": image, "name": tf.convert_to_tensor(record["image"])}
        if "masks" not in self.keys:
            return within_picture(example)
        example["rows"] = tf.range(start, stop)
        if "outlines" not in forms:
            outlined = tf.numpy_function(self._outlined, [start, stop, size], tf.bool, stateful=False)
            example = select(example, tf.ensure_shape(outlined, (None,)))
        example = within_picture(example)
        made = {
            "masks": (self._masks, tf.uint8, (None, None, None)),
            "crops": (self._crops, tf.uint8, (None, CROP_SIZE, CROP_SIZE)),
            "runs": (self._runs, tf.string, (None,)),
            "outlines": (self._words, tf.string, (None,)),
        }
        objects = example.pop("rows"), example["boxes"], size
        for form in forms:
            make, kind, shape = made[form]
            example[form] = tf.ensure_shape(tf.numpy_function(make, objects, kind, stateful=False), shape)
        return example

    def _outlined(self, start, stop, size):
        """Says which objects have an outline of the picture's size."""
        return outlines.fitting(self.outlines, size, int(start), int(stop))

    def _words(self, rows, boxes, size):
        """Returns of each object what `outlines.words_of` says; "" where its outline is of another size."""
        first = min(rows, default=0)
        columns, places = self._in_pixels(rows, size)
        fits = outlines.fitting(self.outlines, size, int(first), int(max(rows, default=-1)) + 1)
        return outlines.as_strings(
            outlines.words_of(outlines.outline_of(columns, place) if fits[row - first] else None)
            for row, place in zip(rows, places, strict=True)
        )

    def _masks(self, rows, boxes, size):
        return outlines.masks_of(*self._in_pixels(rows, size), *map(int, size))

    def _runs(self, rows, boxes, size):
        return outlines.runs_of(*self._in_pixels(rows, size), *map(int, size))

    def _crops(self, rows, boxes, size):
        columns, rows = self._in_pixels(rows, size)
        return outlines.crops_of(columns, rows, boxes, *map(int, size), CROP_SIZE)

    def _in_pixels(self, rows, size):
        """Returns columns of outlines in pixels of a picture of this size, and the places of the rows in them."""
        if not self.relative:
            return self.outlines, rows
        return outlines.scaled(self.outlines, rows, *map(int, size)), range(len(rows))

    def outlook(self):
        """As `Source.outlook`, from the annotations and the heads of the pictures."""
        if "segmentation" in self.keys:
            return None
        sizes = self._sizes
        if sizes is None:
            facts = picture_facts(self.pictures, f"reading {self.spec}")
            sizes = np.array([fact if isinstance(fact, list) else (0, 0) for fact in facts], np.int32).reshape(-1, 2)
        frames = sizes[self._owners()]
        corners, boxes = self._boxes_on(frames)
        boxes = boxes.clip(0, corners)
        kept = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        if "masks" in self.keys:
            kept &= outlines.fitting(self.outlines, frames)
        rows = {key: self.rows[key] for key in ("labels", "ignored", "keypoints") if key in self.keys}
        places = (slice(*self.starts[index : index + 2]) for index in self._kept())
        sizes = sizes[self._kept()]
        return (
            {"size": size, **{key: values[place][kept[place]] for key, values in rows.items()}}
            for size, place in zip(sizes, places, strict=True)
        )

    def _owners(self):
        """Returns of each object its picture, `(R,)`."""
        return np.repeat(np.arange(self.count), np.diff(self.starts))

    def _boxes_on(self, frames):
        """Returns the corners of each object's frame `(R, 2)`, as a box `(R, 4)`, and the boxes in its pixels."""
        corners = frames[:, [1, 0, 1, 0]].astype(np.float32)
        return corners, self.rows["boxes"] * corners if self.relative else self.rows["boxes"]

    def num_objects(self):
        """As `Source.num_objects`."""
        wanted = ~self.rows.get("ignored", np.zeros(self.starts[-1], bool))
        if "masks" in self.keys:
            wanted &= outlines.fitting(self.outlines, self.outlines["sizes"])
        totals = np.concatenate([[0], np.cumsum(wanted)])
        return np.diff(totals[self.starts])[self._kept()]

    def annotation(self, index):
        """As `Source.annotation`: the objects that were read."""
        start, stop = self.starts[index : index + 2]
        rows = [rows[start:stop].tobytes() for rows in self.rows.values()]
        if self.outlines is not None:
            rows += [repr(outlines.outline_of(self.outlines, row)).encode() for row in range(start, stop)]
        return b"|".join(rows)

    def name_of(self, index):
        """Returns the path of the picture."""
        return self.pictures[index]

    def all_findings(self, deep=False):
        """As `Source.all_findings`; only the heads of pictures are read, and remembered."""
        found, sizes = [], np.zeros((self.count, 2), np.int32)
        for index, fault, of_object in self.faults:
            if self.concerned(fault.key):
                where = fault.where or self.where[index]
                found.append(Problem(where, fault.message, index, fault.fatal, fault.kind, of_object))
        faulty = {index for index, _, of_object in self.faults if not of_object}
        for index, fact in enumerate(picture_facts(self.pictures, f"reading {self.spec}")):
            if index in faulty:
                continue
            if fact is None:
                message = f"no such picture, which {self.where[index]} annotates"
                found.append(Problem(self.pictures[index], message, index, kind="pictures that are not there"))
            elif isinstance(fact, str):
                found.append(Problem(self.pictures[index], fact, index, kind=fact))
            elif message := self.size_fault(index, fact):
                found.append(Problem(self.where[index], message, index, kind="pictures of another size than stated"))
            else:
                sizes[index] = fact
        self._sizes = sizes
        found += self._object_findings(sizes)
        if deep:  # outlines were looked at when they were read
            found += self.of_task("detection").undecodable(np.flatnonzero(sizes.any(axis=1)))
        return sorted(found, key=lambda problem: problem.index)

    def concerned(self, key):
        """Says whether a `Fault` of this key is one of a target of this source."""
        return key in ("", *self.keys)

    def size_fault(self, index, fact):
        """Says how a picture's size differs from the one stated, or `None`."""
        (height, width), stated = fact, tuple(self.stated[index])
        if stated in ((0, 0), (height, width)):
            return None
        if stated == (width, height) and pictures.is_turned(self.pictures[index]):
            return None
        return f"the picture has {width}x{height} pixels, not {stated[1]:g}x{stated[0]:g} as stated"

    def _object_findings(self, sizes):
        """Yields what is wrong with objects on pictures of these sizes `(N, 2)`, 0 where they are unknown."""
        owners = self._owners()
        frames = sizes[owners]
        known = frames.any(axis=1)
        if "masks" in self.keys:
            for row in np.flatnonzero(known & ~outlines.fitting(self.outlines, frames, empty=True)):
                index = int(owners[row])
                message = f"a mask is {written(self.outlines['sizes'][row])}, its picture {written(sizes[index])}"
                kind = "masks of another size than their pictures"
                yield Problem(self.where[index], message, index, kind=kind, of_object=True)
        corners, boxes = self._boxes_on(frames)
        odd = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1) | ((boxes < -SLACK) | (boxes > corners + SLACK)).any(axis=1)
        for index in np.unique(owners[odd & known]).tolist():
            message = box_warning(boxes[self.starts[index] : self.starts[index + 1]], sizes[index])
            kind = "boxes without area or beyond their picture"
            yield Problem(self.where[index], message, index, fatal=False, kind=kind, of_object=True)
