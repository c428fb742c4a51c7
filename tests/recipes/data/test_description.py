import json

import numpy as np
import pytest
from PIL import Image

from recipes.data import contact_sheet, describe, median_frequency, open_source
from recipes.data.sources import annotated


@pytest.fixture
def counted(tmp_path):
    """Two pictures, 2x3 and 4x4, with labels counted by hand; the third class never appears."""
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    for name, labels in {"a": [[0, 0, 0], [0, 1, 255]], "b": [[0] * 4] * 4}.items():
        labels = np.array(labels, np.uint8)
        Image.fromarray(labels).save(tmp_path / "masks" / f"{name}.png")
        Image.fromarray(labels).save(tmp_path / "images" / f"{name}.png")
    (tmp_path / "classes.txt").write_text("ground\nroad\ncar\n")
    return tmp_path


def test_describe_by_hand(counted):
    found = describe(open_source(f"masks:{counted}"))
    assert (found.count, found.problems) == (2, ())
    assert (found.smallest, found.median, found.largest) == ((2, 3), (3, 3), (4, 4))
    assert (found.pixels, found.void) == ((20, 1, 0), 1)
    assert found.pictures == (2, 1, 0)
    assert found.pixels_of_pictures == (22, 6, 0)
    assert found.objects == ()


def test_median_frequency_by_hand(counted):
    # Frequencies 20/22 and 1/6, their median 0.5379.
    median = (20 / 22 + 1 / 6) / 2
    weights = median_frequency(describe(open_source(f"masks:{counted}")))
    np.testing.assert_allclose(weights, [median * 22 / 20, median * 6, 0.0])


def test_describe_reports_problems_and_counts_the_rest(counted):
    (counted / "images" / "b.png").write_text("not a picture")
    found = describe(open_source(f"masks:{counted}"))
    assert (found.count, found.pixels, found.largest) == (2, (4, 1, 0), (2, 3))
    assert [problem.file for problem in found.problems] == [str(counted / "images" / "b.png")]


def test_describe_of_nothing_readable(counted):
    for name in "ab":
        (counted / "images" / f"{name}.png").write_text("not a picture")
    found = describe(open_source(f"masks:{counted}"))
    assert (len(found.problems), found.pixels, found.largest) == (2, (0, 0, 0), (0, 0))
    assert median_frequency(found) == [0.0, 0.0, 0.0]


def test_describe_counts_objects(scenes):
    source = scenes("train")
    found = describe(source)
    labels = np.concatenate([example["labels"] for example in source.records().map(source.decode)])
    assert found.objects == tuple(np.bincount(labels, minlength=5).tolist())
    assert found.object_classes == ("circle", "square", "triangle", "star", "cross")
    assert sum(found.pixels) == 12 * 128 * 128


def test_describe_counts_points_and_what_is_left_out(tmp_path):
    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    Image.new("RGB", (20, 10)).save(tmp_path / "b.png")
    rows = ["image,x0,y0,x1,y1", "a.png,2,3,6,7", "b.png,,,6,7", "c.png,1,1,2,2"]
    (tmp_path / "faces.csv").write_text("\n".join(rows))
    found = describe(open_source(f"points:{tmp_path / 'faces.csv'}"))
    assert (found.objects, found.points, found.ignored) == ((2,), (1, 2), 0)
    assert [problem.file for problem in found.problems] == [str(tmp_path / "c.png")]
    assert found.warnings == ()
    rows[1] = "a.png,-5,3,6,7"
    (tmp_path / "faces.csv").write_text("\n".join(rows))
    (warning,) = describe(open_source(f"points:{tmp_path / 'faces.csv'}")).warnings
    assert str(warning).endswith("line 2: box 0 (-5, 3, 6, 7) reaches out of the 20x10 picture: clipped")


