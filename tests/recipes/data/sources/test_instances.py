from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import Source, open_source, pipeline
from zoo.errors import InputError

# Numbers of a 4x6 picture: 1 in two parts, 3 with a hole in it; 2 is nowhere.
NUMBERS = np.array([[1, 0, 0, 3, 3, 3], [1, 0, 0, 3, 0, 3], [0, 0, 0, 3, 3, 3], [0, 1, 0, 0, 0, 0]])


def write(folder, numbers, stem="a", images="images", masks="instance_masks", mask="{}.png"):
    """Writes a black picture and its numbers."""
    for part in (images, masks):
        (folder / part).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", numbers.shape[::-1]).save(folder / images / f"{stem}.jpg")
    dtype = "uint8" if numbers.max(initial=0) < 256 else "uint16"
    Image.fromarray(numbers.astype(dtype)).save(folder / masks / mask.format(stem))
    return folder


def examples(source):
    return list(source.records().map(source.decode).as_numpy_iterator())


def test_parts_and_holes_by_hand(tmp_path):
    source = open_source(f"instances:{write(tmp_path, NUMBERS)}")
    assert (len(source), source.classes, source.keys) == (1, ("object",), ("boxes", "labels", "masks"))
    (example,) = examples(source)
    np.testing.assert_array_equal(example["boxes"], [[0, 0, 2, 4], [3, 0, 6, 3]])
    np.testing.assert_array_equal(example["labels"], [0, 0])
    np.testing.assert_array_equal(example["masks"], [NUMBERS == 1, NUMBERS == 3])
    assert [example[key].dtype.name for key in source.keys] == ["float32", "int32", "uint8"]
    tf.nest.map_structure(np.testing.assert_array_equal, example, source.decode(next(iter(source.records()))))
    assert source.findings() == []


