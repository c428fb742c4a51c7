import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from zoo.errors import InputError

LABELS = np.array([[0, 0, 15, 255], [0, 12, 15, 255]], np.uint8)


def write(folder, stem, labels=LABELS, part="SegmentationClass", picture=True):
    """Adds a 2 x 4 picture and its mask, a PNG with a palette as VOC's are."""
    for place in (folder / "JPEGImages", folder / part):
        place.mkdir(parents=True, exist_ok=True)
    if picture:
        Image.new("RGB", (4, 2), (10, 20, 30)).save(folder / "JPEGImages" / f"{stem}.jpg")
    mask = Image.fromarray(labels)
    mask.putpalette([value for value in range(256) for _ in range(3)])
    mask.save(folder / part / f"{stem}.png")


def write_split(folder, name, *stems):
    """Adds a split."""
    splits = folder / "ImageSets" / "Segmentation"
    splits.mkdir(parents=True, exist_ok=True)
    (splits / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in stems))


@pytest.fixture
def folder(tmp_path):
    for stem in ("2007_b", "2007_a", "2007_c"):
        write(tmp_path, stem)
    write_split(tmp_path, "val", "2007_c", "2007_a")
    return tmp_path


def test_indices_of_the_palette_are_classes(folder):
    source = open_source(f"voc_segmentation:{folder}")
    assert (len(source), len(source.classes), source.problems()) == (3, 21, [])
    example = next(source.records().map(source.decode).as_numpy_iterator())
    assert example["name"].decode().endswith("2007_a.jpg") and example["image"].shape == (2, 4, 3)
    np.testing.assert_array_equal(example["segmentation"], LABELS)
    assert [source.classes[label] for label in (0, 12, 15, 20)] == ["background", "dog", "person", "tvmonitor"]


def test_a_split_keeps_its_order(folder):
    source = open_source(f"voc_segmentation:{folder}:val")
    assert [image.stem for image in source.images] == ["2007_c", "2007_a"]


def test_augmented_masks_fill_the_gaps(folder):
    write(folder, "2008_d", LABELS + 1, part="SegmentationClassAug")
    write(folder, "2007_a", LABELS * 0, part="SegmentationClassAug")
    write_split(folder, "trainaug", "2007_a", "2008_d")
    source = open_source(f"voc_segmentation:{folder}:trainaug")
    first, second = source.records().map(source.decode).as_numpy_iterator()
    np.testing.assert_array_equal(first["segmentation"], LABELS)
    np.testing.assert_array_equal(second["segmentation"], LABELS + 1)


def test_problems_name_the_mask(folder):
    write(folder, "2007_b", np.full((2, 4), 21, np.uint8))
    write(folder, "2007_c", np.zeros((3, 4), np.uint8))
    found = [str(problem) for problem in open_source(f"voc_segmentation:{folder}").problems()]
    assert [line.removeprefix(f"{folder}/SegmentationClass/") for line in found] == [
        "2007_b.png: pixel label 21 is outside the 21 classes (0 to 20)",
        "2007_c.png: the mask is 3x4, its picture 2x4",
    ]


def test_missing_parts_are_named(folder):
    def refused(rest, message):
        with pytest.raises(InputError, match=message):
            open_source(f"voc_segmentation:{rest}")

    refused("", "names no folder; voc_segmentation:DIR needs")
    refused("nowhere", "nowhere: no such folder")
    refused(f"{folder}:test", "test.txt: no such split; there are val")
    write_split(folder, "val")
    refused(f"{folder}:val", "val.txt: the split is empty")
    write_split(folder, "val", "2007_a", "2011_x")
    refused(f"{folder}:val", "2011_x.jpg: no such picture, as 1 of 2 named")
    (folder / "SegmentationClass" / "2007_a.png").unlink()
    write_split(folder, "val", "2007_a")
    refused(f"{folder}:val", "2007_a.png: no such mask, as for 1 of 1 pictures")
    for mask in (folder / "SegmentationClass").iterdir():
        mask.unlink()
    refused(folder, "SegmentationClass: holds no masks")
