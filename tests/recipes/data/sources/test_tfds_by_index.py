"""A dataset prepared as array_record files is the same as one of TFRecords, and is read by number."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from recipes.data import open_source, pipeline
from zoo.errors import InputError

COUNT = 7


class ZooToy(tfds.core.GeneratorBasedBuilder):
    """Pictures of 5 columns and 4 rows or more, each of its number, with none to two objects."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        box = {"bbox": tfds.features.BBoxFeature(), "label": tfds.features.ClassLabel(names=["cat", "dog"])}
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "file_name": tfds.features.Text(),
            "objects": tfds.features.Sequence({**box, "is_crowd": tf.bool}),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, download):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for i in range(COUNT):
            thing = {"bbox": tfds.features.BBox(0.0, 0.0, 0.5, 1.0), "label": i % 2, "is_crowd": i == 4}
            picture = np.full((4 + i, 5, 3), i, np.uint8)
            yield i, {"image": picture, "file_name": f"{i}.png", "objects": [thing] * (i % 3)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The dataset in both formats."""
    tfds.disable_progress_bar()
    folders = {name: tmp_path_factory.mktemp(name) for name in ("array_record", "tfrecord")}
    for name, folder in folders.items():
        ZooToy(data_dir=folder, file_format=name).download_and_prepare()
    return folders


@pytest.fixture
def opened(folders, monkeypatch):
    """Opens a split of the dataset in a format."""

    def opened(name, split="train"):
        monkeypatch.setenv("TFDS_DATA_DIR", str(folders[name]))
        return open_source(f"tfds:zoo_toy:{split}")

    return opened


def examples(source):
    return list(source.records().map(source.decode).as_numpy_iterator())


@pytest.mark.parametrize("split", ["train", "train[2:6]"])
def test_both_formats_are_one_set(opened, split):
    first, second = opened("array_record", split), opened("tfrecord", split)
    assert len(first) == len(second) == (7 if split == "train" else 4) and first.table() is not None
    assert (first.keys, first.classes) == (second.keys, second.classes)
    assert first.findings(deep=True) == second.findings(deep=True) == []
    for one, other in zip(examples(first), examples(second), strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])
    ours, theirs = ([source.stored(record) for record in source.all_records()] for source in (first, second))
    assert ours == theirs and all(contents.startswith(b"\x89PNG") for contents in ours)


def test_training_goes_on_anywhere(opened):
    """Every picture once an epoch; resumed, the same go on."""
    source = opened("array_record")

    def numbers(skip, count):
        stream = pipeline(
            source, task="detection", picture_size=(11, 5), batch_size=1, training=True, skip=skip, cache=False
        )
        return [int(images[0, 5, 2, 0]) for images, _ in stream.take(count).as_numpy_iterator()]

    whole = numbers(0, 2 * COUNT)
    assert sorted(whole[:COUNT]) == sorted(whole[COUNT:]) == list(range(COUNT)) and whole[:COUNT] != whole[COUNT:]
    assert numbers(5, 6) == whole[5:11]


def test_no_such_split(opened):
    for name in ("array_record", "tfrecord"):
        with pytest.raises(InputError, match="tfds:zoo_toy:test: no such split; zoo_toy has train"):
            opened(name, "test")
