import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source, pipeline
from recipes.data.sources.cityscapes import Cityscapes
from recipes.evaluation.evaluate import decoded
from zoo.errors import InputError

# A car (26), a group of persons (24), two bicycles (33), and what has no instances or is not counted: road (7), a
# caravan (29), the unlabelled (0).
NUMBERS = np.array([[26000, 26000, 24, 24, 7, 7], [33000, 33001, 24, 29001, 0, 0]])


@pytest.fixture
def folder(tmp_path):
    for part, name in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_instanceIds")):
        for city in ("aachen", "bremen"):
            place = tmp_path / part / "val" / city
            place.mkdir(parents=True)
            file = place / f"{city}_000000_000019_{name}.png"
            pixels = np.zeros((2, 6, 3), "uint8") if part == "leftImg8bit" else NUMBERS.astype("uint16")
            Image.fromarray(pixels).save(file)
    return tmp_path


def test_numbers_by_hand(folder):
    source = open_source(f"cityscapes:{folder}:val")
    assert (len(source), source.problems()) == (2, [])
    example = next(source.records().map(source.decode).as_numpy_iterator())
    assert example["name"].decode().endswith("aachen_000000_000019_leftImg8bit.png")
    names = source.class_names("instance_segmentation")
    assert [names[label] for label in example["labels"]] == ["person", "car", "bicycle", "bicycle"]
    np.testing.assert_array_equal(example["boxes"], [[2, 0, 4, 2], [0, 0, 2, 1], [0, 1, 1, 2], [1, 1, 2, 2]])
    for key in ("ignored", "crowds"):
        np.testing.assert_array_equal(example[key], [True, False, False, False])
    np.testing.assert_array_equal(example["masks"][0], NUMBERS == 24)


def test_pixels_have_19_classes(folder):
    source = open_source(f"cityscapes:{folder}:val")
    names = source.class_names("segmentation")
    assert (len(names), names[0], names[-1]) == (19, "road", "bicycle")
    example = next(source.records().map(source.decode).as_numpy_iterator())
    car, person, road, bicycle, void = 13, 11, 0, 18, 255
    expected = [[car, car, person, person, road, road], [bicycle, bicycle, person, void, void, void]]
    np.testing.assert_array_equal(example["segmentation"], expected)


def test_segmentation_does_not_pay_for_masks(folder, monkeypatch):
    found = []
    monkeypatch.setattr(Cityscapes, "_objects", lambda self, numbers: found.append(1) or 1 / 0)
    source = open_source(f"cityscapes:{folder}:val")
    batches = pipeline(source, task="segmentation", picture_size=(2, 6), batch_size=2)
    assert next(iter(batches))[1].shape == (2, 2, 6)
    assert len(list(decoded(source, source.records(), "segmentation"))) == 2
    assert source.problems() == [] and found == []


@pytest.mark.full
def test_groups_are_in_no_target(folder):
    source = open_source(f"cityscapes:{folder}:val")
    dataset = pipeline(source, task="instance_segmentation", picture_size=(2, 6), batch_size=1, max_objects=4)
    _, targets = next(iter(dataset))
    np.testing.assert_array_equal(targets["labels"], [[2, 7, 7, -1]])


def test_missing_parts_are_named(folder):
    for rest in (f"{folder}:test", folder, f"{folder}:"):
        with pytest.raises(InputError, match="no such split, .* has val; cityscapes:DIR:SPLIT needs"):
            open_source(f"cityscapes:{rest}")
    with pytest.raises(InputError, match="nowhere has none"):
        open_source("cityscapes:nowhere:val")
    next((folder / "gtFine" / "val" / "bremen").iterdir()).unlink()
    with pytest.raises(InputError, match="bremen_000000_000019_gtFine_instanceIds.png: no such mask, as for 1 of 2"):
        open_source(f"cityscapes:{folder}:val")
