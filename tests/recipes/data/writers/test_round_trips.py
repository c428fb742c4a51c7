from collections import Counter

import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from recipes.data.sources.halves import say_once
from recipes.data.writers import convert
from tests.recipes.data.writers.sets import examples, files, handed_on

ROUNDED = {"coco": 0, "yolo": 1e-4, "voc": 0.0051}
"""Pixels by which a box may move; a YOLO polygon is its own box."""


def same(found, expected, keys, tolerance=0.0):
    """Asserts that the pictures of two sets agree in these keys, in order."""
    assert len(found) == len(expected)
    for one, other in zip(by_stem(found), by_stem(expected), strict=True):
        np.testing.assert_array_equal(one["image"], other["image"], err_msg=other["stem"])
        for key in keys:
            if key in ("boxes", "keypoints"):
                np.testing.assert_allclose(one[key], other[key], rtol=0, atol=tolerance, err_msg=other["stem"])
            elif key == "outlines":
                assert one[key] == other[key], other["stem"]
            else:
                np.testing.assert_array_equal(one[key], other[key], err_msg=other["stem"])


def by_stem(found):
    return sorted(found, key=lambda example: example["stem"])


def renamed(expected):
    """What is expected of pictures that share a name: the second is NAME-2."""
    times, found = Counter(), []
    for example in expected:
        times[example["stem"]] += 1
        number = times[example["stem"]]
        found.append({**example, "stem": f"{example['stem']}-{number}" if number > 1 else example["stem"]})
    return found


def test_coco_keeps_all_there_is(odd, tmp_path):
    source, expected = odd
    written = handed_on(source, "coco", tmp_path / "out")
    found = examples(written)
    keys = ("boxes", "labels", "ignored", "outlines", "keypoints")
    same(found, renamed(expected), keys)
    assert [example["stem"] for example in found] == ["1", "1-2", "my phöto", "none", "turned"]
    assert found[4]["areas"].tolist() == [5.5]
    assert np.isnan(expected[0]["areas"]).all() and found[0]["areas"].tolist() == [19.0]  # the pixels of its mask
    for name in ("classes", "keypoint_names", "flip_pairs", "skeleton", "keys"):
        assert getattr(written, name) == getattr(source, name)
    assert (tmp_path / "out/images/turned.png").is_file() and (tmp_path / "out/images/my phöto.png").is_file()


def without_ignored(expected):
    """The pictures less their ignored objects."""
    kept = [~example["ignored"] for example in expected]
    return [
        {
            key: [row for row, one in zip(rows, keep, strict=True) if one]
            if key == "outlines"
            else rows[keep]
            if key in ("boxes", "labels", "keypoints")
            else rows
            for key, rows in example.items()
        }
        for example, keep in zip(expected, kept, strict=True)
    ]


def test_yolo_keeps_boxes_and_keypoints(odd, tmp_path):
    source, expected = odd
    written = handed_on(source, "yolo", tmp_path / "out")
    found = examples(written)
    same(found, renamed(without_ignored(expected)), ("boxes", "labels", "keypoints"), ROUNDED["yolo"])
    for name in ("classes", "keypoint_names", "flip_pairs"):
        assert getattr(written, name) == getattr(source, name)


def test_yolo_keeps_masks_pixel_by_pixel(odd, tmp_path):
    source, expected = odd
    written = handed_on(source.of_task("instance_segmentation"), "yolo", tmp_path / "out")
    found = examples(written)
    found, expected = by_stem(found), by_stem(renamed(without_ignored(expected)))
    same(found, expected, ("labels", "outlines"))
    bare = [(one, other) for one, other in zip(found, expected, strict=True) if None in other["outlines"]]
    assert len(bare) == 1
    for one, other in bare:
        place = other["outlines"].index(None)
        np.testing.assert_allclose(one["boxes"][place], other["boxes"][place], atol=ROUNDED["yolo"])
    # Two polygons, a ring beside a speck, and pixels that touch by a corner.
    notes = convert(source.of_task("instance_segmentation"), "yolo", tmp_path / "noted").notes
    assert [count for note, count in notes.items() if "one polygon" in note] == [3]
    assert [count for note, count in notes.items() if "no crowds" in note] == [1]


def test_voc_keeps_boxes_and_difficult_ones(odd, tmp_path):
    source, expected = odd
    written = handed_on(source, "voc", tmp_path / "out", split="val")
    assert written.spec.endswith(":val")
    same(examples(written), renamed(expected), ("boxes", "labels", "ignored"), ROUNDED["voc"])
    assert written.classes == source.classes


def test_masks_are_painted_as_coco_segmentation_does(odd, tmp_path):
    source, _ = odd
    reference = open_source(f"coco_segmentation{source.spec.removeprefix('coco')}")
    written = handed_on(source, "masks", tmp_path / "out")
    assert written.classes == reference.classes
    expected = renamed(examples(reference.of_task("segmentation")))
    same(examples(written), expected, ("segmentation",))
    assert any((example["segmentation"] == 255).any() for example in expected)
    same(examples(handed_on(reference, "masks", tmp_path / "direct")), expected, ("segmentation",))


