import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from recipes.data import open_source, pipeline
from recipes.data.sources.tfds import NAMINGS
from zoo.errors import InputError


@pytest.fixture
def prepared(monkeypatch):
    """Makes TFDS find every dataset prepared, its records random."""
    monkeypatch.setattr(tfds.core.DatasetBuilder, "is_prepared", lambda self: True)
    with tfds.testing.mock_data(num_examples=1, policy=tfds.testing.MockPolicy.USE_CODE):
        yield


@pytest.fixture
def whole_objects(monkeypatch):
    """Makes TFDS's random records have as many labels as boxes, and boxes with their corners in order."""
    generator = tfds.testing.mocking.RandomFakeGenerator
    draw = generator._generate_random_obj

    def draw_whole(self, feature, tensor_info, rng):
        self._constant_dynamic_shape = True
        drawn = draw(self, feature, tensor_info, rng)
        return np.sort(drawn, axis=-1) if tensor_info.shape[-1:] == (4,) else drawn

    monkeypatch.setattr(generator, "_generate_random_obj", draw_whole)


def serve(monkeypatch, **features):
    """Makes TFDS give a single record of encoded features."""
    record = tf.data.Dataset.from_tensors(features)
    monkeypatch.setattr(tfds.core.DatasetBuilder, "as_dataset", lambda self, **kwargs: record)


def png(values):
    return tf.io.encode_png(tf.constant(values, tf.uint8)[..., None])


@pytest.mark.parametrize("name", NAMINGS)
def test_named_datasets_decode(prepared, name):
    source = open_source(f"tfds:{name}")
    assert (len(source), source.keys) == (1, ("segmentation",))
    assert len(source.classes) == {"oxford_iiit_pet": 3, "cityscapes": 19}[name]
    for example in source.records().map(source.decode).as_numpy_iterator():
        assert example["image"].shape[-1] == 3 and example["image"].dtype == np.uint8
        labels = example["segmentation"]
        assert np.all((labels < len(source.classes)) | (labels == 255))
        assert example["name"]


def test_pets_count_from_0(prepared, monkeypatch):
    serve(monkeypatch, image=png(np.zeros((2, 2))), segmentation_mask=png([[1, 2], [3, 0]]), file_name="a.jpg")
    source = open_source("tfds:oxford_iiit_pet")
    example = source.decode(next(iter(source.records())))
    np.testing.assert_array_equal(example["segmentation"], [[0, 1], [2, 255]])
    assert source.classes == ("pet", "background", "border")
    assert example["name"] == b"a.jpg"


def test_cityscapes_ids_become_train_ids(prepared, monkeypatch):
    serve(
        monkeypatch,
        image_left=png(np.zeros((2, 3))),
        segmentation_label=png([[7, 8, 33], [0, 6, 29]]),
        image_id="aachen_0",
    )
    source = open_source("tfds:cityscapes")
    example = source.decode(next(iter(source.records())))
    np.testing.assert_array_equal(example["segmentation"], [[0, 1, 18], [255, 255, 255]])
    assert source.classes[0] == "road" and source.classes[18] == "bicycle"


def test_boxes_come_in_pixels(prepared, monkeypatch):
    objects = {"bbox": tf.constant([[0.0, 0.5, 1.0, 0.75]]), "label": tf.constant([6], tf.int64)}
    objects["is_difficult"] = tf.constant([False])
    serve(monkeypatch, image=png(np.zeros((10, 20))), objects=objects)
    source = open_source("tfds:voc/2007")
    assert source.keys == ("boxes", "labels", "ignored") and len(source.class_names("detection")) == 20
    example = source.decode(next(iter(source.records())))
    np.testing.assert_array_equal(example["boxes"], [[10, 0, 15, 10]])
    assert (example["labels"].numpy().tolist(), example["name"]) == ([6], b"0")
    images, targets = next(iter(pipeline(source, task="detection", picture_size=(10, 20), batch_size=1)))
    np.testing.assert_array_equal(targets["boxes"][0, 0], [10, 0, 15, 10])


@pytest.mark.parametrize(
    ("spec", "keys", "count"),
    [
        ("tfds:voc/2007", ("boxes", "labels", "ignored"), 20),
        pytest.param("tfds:voc/2012:validation", ("boxes", "labels", "ignored"), 20, marks=pytest.mark.full),
        ("tfds:coco/2017:train", ("boxes", "labels", "ignored", "crowds", "areas"), 80),
    ],
)
def test_voc_and_coco_decode(prepared, whole_objects, spec, keys, count):
    source = open_source(spec)
    assert (source.keys, len(source.class_names("detection"))) == (keys, count)
    (example,) = source.records().map(source.decode).as_numpy_iterator()
    assert {example[key].dtype.name for key in keys} == {"float32", "int32", "bool"}
    assert len({len(example[key]) for key in keys}) == 1


def test_difficult_objects_and_crowds_are_ignored(prepared, monkeypatch):
    boxes = tf.constant([[0.0, 0.5, 1.0, 0.75], [0.0, 0.0, 0.5, 0.5], [0.2, 0.2, 0.2, 0.4]])
    objects = {"bbox": boxes, "label": tf.constant([6, 2, 1], tf.int64), "area": tf.constant([40, 9, 0], tf.int64)}
    objects["is_crowd"] = tf.constant([False, True, False])
    serve(monkeypatch, image=png(np.zeros((10, 20))), objects=objects)
    source = open_source("tfds:coco/2017:train")
    example = source.decode(next(iter(source.records())))
    for key in ("ignored", "crowds"):
        np.testing.assert_array_equal(example[key], [False, True])
    np.testing.assert_array_equal(example["areas"], [40, 9])
    _, targets = next(iter(pipeline(source, task="detection", picture_size=(10, 20), batch_size=1, max_objects=2)))
    np.testing.assert_array_equal(targets["labels"], [[6, -1]])
    assert source.problems() == []
    (warning,) = source.findings()
    assert "box 2 (4, 2, 8, 2) has no area: left out" in warning.message


def test_other_label_maps_are_numbered(tmp_path, monkeypatch):
    class Ground(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {"image": tfds.features.Image(), "segmentation": tfds.features.Image(shape=(None, None, 1))}
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for index in range(3):
                labels = np.full((4, 4, 1), index, np.uint8)
                labels[0] = 255
                yield index, {"image": np.zeros((4, 4, 3), np.uint8), "segmentation": labels}

    builder = Ground(data_dir=tmp_path)
    builder.download_and_prepare()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    source = open_source("tfds:ground")
    assert (source.classes, len(source), source.problems()) == (("0", "1", "2"), 3, [])
    with pytest.raises(InputError, match="no such split; ground has train"):
        open_source("tfds:ground:val")
    assert len(open_source("tfds:ground:train[:2]")) == 2


def test_unusable_datasets_are_named(prepared):
    with pytest.raises(InputError, match=r"tfds:mnist:train: its features \(image, label\) hold no image with"):
        open_source("tfds:mnist")


def test_missing_datasets_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with pytest.raises(InputError, match="run `tfds build oxford_iiit_pet` first"):
        open_source("tfds:oxford_iiit_pet")
    with pytest.raises(InputError, match="tfds:nothing_such: TensorFlow Datasets .* knows no such dataset"):
        open_source("tfds:nothing_such")
    with pytest.raises(InputError, match="names no dataset"):
        open_source("tfds:")