@pytest.fixture(params=["coco", "yolo", "voc"])
def objects(request, tmp_path):
    """Two pictures of 9x7, one empty; boxes that, but for YOLO, reach out, lie outside or have no area."""
    for name in "ab":
        pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    boxes = [(1, 1, 5, 4), (-3, 2, 4, 20), (10, 1, 14, 5), (2, 2, 2, 6)]
    if request.param == "coco":
        annotations = [
            {"id": i, "image_id": 1, "category_id": i % 2, "bbox": [x, y, right - x, bottom - y], "iscrowd": i == 1}
            for i, (x, y, right, bottom) in enumerate(boxes)
        ]
        images = [{"id": i, "file_name": f"{name}.png"} for i, name in enumerate("ba")]
        categories = [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}]
        data = {"images": images, "annotations": annotations, "categories": categories}
        (tmp_path / "a.json").write_text(json.dumps(data))
        return f"coco:{tmp_path}/a.json@{tmp_path}"
    if request.param == "yolo":
        (tmp_path / "classes.txt").write_text("cat\ndog\n")
        (tmp_path / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n1 0.9 0.9 0.2 0.2\n")
        return f"yolo:{tmp_path}"
    edges = "xmin", "ymin", "xmax", "ymax"
    rows = [
        f"<object><name>{('cat', 'dog')[i % 2]}</name><difficult>{int(i == 1)}</difficult><bndbox>"
        + "".join(f"<{edge}>{value}</{edge}>" for edge, value in zip(edges, box, strict=True))
        + "</bndbox></object>"
        for i, box in enumerate(boxes)
    ]
    for name, own in (("a", rows), ("b", [])):
        text = f"<annotation><filename>{name}.png</filename>{''.join(own)}</annotation>"
        (tmp_path / f"{name}.xml").write_text(text)
    return f"voc:{tmp_path}"


def test_objects_are_counted_without_decoding_as_with_it(objects):
    light, deep = describe(open_source(objects)), describe(open_source(objects), deep=True)
    assert light == deep and light.count == 2 and light.objects == (1, 1) and light.largest == (7, 9)
    of_yolo = objects.startswith("yolo")
    assert (light.ignored, len(light.warnings)) == ((0, 0) if of_yolo else (1, 1))


def test_only_a_deep_look_sees_what_lies_behind_a_head(objects, tmp_path):
    contents = bytearray((tmp_path / "a.png").read_bytes())
    contents[-25:-20] = b"wrong"
    (tmp_path / "a.png").write_bytes(contents)
    light, deep = describe(open_source(objects)), describe(open_source(objects), deep=True)
    assert light.problems == () and light.objects == (1, 1)
    assert [problem.file for problem in deep.problems] == [str(tmp_path / "a.png")] and deep.objects == (0, 0)


def test_contact_sheets(counted, scenes):
    sheet = contact_sheet(open_source(f"masks:{counted}"))
    assert sheet.mode == "RGB"
    assert contact_sheet(scenes("train"), count=6).width > contact_sheet(scenes("train"), count=1).width


@pytest.mark.full
def test_camvid(zoo_data):
    source = open_source(f"masks:{zoo_data / 'camvid' / 'val'}")
    found = describe(source)
    assert (found.count, found.smallest, found.largest) == (101, (360, 480), (360, 480))
    assert (len(found.classes), found.problems) == (11, ())
    weights = dict(zip(found.classes, median_frequency(found), strict=True))
    assert weights["Road"] < weights["Car"] < weights["Pedestrian"]


def test_heads_of_pictures_are_asked_for_once(counted, monkeypatch):
    file = {"shapes": [{"label": "cat", "points": [[0, 0], [2, 0], [2, 2]]}], "imagePath": "a.png"}
    (counted / "images/a.json").write_text(json.dumps(file))
    asked, ask = [], annotated.picture_facts
    monkeypatch.setattr(annotated, "picture_facts", lambda *given: asked.append(1) or ask(*given))
    source = open_source(f"labelme:{counted / 'images'}").of_task("detection")
    assert describe(source).largest == (4, 4) and len(asked) == 1
    Image.new("RGB", (9, 9)).save(counted / "images/b.png")
    assert describe(source).largest == (9, 9) and len(asked) == 2