@pytest.mark.parametrize("most", [255, 65535])
def test_a_background_or_border_of_the_largest_number_is_no_object(tmp_path, most):
    source = open_source(f"instances:{write(tmp_path, np.where(NUMBERS == 0, most, NUMBERS))}")
    (found,) = source.findings()
    assert found.message.startswith(f"numbers objects up to 3, and one {most}, as tools mark background")
    write(tmp_path, np.where(NUMBERS == 1, 0, NUMBERS) // 3 * most)  # one object, of whatever number
    assert open_source(f"instances:{tmp_path}").findings() == []
    write(tmp_path, np.where(NUMBERS > 0, NUMBERS + most - 3, 0))
    assert "numbers objects" not in str(open_source(f"instances:{tmp_path}").findings() or "")


def test_parts_and_holes_reach_the_targets(tmp_path):
    source = open_source(f"instances:{write(tmp_path, NUMBERS)}")
    dataset = pipeline(source, task="instance_segmentation", picture_size=(8, 12), batch_size=1, max_objects=3)
    _, targets = next(iter(dataset))
    np.testing.assert_array_equal(targets["boxes"][0], [[0, 0, 4, 8], [6, 0, 12, 6], [0, 0, 0, 0]])
    masks = targets["masks"].numpy()[0]
    ring = np.ones((3, 3))
    ring[1, 1] = 0
    assert [masks[i].mean() for i in range(3)] == [3 / 8, pytest.approx(8 / 9, abs=0.01), 0]
    np.testing.assert_array_equal(masks[1][[[18], [56], [94]], [18, 56, 94]], ring)


@pytest.mark.parametrize("size", [(9, 7), (1, 12), (12, 1), (40, 55)])
def test_masks_in_every_form_are_those_that_are_drawn(tmp_path, size):
    drawn = np.random.default_rng(0)
    numbers = drawn.integers(0, 5, size) * (drawn.random(size) < 0.9)
    numbers[-1, -1] = numbers[0, 0] = 4
    source = open_source(f"instances:{write(tmp_path, numbers)}")
    (record,) = source.records()
    example = source.decode(record)
    found, expected = (
        way(record, ("crops", "runs")) for way in (source.decode_as, partial(Source.decode_as, source))
    )
    tf.nest.map_structure(np.testing.assert_array_equal, found, expected)
    present = [one for one in range(1, 5) if (numbers == one).any()]
    np.testing.assert_array_equal(example["masks"], [numbers == one for one in present])
    for box, mask in zip(example["boxes"], example["masks"], strict=True):
        (x1, x2), (y1, y2) = (np.flatnonzero(mask.numpy().any(axis=axis))[[0, -1]] for axis in (0, 1))
        np.testing.assert_array_equal(box, [x1, y1, x2 + 1, y2 + 1])


def test_a_map_of_one_number(tmp_path):
    for number, objects in ((0, 0), (7, 1)):
        source = open_source(f"instances:{write(tmp_path / str(number), np.full((3, 4), number))}")
        example = source.decode_as(next(iter(source.records())), ("runs",))
        assert example["boxes"].numpy().tolist() == [[0, 0, 4, 3]] * objects and len(example["runs"]) == objects


def test_numbers_of_16_bits_are_objects_of_the_one_class(tmp_path):
    (example,) = examples(open_source(f"instances:{write(tmp_path, 1000 * NUMBERS)}"))
    np.testing.assert_array_equal(example["masks"], [NUMBERS == 1, NUMBERS == 3])
    np.testing.assert_array_equal(example["labels"], [0, 0])


def test_several_classes_stand_in_the_thousands(tmp_path):
    numbers = np.where(NUMBERS == 3, 2007, NUMBERS)
    (write(tmp_path, numbers) / "classes.txt").write_text("cat\ndog\ncow\n")
    source = open_source(f"instances:{tmp_path}")
    assert examples(source)[0]["labels"].tolist() == [0, 2] and source.problems() == []
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    (problem,) = open_source(f"instances:{tmp_path}").problems()
    assert problem.message == "object label 2 is outside the 2 classes (0 to 1)"
    assert problem.file == str(tmp_path / "instance_masks" / "a.png")


def test_a_picture_without_objects(tmp_path):
    source = open_source(f"instances:{write(tmp_path, np.zeros((4, 6), int))}")
    (example,) = examples(source)
    assert example["boxes"].shape == (0, 4) and example["masks"].shape == (0, 4, 6) and source.problems() == []


def test_penn_fudans_own_names(tmp_path):
    folder = write(tmp_path, NUMBERS, images="PNGImages", masks="PedMasks", mask="{}_mask.png")
    (folder / "classes.txt").write_text("pedestrian\n")
    source = open_source(f"instances:{folder}")
    assert source.classes == ("pedestrian",) and len(examples(source)[0]["labels"]) == 2


def test_every_fifth_picture_is_for_validation(tmp_path):
    for stem in "abcdefghijk":
        write(tmp_path, NUMBERS, stem)
    names = {
        split: "".join(
            example["name"].decode()[-5] for example in examples(open_source(f"instances:{tmp_path}{split}"))
        )
        for split in ("", ":train", ":val")
    }
    assert names == {"": "abcdefghijk", ":train": "abcdfghik", ":val": "ej"}


def test_missing_parts_are_named(tmp_path):
    with pytest.raises(InputError, match="names no folder"):
        open_source("instances:")
    with pytest.raises(InputError, match="images: no such folder; instances:DIR needs"):
        open_source(f"instances:{tmp_path}")
    write(tmp_path, NUMBERS)
    with pytest.raises(InputError, match=":test: no such split; a folder of instances has train and val"):
        open_source(f"instances:{tmp_path}:test")
    with pytest.raises(InputError, match="val is every fifth picture, and there are fewer: leave out :val"):
        open_source(f"instances:{tmp_path}:val")
    (tmp_path / "instance_masks" / "a.png").unlink()
    with pytest.raises(InputError, match=r"a\.png: no such mask, as for 1 of 1 pictures"):
        open_source(f"instances:{tmp_path}")


def test_bad_files_are_named(tmp_path):
    for stem in "abcd":
        write(tmp_path, NUMBERS, stem)
    masks = tmp_path / "instance_masks"
    (tmp_path / "images" / "a.jpg").write_bytes(b"no picture")
    (masks / "b.png").write_bytes((masks / "b.png").read_bytes()[:50])
    Image.new("L", (4, 6)).save(masks / "c.png")
    problems = open_source(f"instances:{tmp_path}").problems()
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in problems] == [
        "images/a.jpg: is no complete JPEG, PNG, BMP, GIF, WebP or TIFF picture",
        "instance_masks/b.png: is no complete PNG, TIFF, BMP or GIF",
        "instance_masks/c.png: the mask is 6x4, its picture 4x6",
    ]


@pytest.mark.full
def test_penn_fudan(zoo_data):
    whole, val = (open_source(f"instances:{zoo_data / 'pennfudan'}{split}") for split in ("", ":val"))
    assert (len(whole), len(val), val.problems()) == (128, 25, [])
    for example in val.without([]).records().take(3).map(val.decode).as_numpy_iterator():
        for (x1, y1, x2, y2), mask in zip(example["boxes"].astype(int), example["masks"], strict=True):
            inside = mask[y1:y2, x1:x2]
            assert inside.sum() == mask.sum() > 0 and inside[0].any() and inside[:, -1].any()


def test_masks_without_a_picture_are_named_whatever_the_split(tmp_path):
    for stem in "abcdef":
        write(tmp_path, np.array([[0, 1], [0, 2]], np.uint8), stem)
    (tmp_path / "images/f.jpg").unlink()
    for split in ("", ":train", ":val"):
        (found,) = open_source(f"instances:{tmp_path}{split}").findings()
        assert found.file.endswith("f.png") and not found.fatal and found.kind == "masks without a picture"
