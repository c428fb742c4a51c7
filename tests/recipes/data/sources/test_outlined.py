"""What is annotated, where `decode` says what is learned from it."""

import json

import numpy as np
import pytest
from faster_coco_eval import mask as rle
from PIL import Image

from recipes.data import open_source
from recipes.data.sources.object_crops import ObjectCrops
from recipes.data.sources.outlines import outline_in, words_of

POLYGON = [[1.5, 2, 4, 2, 4, 4]]
RUNS = {"size": [6, 8], "counts": b"66T1"}


@pytest.fixture
def spec(tmp_path):
    """Two pictures of 6x8: a polygon, run lengths, and an object with a box alone; nothing on the second."""
    for name in "ab":
        Image.new("RGB", (8, 6)).save(tmp_path / f"{name}.png")
    outlines = [POLYGON, {**RUNS, "counts": RUNS["counts"].decode()}, None]
    data = {
        "images": [{"id": number, "file_name": f"{name}.png"} for number, name in enumerate("ab")],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [
            {"image_id": 0, "category_id": 1 + place % 2, "bbox": [place, 0, 4, 6]}
            | ({"segmentation": outline} if outline else {})
            for place, outline in enumerate(outlines)
        ],
    }
    (tmp_path / "a.json").write_text(json.dumps(data))
    return f"coco:{tmp_path / 'a.json'}@{tmp_path}"


def outlined(source):
    """The outlines of each picture, and of all examples the keys."""
    found = [source.decode_as(record, ("outlines",)) for record in source.all_records()]
    return [[outline_in(words) for words in one["outlines"].numpy().tolist()] for one in found], {*found[0]}


def test_outlines_by_hand(spec):
    found, keys = outlined(open_source(spec))
    assert found == [[POLYGON, RUNS, None], []]
    assert keys == {"image", "name", "boxes", "labels", "ignored", "crowds", "areas", "outlines"}
    assert [outline_in(words_of(outline)) for outline in (POLYGON, RUNS, None)] == [POLYGON, RUNS, None]


def test_the_same_in_a_graph(spec):
    source = open_source(f"{spec}?classes=dog")
    traced = source.records().map(lambda record: source.decode_as(record, ("outlines",))).as_numpy_iterator()
    assert [[outline_in(words) for words in one["outlines"].tolist()] for one in traced] == [[RUNS], []]


def test_some_classes_and_several_sources(spec):
    assert outlined(open_source(f"{spec}?classes=dog"))[0] == [[RUNS], []]
    assert outlined(open_source(f"{spec} & {spec}"))[0] == [[POLYGON, RUNS, None], []] * 2


def test_a_class_a_pixel_stays_beside_outlines(spec):
    source = open_source(f"coco_segmentation{spec.removeprefix('coco')}")
    found, keys = outlined(source)
    assert found[0] == [POLYGON, RUNS, None] and {"segmentation", "outlines"} <= keys
    record = next(iter(source.all_records()))
    np.testing.assert_array_equal(
        source.decode_as(record, ("outlines",))["segmentation"], source.decode(record)["segmentation"]
    )


def test_masks_of_pixels_become_run_lengths(scenes):
    source = scenes("val")
    found, _ = outlined(source)
    for outlines, record in zip(found, source.all_records(), strict=True):
        masks = source.decode(record)["masks"].numpy()
        assert [rle.decode(outline).tolist() for outline in outlines] == masks.tolist()


def test_a_mask_of_another_size_is_none(spec, tmp_path):
    Image.new("RGB", (9, 6)).save(tmp_path / "a.png")
    assert outlined(open_source(spec))[0] == [[POLYGON, None, None], []]


def test_the_bytes_that_a_picture_is_decoded_from(spec, scenes, folder, tmp_path):
    def stored(source):
        return [source.stored(record) for record in source.all_records()]

    contents = [(tmp_path / f"{name}.png").read_bytes() for name in "ab"]
    assert stored(open_source(spec)) == contents
    assert stored(open_source(f"{spec}?classes=dog")) == contents
    assert stored(open_source(f"{spec} & {spec}")) == contents * 2
    drawn = stored(scenes("val"))
    assert len(drawn) == 5 and all(one.startswith(b"\x89PNG") for one in drawn)
    crops = stored(ObjectCrops(scenes("val"), "objects", size=32))
    assert crops and {*crops} == {None}
