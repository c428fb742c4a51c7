"""`tfds:NAME[:split]`: any prepared TensorFlow Datasets dataset with label maps or boxes."""

import logging
import os
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from recipes.data import pictures
from recipes.data.graph import mapped
from recipes.data.labels import decode_labels
from recipes.data.objects import box_warning, within_picture
from recipes.data.sources.source import Source
from zoo.constants import VOID
from zoo.errors import InputError
from zoo.progress import track


def of_others(record):
    """Says whether a line of the log is about anything but TFDS's use of its own deprecated attribute."""
    return "FeatureConnector.dtype" not in str(record.msg)


logging.getLogger("absl").addFilter(of_others)


@dataclass(frozen=True)
class Naming:
    """Where a dataset keeps what we need.

    Attributes:
        image: feature with the picture.
        segmentation: feature with the label map, or `None`.
        classes: class of each value of the label map, `{value: name}`; other values become void. `None`
            takes the values as labels.
        instances: feature with a map of object numbers, 1 for the first of "objects", or `None`.
    """

    image: str = "image"
    segmentation: str | None = None
    classes: dict[int, str] | None = None
    instances: str | None = None


NAMINGS = {
    "oxford_iiit_pet": Naming(segmentation="segmentation_mask", classes={1: "pet", 2: "background", 3: "border"}),
    # The 19 classes of the benchmark: labels.py of the Cityscapes scripts, column trainId.
    "cityscapes": Naming(
        image="image_left",
        segmentation="segmentation_label",
        classes={
            7: "road",
            8: "sidewalk",
            11: "building",
            12: "wall",
            13: "fence",
            17: "pole",
            19: "traffic light",
            20: "traffic sign",
            21: "vegetation",
            22: "terrain",
            23: "sky",
            24: "person",
            25: "rider",
            26: "car",
            27: "truck",
            28: "bus",
            31: "train",
            32: "motorcycle",
            33: "bicycle",
        },
    ),
}
DIFFICULT_FEATURE, CROWD_FEATURES = "is_difficult", ("is_crowd", "is_group_of")
SEGMENTATION_FEATURES = ("segmentation_mask", "segmentation_label", "segmentation")
NAME_FEATURES = ("file_name", "image/filename", "image_id")


class Tfds(Source):
    """Records of a prepared TFDS dataset: label maps, and "objects" with "bbox" and "label".

    Boxes are clipped to the picture and those without area dropped; difficult objects and crowds (COCO's, or Open
    Images' groups) are ignored ones.

    Datasets in `NAMINGS` are read as it says. In others the picture is "image" and the label map one of
    `SEGMENTATION_FEATURES`, its classes numbered up to the largest label found.

    Args:
        builder: a prepared `tfds.core.DatasetBuilder`.
        split: any TFDS split string, e.g. "train[:80%]".
        spec: the string that asked for it.
        naming: where the dataset keeps what we need.

    Raises:
        InputError: if the split is unknown, or nothing in the dataset annotated.
    """

    def __init__(self, builder, split, spec, naming):
        self.spec, self.naming = spec, naming
        features = builder.info.features
        objects = features["objects"].feature if "objects" in features else {}
        self.has_objects = "bbox" in objects and "label" in objects
        self.crowds = next((name for name in CROWD_FEATURES if name in objects), None)
        self.ignored = DIFFICULT_FEATURE if DIFFICULT_FEATURE in objects else self.crowds
        has = {
            "segmentation": naming.segmentation is not None,
            "boxes": self.has_objects,
            "labels": self.has_objects,
            "masks": naming.instances is not None,
            "keypoints": "keypoints" in objects,
            "ignored": self.ignored is not None,
            "crowds": self.crowds is not None,
            "areas": "area" in objects,
        }
        self.keys = tuple(key for key, present in has.items() if present)
        if naming.image not in features or not self.keys:
            raise InputError(
                f"{spec}: its features ({', '.join(features)}) hold no image with a label map or boxes that the "
                f"zoo recognises; name them in NAMINGS of recipes/data/sources/tfds.py"
            )
        self._records = self._read(builder, split)
        if self.has_objects:
            self.object_classes = tuple(objects["label"].names)
        if naming.segmentation:
            self.classes = tuple((naming.classes or {}).values()) or self._numbered_classes()
        else:
            self.classes = self.object_classes

    def _read(self, builder, split):
        # One file after the other: the order of the records then hangs on nothing else.
        config = tfds.ReadConfig(interleave_cycle_length=1)
        reading = {"shuffle_files": False, "decoders": self._decoding(builder), "read_config": config}
        return self._split(lambda: builder.as_dataset(split=split, **reading), builder)

    def _decoding(self, builder):
        """Returns which features are read, pictures as they are encoded."""
        naming, features = self.naming, builder.info.features
        encoded = [name for name in (naming.image, naming.segmentation, naming.instances) if name]
        wanted = encoded + [name for name in NAME_FEATURES if name in features]
        if self.has_objects:
            wanted.append("objects")
        return tfds.decode.PartialDecoding(
            dict.fromkeys(wanted, True), decoders=dict.fromkeys(encoded, tfds.decode.SkipDecoding())
        )

    def _split(self, read, builder):
        """Returns what `read()` does; raises `InputError` where there is no such split."""
        try:
            return read()
        except (ValueError, KeyError) as error:
            splits = ", ".join(builder.info.splits)
            raise InputError(f"{self.spec}: no such split; {builder.name} has {splits}") from error

    @property
    def count(self):
        """Number of records in the split."""
        return int(self._records.cardinality())

    def all_records(self):
        """Returns TFDS's own records, numbered, pictures still encoded, in the order of its files."""
        return mapped(self._records.enumerate(), lambda index, record: {**record, "index": index})

    def decode(self, record):
        """As `Source.decode`; the name is the file's where the dataset keeps it, else the record's number."""
        naming = self.naming
        names = [record[name] for name in NAME_FEATURES if name in record]
        names.append(tf.strings.as_string(record["index"]))
        image = pictures.decode(record[naming.image])
        example = {"image": image, "name": tf.convert_to_tensor(names[0])}
        if naming.segmentation:
            labels = decode_labels(record[naming.segmentation])
            example["segmentation"] = labels if naming.classes is None else _relabel(labels, naming.classes)
        if self.has_objects:
            example["boxes"] = _boxes(record, tf.shape(image)[:2])
            example["labels"] = tf.cast(record["objects"]["label"], tf.int32)
        if naming.instances:
            numbers = 1 + tf.range(tf.shape(example["labels"])[0])
            instances = decode_labels(record[naming.instances])
            example["masks"] = tf.cast(instances == numbers[:, None, None], tf.uint8)
        if "keypoints" in self.keys:
            example["keypoints"] = tf.cast(record["objects"]["keypoints"], tf.float32)
        for key in ("ignored", "crowds"):
            if key in self.keys:
                example[key] = tf.cast(record["objects"][getattr(self, key)], tf.int32) > 0  # -1 is not known
        if "areas" in self.keys:
            example["areas"] = tf.cast(record["objects"]["area"], tf.float32)
        return within_picture(example) if self.has_objects else example

    def stored(self, record):
        """As `Source.stored`."""
        return record[self.naming.image].numpy()

    def warning(self, record, picture_size):
        """As `Source.warning`: boxes without area."""
        return box_warning(_boxes(record, picture_size), picture_size) if self.has_objects else None

    def _numbered_classes(self):
        largest = mapped(
            self._records,
            lambda record: _largest_label(decode_labels(record[self.naming.segmentation])),
            parallel=True,
        )
        found = max(track(largest.as_numpy_iterator(), "reading label maps", self.count), default=-1)
        if found < 0:
            raise InputError(f"{self.spec}: its label maps hold nothing but void")
        return tuple(str(label) for label in range(found + 1))


