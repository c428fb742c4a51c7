import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import Augment, Source, open_source, pipeline, usable
from recipes.data.sources.object_crops import ObjectCrops, balanced, connected
from zoo.errors import InputError


class Scene(Source):
    """One picture of 40 x 60, its red the row and its green the column: cats at the left, a dog at the right."""

    spec, classes, keys = "scene", ("background", "cat", "dog"), ("segmentation",)

    @property
    def count(self):
        return 1

    def all_records(self):
        return tf.data.Dataset.from_tensors(tf.constant("one"))

    def decode(self, record):
        rows, columns = np.mgrid[:40, :60]
        labels = np.zeros((40, 60), np.int32)
        labels[:20, :20] = 1
        labels[19, 19] = 255
        labels[10:30, 40:60] = 2
        labels[12:15, 45:48] = 1  # too small to be cropped
        image = np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)
        return {
            "image": tf.constant(image),
            "segmentation": tf.constant(labels),
            "name": tf.convert_to_tensor(record),
        }


class Boxes(Scene):
    """The same with boxes of a cat and of a difficult dog, and a dog without a pixel."""

    classes, object_classes = ("dog", "background", "cat"), ("cat", "dog")
    keys = ("segmentation", "boxes", "labels", "ignored")

    def decode(self, record):
        example = super().decode(record)
        return {
            **example,
            "segmentation": tf.gather(tf.constant([1, 2, 0] + [255] * 253), example["segmentation"]),
            "boxes": tf.constant([[0.0, 0, 20, 20], [40, 10, 60, 30], [20, 20, 40, 40]]),
            "labels": tf.constant([0, 1, 1]),
            "ignored": tf.constant([False, True, False]),
        }


def examples(source):
    return list(source.records().map(source.decode).as_numpy_iterator())


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "cache"))


def test_objects_by_hand():
    """Enlarged by 1.2, boxes of 20 pixels are windows of 24: at that size nothing is resized."""
    source = ObjectCrops(Scene(), "objects", size=24)
    assert (len(source), source.classes, source.keys) == (2, Scene.classes, ("segmentation",))
    assert source.spec == "crops:objects:scene" and source.findings() == []
    cat, dog = examples(source)
    expected = np.zeros((24, 24))
    expected[2:22, 2:22] = 1
    expected[21, 21] = expected[:2] = expected[:, :2] = 255  # void, and outside of the picture
    np.testing.assert_array_equal(cat["segmentation"], expected)
    np.testing.assert_array_equal(cat["image"][2:, 2:, :2], np.mgrid[:22, :22].transpose(1, 2, 0))
    assert cat["image"][:2].max() == cat["image"][:, :2].max() == 0 and cat["name"] == b"one"
    expected = np.zeros((24, 24))
    expected[2:22, 2:22] = 2
    expected[4:7, 7:10] = 0  # of the other class
    expected[:, 22:] = 255
    np.testing.assert_array_equal(dog["segmentation"], expected)
    assert cat["image"].dtype == np.uint8 and cat["segmentation"].dtype == np.int32


def test_other_sizes_are_stretched():
    cat, _ = examples(ObjectCrops(Scene(), "objects", size=48))
    assert cat["image"].shape == (48, 48, 3) and cat["segmentation"].shape == (48, 48)
    assert (cat["segmentation"] == 1).sum() == 4 * (20 * 20 - 1)


def test_decodes_eagerly_as_in_a_graph():
    source = ObjectCrops(Scene(), "objects", size=24)
    eager = source.decode(next(iter(source.records())))
    np.testing.assert_array_equal(eager["segmentation"], examples(source)[0]["segmentation"])


def test_boxes_are_objects_where_there_are_some():
    cat, dog = examples(ObjectCrops(Boxes(), "objects", size=24))
    assert np.unique(cat["segmentation"]).tolist() == [1, 2, 255]
    assert np.unique(dog["segmentation"]).tolist() == [1, 255]
    assert (cat["segmentation"] == 2).sum() == 20 * 20 - 1 and (dog["segmentation"] == 255).sum() == 2 * 24 + 1


def test_without_background_all_pixels_keep_their_class():
    class Road(Scene):
        classes = ("road", "cat", "dog")

    road, cat, dog = (
        set(np.unique(one["segmentation"])) for one in examples(ObjectCrops(Road(), "objects", size=24))
    )
    assert road == dog == {0, 1, 2, 255} and cat == {0, 1, 255}


def test_proposals_by_hand(monkeypatch):
    found = np.array([[0, 0, 20, 28], [38, 8, 60, 30], [0, 0, 60, 40], [40, 20, 60, 40]], "float32")
    scores = np.array([3.0, 2, 1, 0], "float32")
    monkeypatch.setattr("recipes.data.region_cache.propose", lambda picture, n, method: (found, scores))
    source = ObjectCrops(Scene(), "proposals", size=24)
    cat, dog = examples(source)  # the others overlap the objects by 1/6 and 1/3
    assert np.unique(cat["segmentation"]).tolist() == [0, 1, 255]
    assert np.unique(dog["segmentation"]).tolist() == [0, 1, 2, 255]  # both classes keep their pixels
    assert cat["image"][..., 0].max() == 30  # rows -3 to 31