@pytest.mark.parametrize(
    "to", ["coco", *(pytest.param(to, marks=pytest.mark.full) for to in ("yolo", "voc", "masks"))]
)
def test_drawn_scenes_with_every_target(scenes, tmp_path, to):
    source = scenes("val")
    expected = examples(source)
    written = handed_on(source, to, tmp_path / "out")
    kept = {"coco": ("labels", "outlines", "keypoints"), "yolo": ("labels", "keypoints"), "voc": ("labels",)}
    if to == "masks":
        assert written.classes == source.classes
        same(examples(written), expected, ("segmentation",))
        return
    assert written.classes == source.object_classes
    same(examples(written), expected, ("boxes", *kept[to]), ROUNDED[to])
    if to == "coco":
        assert written.keypoint_names == source.keypoint_names and written.skeleton == source.skeleton
    if to == "yolo":
        assert written.spec.endswith(":val") and written.flip_pairs == source.flip_pairs
        outlined = handed_on(source.of_task("instance_segmentation"), "yolo", tmp_path / "outlined")
        same(examples(outlined), expected, ("boxes", "labels", "outlines"), ROUNDED["yolo"])


@pytest.mark.parametrize(
    ("to", "task"),
    [
        ("coco", "masks_and_keypoints"),
        ("yolo", "keypoints"),
        ("yolo", "instance_segmentation"),
        ("voc", "detection"),
        ("masks", "instance_segmentation"),
    ],
)
def test_a_conversion_of_a_conversion_is_the_same_files(odd, tmp_path, to, task):
    first, second = tmp_path / "first", tmp_path / "second"
    handed_on(handed_on(odd[0].of_task(task), to, first), to, second)
    assert files(first) == files(second) and len(files(first)) > 5


@pytest.mark.parametrize("chain", [("coco", "yolo", "coco"), ("voc", "yolo", "voc"), ("yolo", "coco", "yolo")])
def test_there_and_back(odd, tmp_path, chain):
    expected = odd[0].of_task("detection" if "voc" in chain else "instance_segmentation")
    source, first = expected, None
    for number, to in enumerate(chain):
        source = handed_on(source, to, tmp_path / str(number))
        first = first or examples(source)
    last = examples(source)
    keys = [key for key in ("labels", "outlines") if key in last[0]]
    same(last, without_ignored(first) if "ignored" in first[0] else first, keys)


def test_difficult_objects_and_narrow_ones_of_voc(tmp_path):
    folder = tmp_path / "set"
    for part in ("Annotations", "JPEGImages"):
        (folder / part).mkdir(parents=True)
    Image.new("RGB", (33, 21)).save(folder / "JPEGImages" / "a.jpg")
    box = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"
    objects = [("cat", 0, (3, 4, 10.5, 20)), ("dog", 1, (1, 1, 33, 21)), ("cat", 0, (5, 5, 5.75, 9))]
    text = "".join(
        f"<object><name>{n}</name><difficult>{d}</difficult>{box.format(*b)}</object>" for n, d, b in objects
    )
    (folder / "Annotations" / "a.xml").write_text(f"<annotation>{text}</annotation>")
    source = open_source(f"voc:{folder}")
    expected = examples(source)
    assert expected[0]["boxes"].tolist() == [[2, 3, 10.5, 20], [0, 0, 33, 21], [4, 4, 5.75, 9]]
    for to in ("coco", "voc"):
        found = examples(handed_on(source, to, tmp_path / to))
        same(found, expected, ("boxes", "labels", "ignored"), ROUNDED[to])
    assert len(examples(handed_on(source, "yolo", tmp_path / "yolo"))[0]["boxes"]) == 2


def test_a_box_of_a_pixel_is_one_in_voc_too(tmp_path):
    Image.new("RGB", (10, 5)).save(tmp_path / "a.png")
    (tmp_path / "classes.txt").write_text("x\n")
    (tmp_path / "a.txt").write_text("0 0.55 0.5 0.1 0.2\n0 0.5 0.5 0.04 0.6\n")
    written = handed_on(f"yolo:{tmp_path}", "voc", tmp_path / "out")
    (found,) = examples(written)
    np.testing.assert_allclose(found["boxes"], [[5, 2, 6.01, 3.01], [4.8, 1, 5.81, 4]], atol=1e-3)


def test_label_maps_stay_what_they_are(folder, tmp_path):
    expected = examples(open_source(f"masks:{folder}"))
    written = handed_on(f"masks:{folder}", "masks", tmp_path / "out")
    assert written.classes == ("sky", "road", "car")
    same(examples(written), expected, ("segmentation",))
    for name in "abcde":
        copy = tmp_path / "out" / "images" / f"{name}.png"
        assert copy.read_bytes() == (folder / "images" / f"{name}.png").read_bytes()


def test_some_classes_of_some_pictures(odd, tmp_path, capsys):
    say_once.cache_clear()
    spec = f"{odd[0].spec}:train?classes=große Katze,person"
    source = open_source(spec)
    written = handed_on(source, "yolo", tmp_path / "out")
    assert written.classes == ("große Katze", "person") and 0 < len(written) < 5
    assert written.spec.endswith(":train")
    joined = open_source(f"{odd[0].spec} & {odd[0].spec}")
    written = handed_on(joined, "coco", tmp_path / "joined")
    found = examples(written)
    assert len({example["stem"] for example in found}) == 10
    same(found, renamed([*odd[1], *odd[1]]), ("boxes", "labels", "outlines", "keypoints", "ignored"))