def open_tfds(rest):
    """Opens a dataset that TFDS has prepared.

    Args:
        rest: `NAME[:split]`, TFDS's name of the dataset, e.g. "oxford_iiit_pet", which is looked for in TFDS's data
            folder (environment variable TFDS_DATA_DIR), and any TFDS split string, e.g. "train[:80%]".

    Returns:
        `Tfds`.

    Raises:
        InputError: as `Tfds`, and if the dataset is unknown or not prepared.
    """
    name, _, split = rest.partition(":")
    split = split or "train"
    if not name:
        raise InputError("tfds: names no dataset; write tfds:NAME or tfds:NAME:SPLIT")
    try:
        builder = tfds.builder(name, data_dir=data_dir())
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        raise InputError(
            f"tfds:{name}: TensorFlow Datasets {tfds.__version__} knows no such dataset; look for its name in "
            f"the catalogue"
        ) from error
    if not builder.is_prepared():
        raise InputError(
            f"tfds:{name}: not prepared in {builder.data_dir}; run `tfds build {name}` first, or set "
            f"TFDS_DATA_DIR to the folder that has it"
        )
    if builder.info.file_format == tfds.core.FileFormat.ARRAY_RECORD:
        from recipes.data.sources.tfds_by_index import TfdsByIndex as kind
    else:
        kind = Tfds
    return kind(builder, split, f"tfds:{name}:{split}", NAMINGS.get(builder.name) or _naming(builder))


def data_dir():
    """Returns the folder TFDS keeps its datasets in, or `None` for its default."""
    return os.environ.get("TFDS_DATA_DIR")


def _naming(builder):
    present = [name for name in SEGMENTATION_FEATURES if name in builder.info.features]
    return Naming(segmentation=present[0] if present else None)


def _boxes(record, picture_size):
    """Returns the boxes of a record, `(N, 4)` xyxy in pixels."""
    height, width = tf.unstack(tf.cast(picture_size, tf.float32))
    y1, x1, y2, x2 = tf.unstack(tf.cast(record["objects"]["bbox"], tf.float32), axis=-1)
    return tf.stack([x1 * width, y1 * height, x2 * width, y2 * height], axis=-1)


def _relabel(labels, classes):
    """Turns the values of a label map into the places of their classes, others into void."""
    table = np.full(256, VOID, np.int32)
    table[list(classes)] = range(len(classes))
    return tf.gather(tf.constant(table), labels)


def _largest_label(labels):
    return tf.reduce_max(tf.where(labels == VOID, -1, labels))