def test_connected_regions_by_hand():
    labels = np.array([[1, 0, 2, 2], [0, 1, 255, 2], [1, 0, 0, 0], [0, 0, 2, 1]])
    boxes, classes = connected(labels, [False, True, True])
    found = sorted(zip(classes.tolist(), boxes.tolist(), strict=True))
    assert found == [(1, [0, 0, 2, 3]), (1, [3, 3, 4, 4]), (2, [2, 0, 4, 2]), (2, [2, 3, 3, 4])]
    boxes, classes = connected(np.zeros((3, 3), int), [False, True])
    assert boxes.shape == (0, 4) and classes.shape == (0,)


def test_rarer_classes_come_as_often():
    assert balanced(np.array([4, 2, 2, 2, 4, 7])).tolist() == [0, 0, 1, 2, 3, 4, 5, 5, 5]
    assert balanced(np.array([], int)).shape == (0,)


def test_records_of_several_pictures(folder):
    """Regions of noise are all small but those of the classes' blocks that are drawn in."""
    for name, label, top in (("a", 1, 0), ("c", 2, 2), ("d", 2, 1)):
        labels = np.full((20, 30), 255, np.uint8)
        labels[top : top + 17, 5:25] = label
        Image.fromarray(labels).save(folder / "masks" / f"{name}.png")
    source = open_source(f"crops:objects:masks:{folder}")
    found = [(one["name"].decode()[-5], set(np.unique(one["segmentation"])) - {255}) for one in examples(source)]
    assert found == [("a", {1}), ("a", {1}), ("c", {2}), ("d", {2})]
    assert sum(1 for _ in source.records()) == len(source) == 4


def test_pictures_that_cannot_be_used_have_no_crops(folder):
    labels = np.zeros((20, 30), np.uint8)
    for name in "ab":
        Image.fromarray(labels).save(folder / "masks" / f"{name}.png")
    (folder / "images" / "b.png").write_bytes(b"no picture")
    source = open_source(f"crops:objects:masks:{folder}")
    with pytest.raises(InputError, match=r"b\.png: is no complete JPEG.*--skip-bad"):
        usable(source, skip_bad=False)
    rest = usable(source, skip_bad=True)
    assert (len(source), len(rest)) == (2, 1)
    assert [one["name"].decode()[-5:] for one in examples(rest)] == ["a.png"]
    (folder / "images" / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"no usable picture is left; the first problem is .*a\.png: is no complete"):
        usable(open_source(f"crops:objects:masks:{folder}"), skip_bad=True)


def test_joined_sources_are_cropped_together(folder):
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(folder / "masks" / "a.png")
    source = open_source(f"crops:objects:masks:{folder} & masks:{folder}")
    assert source.spec == f"crops:objects:masks:{folder} & masks:{folder}" and len(source) == 2


@pytest.mark.full
def test_the_pipeline_draws_windows_of_the_crops():
    source = ObjectCrops(Scene(), "objects", size=40)
    augment = Augment(flip=0.5, scale=(40 / 36, 40 / 36))
    stream = pipeline(
        source, task="segmentation", picture_size=(36, 36), batch_size=2, training=True, augment=augment
    )
    batches = list(stream.take(8).as_numpy_iterator())
    assert batches[0][0].shape == (2, 36, 36, 3) and batches[0][1].shape == (2, 36, 36)
    crops = [one["image"] for one in examples(source)]
    for image in np.concatenate([images for images, _ in batches]):
        assert any(
            np.array_equal(window, image[:, ::turn])
            for crop in crops
            for window in np.lib.stride_tricks.sliding_window_view(crop, (36, 36, 3)).reshape(-1, 36, 36, 3)
            for turn in (1, -1)
        )


def test_errors(folder):
    with pytest.raises(InputError, match="crops:masks: no such crops; there are crops:objects:SOURCE and"):
        open_source(f"crops:masks:{folder}")
    with pytest.raises(InputError, match="is no source"):
        open_source("crops:objects:nothing")

    class Unsegmented(Scene):
        keys = ("boxes",)

    with pytest.raises(InputError, match="scene has no segmentation to be cropped"):
        ObjectCrops(Unsegmented(), "objects")

    class Others(Boxes):
        object_classes = ("cat", "cow")

    with pytest.raises(InputError, match="scene: its objects are of a class 'cow' that no pixel has"):
        ObjectCrops(Others(), "objects")
    for path in (folder / "masks").iterdir():
        Image.new("L", (30, 20), 255).save(path)
    with pytest.raises(InputError, match="nothing to crop, no object is seen of 16 pixels a side"):
        len(open_source(f"crops:objects:masks:{folder}"))


@pytest.mark.full
def test_camvid(zoo_data):
    source = ObjectCrops(open_source(f"masks:{zoo_data / 'camvid' / 'val'}"), "objects", size=32)
    first = next(iter(source.records().map(source.decode)))
    assert len(source) > 100 and first["image"].shape == (32, 32, 3)
