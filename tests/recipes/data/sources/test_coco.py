import json
import time
from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import open_source, pipeline, usable
from recipes.data.sources import outlines
from recipes.data.sources.coco import left_right_pairs
from zoo.errors import InputError


def content():
    """Two pictures of 6x8: a dog as a polygon, a person as RLE, a crowd; nothing on the second."""
    person = {"id": 7, "name": "person", "keypoints": ["nose", "left_eye", "right_eye"], "skeleton": [[1, 2], [1, 3]]}
    return {
        "images": [
            {"id": 12, "file_name": "a.png", "height": 6, "width": 8},
            {"id": 3, "file_name": "b.png", "height": 6, "width": 8},
        ],
        "categories": [person, {"id": 2, "name": "dog"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 12,
                "category_id": 2,
                "bbox": [1, 2, 3, 2],
                "area": 5.5,
                "iscrowd": 0,
                "segmentation": [[1, 2, 4, 2, 4, 4, 1, 4]],
            },
            {
                "id": 2,
                "image_id": 12,
                "category_id": 7,
                "bbox": [0, 0, 2, 6],
                # By columns: 6 pixels of 0, then 6 of 1 (the second column), the rest 0.
                "segmentation": {"size": [6, 8], "counts": [6, 6, 36]},
                "keypoints": [1, 1, 2, 5, 5, 0, 1.5, 2, 1],
            },
            {
                "id": 5,
                "image_id": 12,
                "category_id": 7,
                "bbox": [4, 0, 4, 6],
                "iscrowd": 1,
                "segmentation": {"size": [6, 8], "counts": "`1"},
            },
        ],
    }


@pytest.fixture
def write(tmp_path):
    for name in "ab":
        Image.new("RGB", (8, 6)).save(tmp_path / f"{name}.png")

    def write(data):
        path = tmp_path / "a.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return f"coco:{path}@{tmp_path}"

    return write


def examples(source):
    return list(source.records().map(source.decode).as_numpy_iterator())


def test_reads_objects_by_hand(write):
    source = open_source(write(content()))
    assert source.keys == ("boxes", "labels", "ignored", "crowds", "areas", "masks", "keypoints")
    assert source.classes == ("dog", "person")
    assert source.keypoint_names == ("nose", "left_eye", "right_eye")
    assert (source.flip_pairs, source.skeleton) == (((1, 2),), ((0, 1), (0, 2)))
    first, second = examples(source)
    np.testing.assert_array_equal(first["boxes"], [[1, 2, 4, 4], [0, 0, 2, 6], [4, 0, 8, 6]])
    np.testing.assert_array_equal(first["labels"], [0, 1, 1])
    np.testing.assert_array_equal(first["ignored"], [False, False, True])
    np.testing.assert_array_equal(first["crowds"], [False, False, True])
    np.testing.assert_array_equal(first["areas"], [5.5, np.nan, np.nan])
    np.testing.assert_array_equal(first["keypoints"][1], [[1, 1, 2], [0, 0, 0], [1.5, 2, 1]])
    assert not np.any(first["keypoints"][0])
    dog, person, crowd = np.zeros((3, 6, 8))
    dog[2:4, 1:4] = person[:, 1] = 1
    np.testing.assert_array_equal(first["masks"], [dog, person, crowd])
    assert first["masks"].dtype == np.uint8
    assert second["boxes"].shape == (0, 4) and second["masks"].shape == (0, 6, 8)
    assert second["keypoints"].shape == (0, 3, 3)
    assert source.findings() == []


def test_masks_are_encoded_as_pycocotools_does_and_never_drawn(write, monkeypatch):
    rle = pytest.importorskip("pycocotools.mask")
    drawn, data = np.random.default_rng(0), content()
    polygons = [
        [drawn.uniform(-2, 9, 2 * drawn.integers(3, 9)).round(2).tolist() for _ in range(2)] for _ in range(20)
    ]
    for polygon in polygons:
        data["annotations"].append({"image_id": 12, "category_id": 7, "bbox": [0, 0, 8, 6], "segmentation": polygon})
    source = open_source(write(data)).of_task("instance_segmentation")
    (record, *_), whole = list(source.records()), examples(source)[0]
    monkeypatch.setattr(outlines, "masks_of", lambda *_: 1 / 0)
    (found, _) = source.records().map(partial(source.decode_as, forms=("runs",))).as_numpy_iterator()
    assert set(found) == {*whole} - {"masks"} | {"runs"} and len(found["runs"]) == 23
    expected = [rle.merge(rle.frPyObjects(polygon, 6, 8))["counts"] for polygon in polygons]
    assert found["runs"][3:].tolist() == expected
    for counts, mask in zip(found["runs"], whole["masks"], strict=True):
        np.testing.assert_array_equal(rle.decode({"size": [6, 8], "counts": counts}), mask)
    tf.nest.map_structure(np.testing.assert_array_equal, source.decode_as(record, ("runs",)), found)
    dogs = open_source(f"{source.spec}?classes=dog").of_task("instance_segmentation")
    both = open_source(f"{source.spec} & {source.spec}").of_task("instance_segmentation")
    labels = whole["labels"] == source.classes.index("dog")
    for other, kept in ((dogs, labels), (both, labels | True)):
        (seen, *_) = other.records().map(partial(other.decode_as, forms=("crops", "runs"))).as_numpy_iterator()
        np.testing.assert_array_equal(seen["runs"], found["runs"][kept])


