import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from zoo.errors import InputError

LABELS = np.array([[0, 1, 37], [2, 2, 0]], np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A picture to train on, the 5,051st of the labels, and one to test on, the first."""
    for split in ("train", "test"):
        (tmp_path / f"SUNRGBD-{split}_images").mkdir()
        Image.new("RGB", (3, 2)).save(tmp_path / f"SUNRGBD-{split}_images" / "img-000001.jpg")
    (tmp_path / "sunrgbd_train_test_labels").mkdir()
    Image.fromarray(LABELS).save(tmp_path / "sunrgbd_train_test_labels" / "img-005051.png")
    Image.fromarray(LABELS * 0).save(tmp_path / "sunrgbd_train_test_labels" / "img-000001.png")
    return tmp_path


def test_zero_is_void_and_classes_count_from_one(folder):
    source = open_source(f"sunrgbd:{folder}:train")
    assert (len(source), len(source.classes), source.problems()) == (1, 37, [])
    example = next(source.records().map(source.decode).as_numpy_iterator())
    np.testing.assert_array_equal(example["segmentation"], [[255, 0, 36], [1, 1, 255]])
    assert [source.classes[label] for label in (0, 36, 1)] == ["wall", "bag", "floor"]
    test = open_source(f"sunrgbd:{folder}:test")
    assert (next(test.records().map(test.decode).as_numpy_iterator())["segmentation"] == 255).all()


def test_labels_beyond_the_classes_are_problems(folder):
    for value in (38, 255):
        labels = np.full((2, 3), value, np.uint8)
        Image.fromarray(labels).save(folder / "sunrgbd_train_test_labels" / "img-005051.png")
        (problem,) = open_source(f"sunrgbd:{folder}:train").problems()
        assert problem.message == f"pixel label {value} is outside the 38 classes (0 to 37)"


def test_missing_parts_are_named(folder):
    for rest in (folder, f"{folder}:val"):
        with pytest.raises(InputError, match="no such split, it has test and train; sunrgbd:DIR:SPLIT needs"):
            open_source(f"sunrgbd:{rest}")
    with pytest.raises(InputError, match="SUNRGBD-test_images: no such folder, or without pictures"):
        open_source("sunrgbd:nowhere:test")
    (folder / "sunrgbd_train_test_labels" / "img-005051.png").unlink()
    with pytest.raises(InputError, match="img-005051.png: no such mask, as for 1 of 1"):
        open_source(f"sunrgbd:{folder}:train")