def test_decodes_eagerly_as_in_a_graph(write):
    source = open_source(write(content()))
    for record, example in zip(source.records(), source.records().map(source.decode), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, source.decode(record), example)


@pytest.mark.parametrize(
    "task",
    [
        "points",
        *(
            pytest.param(task, marks=pytest.mark.full)
            for task in ("localization", "detection", "instance_segmentation", "keypoints", "masks_and_keypoints")
        ),
    ],
)
def test_every_task_learns_without_the_crowd(write, task):
    arguments = {"task": task, "picture_size": (12, 16), "batch_size": 2, "max_objects": 4}
    _, targets = next(iter(pipeline(open_source(write(content())), **arguments)))
    expected = [1, -1] if task in ("localization", "points") else [[0, 1, -1, -1], [-1] * 4]
    np.testing.assert_array_equal(targets["labels"], expected)
    if task == "points":
        np.testing.assert_array_equal(targets["keypoints"][0], [[2, 2, 2], [0, 0, 0], [3, 4, 1]])


def test_boxes_alone(write):
    data = content()
    for annotation in data["annotations"]:
        del annotation["segmentation"]
    data["categories"][0] = {"id": 7, "name": "person"}
    source = open_source(write(data))
    assert source.keys == ("boxes", "labels", "ignored", "crowds", "areas")
    assert "masks" not in examples(source)[0]


def test_left_right_pairs():
    assert left_right_pairs(("nose", "right_ear", "left_ear", "left_tail")) == ((2, 1),)
    assert left_right_pairs(()) == ()


def changed(*path, value):
    """Returns the content with one place in it changed."""
    data = place = content()
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "a.json: is no JSON"),
        ("[]", "a.json: has no list of images"),
        ({"images": [], "annotations": []}, "has no list of categories"),
        (changed("images", value=[]), "names 0 pictures and 2 categories"),
        (changed("categories", 1, "id", value=7), "the id 7 stands twice among the categories"),
        (changed("categories", 0, "skeleton", value=[[0, 1]]), "a skeleton is pairs of keypoints 1 to 3"),
        (changed("categories", 1, "keypoints", value=["tail"]), "have different keypoints"),
    ],
)
def test_inconsistent_files_are_refused(write, data, message):
    with pytest.raises(InputError, match=message):
        open_source(write(data))


@pytest.mark.parametrize(
    ("data", "message", "labels"),
    [
        (changed("annotations", 0, value={"id": 4}), r"a.json: annotations\[0\] is of no picture", [1, 1]),
        (changed("annotations", 0, value=7), r"annotations\[0\] is of no picture", [1, 1]),
        (changed("annotations", 0, "image_id", value=99), r"annotations\[0\] is of no picture", [1, 1]),
        (changed("annotations", 0, "image_id", value=[12]), r"annotations\[0\] is of no picture", [1, 1]),
        (changed("annotations", 0, "category_id", value=1), "annotation 1 has the category_id 1, which the", [1, 1]),
        (changed("annotations", 0, "bbox", value=[1, 2, 3]), "annotation 1 has a bbox that is not 4 numbers", [1, 1]),
        (changed("annotations", 0, "bbox", value=[1, 2, 3, float("nan")]), "a bbox that is not 4 numbers", [1, 1]),
        (changed("annotations", 1, "keypoints", value=[1, 2]), "annotation 2 has keypoints that are", [0, 1, 1]),
        (changed("annotations", 0, "segmentation", value=[[1, 2, 3, 4]]), "annotation 1 has a polygon", [1, 1]),
        (changed("annotations", 0, "segmentation", value="x"), "annotation 1 has a segmentation of neither", [1, 1]),
        (changed("annotations", 0, "segmentation", value={"size": [6, 8]}), "annotation 1 has a mask that", [1, 1]),
        (changed("annotations", 0, "segmentation", value={"size": [6, 9], "counts": [54]}), "a mask is 6x9", [1, 1]),
        (changed("annotations", 0, "segmentation", value={"size": [6, 8], "counts": "P"}), "are cut short", [1, 1]),
        (
            changed("annotations", 0, "segmentation", value={"size": [6, 8], "counts": [3, 3]}),
            "add up to 6x8",
            [1, 1],
        ),
        (changed("annotations", 0, "segmentation", value={"size": [6, 8], "counts": [-6, 54]}), "add up", [1, 1]),
    ],
)
def test_a_bad_annotation_costs_itself_alone(write, data, message, labels):
    source = open_source(write(data))
    with pytest.raises(InputError, match=message):
        usable(source, skip_bad=False)
    rest = usable(source, skip_bad=True)
    assert len(rest) == 2
    assert sorted(examples(rest)[0]["labels"].tolist()) == labels


@pytest.mark.parametrize("outline", ["x", [[1, 2, 3, 4]], {"size": [6, 8], "counts": [3]}, []])
def test_boxes_are_learned_from_objects_without_a_usable_mask(write, outline, capsys):
    source = open_source(write(changed("annotations", 0, "segmentation", value=outline)))
    assert [len(example["labels"]) for example in examples(usable(source.of_task("detection"), False))] == [3, 0]
    (found,) = source.findings()
    assert found.fatal == (outline != []) and found.of_object
    assert len(examples(source)[0]["masks"]) == 2


def test_what_exports_leave_out_or_write_otherwise(write, tmp_path):
    data = content()
    first, second, third = data["annotations"]
    for picture, number in zip(data["images"], ("12", "x-9"), strict=True):
        picture["id"] = number
        picture["file_name"] = f"C:\\work\\images\\{picture['file_name']}"
    del data["images"][0]["height"]
    first |= {"id": 2, "category_id": 2.0}
    del first["bbox"], first["area"], first["iscrowd"], second["bbox"]
    third["image_id"] = 12.0
    data["annotations"] = {"first": first, "second": second, "third": third}
    data["categories"].append({"id": 0, "name": "animals", "supercategory": "none"})
    data["categories"][1]["supercategory"] = "animals"
    source = open_source(write(data))
    assert source.findings() == [] and source.classes == ("dog", "person")
    example = examples(source)[0]
    assert example["boxes"].tolist() == [[1, 2, 4, 4], [1, 0, 2, 6], [4, 0, 8, 6]]
    assert example["labels"].tolist() == [0, 1, 1] and np.isnan(example["areas"]).all()
    assert example["name"].decode() == str(tmp_path / "a.png")


def test_pictures_in_subfolders_are_found_and_none_outside(write, tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "b.png").rename(tmp_path / "deep" / "er" / "b.png")
    data = content()
    data["images"][0]["file_name"] = "../../etc/a.png"
    source = open_source(write(data))
    assert source.findings() == []
    data["images"][0]["file_name"] = "../../etc/passwd.png"
    (found,) = open_source(write(data)).findings()
    assert "leaves the folder" in found.message


@pytest.mark.parametrize("empty", [None, [], [[]], {}])
def test_an_empty_segmentation_is_none(write, empty):
    data = content()
    for annotation in data["annotations"]:
        annotation["segmentation"] = empty
    source = open_source(write(data))
    assert "masks" not in source.keys and source.findings() == []
    assert len(examples(source)[0]["boxes"]) == 3


def test_visible_keypoints_at_the_origin_are_not_in_the_picture(write):
    data = content()
    data["annotations"][1]["keypoints"] = [0, 0, 2, 5, 0, 2, 0.0, 0.0, 0]
    source = open_source(write(data))
    (found,) = source.findings()
    assert "annotation 2 has 1 keypoints at 0, 0 that are called visible" in found.message and not found.fatal
    assert examples(source)[0]["keypoints"][1].tolist() == [[0, 0, 0], [5, 0, 2], [0, 0, 0]]


def test_boxes_in_shares_of_the_picture_are_named(write):
    data = content()
    data["annotations"][0]["bbox"] = [0.1, 0.2, 0.5, 0.25]
    data["annotations"][1]["bbox"] = [0, 0, 1, 1]
    (found,) = open_source(write(data)).problems()
    assert "annotation 1 has a bbox within one pixel (0.1, 0.2, 0.5, 0.25): boxes are in pixels" in found.message


@pytest.mark.parametrize(
    ("listed", "lies"),
    [
        ("images/my%20pic.png", "images/my pic.png"),
        ("images\\IMG_1.png", "images/IMG_1.PNG"),
        ("caf\u00e9.png", "deep/cafe\u0301.png"),
        ("/data/local-files/?d=set/1.png", "set/1.png"),
        ("/home/me/all/seq2/1.png", "seq2/1.png"),
    ],
)
def test_pictures_are_found_however_their_names_are_written(write, tmp_path, listed, lies):
    for place in (lies, "other/1.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6)).save(tmp_path / place)
    data = content()
    data["images"][0]["file_name"] = listed
    source = open_source(write(data))
    assert source.findings() == []
    assert examples(source)[0]["name"].decode() == str(tmp_path / lies)


def test_a_picture_of_another_folder_is_not_taken_for_the_one_that_is_named(write, tmp_path):
    data = content()
    data["images"][0]["file_name"] = "seq1/1.png"
    for folder, message in (("seq2", "lies in another folder"), ("x/seq1", ""), ("y/seq1", "as several are")):
        (tmp_path / folder).mkdir(parents=True)
        Image.new("RGB", (8, 6)).save(tmp_path / folder / "1.png")
        found = open_source(write(data)).findings()
        assert [message in problem.message for problem in found] == [True] * bool(message)


def test_hostile_files_end_in_one_line(write, tmp_path):
    for text, message in (
        ("[" * 100_000, "is nested too deep"),
        ('{"images": ' + "9" * 5000 + "}", "is no JSON"),
        (b"{\xff}".decode("latin-1"), "is no JSON"),
    ):
        with pytest.raises(InputError, match=message):
            open_source(write(text))
    spec = write("")
    (tmp_path / "a.json").write_bytes(b'{"images": "\xe9"}')
    with pytest.raises(InputError, match=r"is no UTF-8 text \(byte 12\)"):
        open_source(spec)


def test_unusable_pictures_are_named(write, tmp_path):
    (tmp_path / "b.png").unlink()
    (found,) = open_source(write(content())).problems()
    assert found.file == str(tmp_path / "b.png") and "no such picture" in found.message
    Image.new("RGB", (6, 8)).save(tmp_path / "b.png")
    (found,) = open_source(write(content())).problems()
    assert str(found).endswith("a.json: b.png: the picture has 6x8 pixels, not 8x6 as stated")


def test_boxes_without_area_are_left_out_of_everything(write):
    source = open_source(write(changed("annotations", 0, "bbox", value=[1, 2, 0, 2])))
    first = examples(source)[0]
    assert {len(first[key]) for key in source.keys} == {2}
    (found,) = source.findings()
    assert not found.fatal and "a.png: box 0 (1, 2, 1, 4) has no area: left out" in str(found)


def test_unusable_specs_say_what_is_needed(tmp_path):
    for spec in ("coco:", "coco:a.json", "coco:@images", "coco:a.json@"):
        with pytest.raises(InputError, match="write coco:FILE.json@DIR"):
            open_source(spec)
    with pytest.raises(InputError, match="nothing: no such folder"):
        open_source(f"coco:a.json@{tmp_path}/nothing")
    with pytest.raises(InputError, match="a.json: no such file"):
        open_source(f"coco:{tmp_path}/a.json@{tmp_path}")


@pytest.mark.parametrize(
    ("file", "folder", "pictures", "classes", "points"),
    [
        pytest.param(
            *("coco_mini/annotations/person_keypoints_train2017.json", "coco_mini/train2017", 80, 1, 17),
            marks=pytest.mark.full,
        ),
        ("lsp/annotations/val.json", "lsp/images", 30, 1, 14),
    ],
)
def test_real_data(zoo_data, file, folder, pictures, classes, points):
    source = open_source(f"coco:{zoo_data / file}@{zoo_data / folder}")
    assert (len(source), len(source.classes), len(source.keypoint_names)) == (pictures, classes, points)
    assert source.problems() == []
    assert len(source.flip_pairs) == {17: 8, 14: 6}[points]
    (example,) = source.records().take(1).map(source.decode).as_numpy_iterator()
    assert example["keypoints"].shape[1:] == (points, 3)


def test_polygons_that_reach_far_take_no_time(write):
    far = [1, 2, 1e11, 2, 1e11, 1e11, 1, 4]
    source = open_source(write(changed("annotations", 0, "segmentation", value=[far])))
    start = time.monotonic()
    masks = examples(source)[0]["masks"]
    assert masks[0, 2:4, 1:].all() and not masks[0, :2].any() and time.monotonic() - start < 10
