"""Shapes that people drew: LabelMe, the VGG Image Annotator, COCO's polygons as pixels."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from recipes.data import Problem, open_source, usable
from zoo.errors import InputError

BACKGROUND_CAT_DOG = ("background", "cat", "dog")


def examples(source):
    return list(source.records().map(source.decode).as_numpy_iterator())


@pytest.fixture
def folder(tmp_path):
    for name in "ab":
        Image.new("RGB", (8, 6)).save(tmp_path / f"{name}.png")
    return tmp_path


def shape(label, points, kind="polygon", **more):
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}, **more}


def labelme(folder, *shapes, name="a", **more):
    """A file as LabelMe 5 writes it."""
    data = {"version": "5.4", "flags": {}, "shapes": shapes, "imagePath": f"{name}.png", "imageData": None}
    data |= {"imageHeight": 6, "imageWidth": 8, **more}
    (folder / f"{name}.json").write_text(json.dumps(data))


def png(rows):
    """Returns a mask as LabelMe keeps it."""
    contents = io.BytesIO()
    Image.fromarray(np.array(rows, np.uint8)).save(contents, "PNG")
    return base64.b64encode(contents.getvalue()).decode()


IN_A_BOX = png([[255, 0, 255], [255, 255, 255]])


def canvas(*areas):
    """Returns a 6x8 map with `(label, top, bottom, left, right)` painted one over the other."""
    painted = np.zeros((6, 8), int)
    for label, top, bottom, left, right in areas:
        painted[top:bottom, left:right] = label
    return painted


def test_labelme_by_hand(folder):
    labelme(
        folder,
        shape("dog", [[0, 0], [4, 0], [4, 4], [0, 4]]),
        shape("cat", [[6, 5], [2, 2]], "rectangle"),
        shape("cat", [[1, 1]], "point"),
    )
    source = open_source(f"labelme:{folder}")
    assert (source.classes, source.object_classes) == (BACKGROUND_CAT_DOG, ("cat", "dog"))
    assert source.keys == ("boxes", "labels", "masks", "segmentation")
    first, second = examples(source)
    np.testing.assert_array_equal(first["boxes"], [[0, 0, 4, 4], [2, 2, 6, 5]])
    np.testing.assert_array_equal(first["labels"], [1, 0])
    np.testing.assert_array_equal(first["masks"], [canvas((1, 0, 4, 0, 4)), canvas((1, 2, 5, 2, 6))])
    np.testing.assert_array_equal(first["segmentation"], canvas((2, 0, 4, 0, 4), (1, 2, 5, 2, 6)))
    assert second["boxes"].shape == (0, 4) and not second["segmentation"].any()
    (found,) = source.findings()
    assert not found.fatal and "shape 2 is a point, which has no area: left out" in found.message
    pixels = source.of_task("segmentation")
    assert pixels.keys == ("segmentation",)
    np.testing.assert_array_equal(examples(pixels)[0]["segmentation"], first["segmentation"])


def test_labelme_masks_by_hand(folder):
    labelme(
        folder,
        shape("cat", [[2.0, 1.0], [4.0, 2.0]], "mask", mask=IN_A_BOX),
        shape("dog", [[5, 3], [7, 4]], "mask", mask=IN_A_BOX) | {"group_id": 1},
        shape("dog", [[0, 3], [2, 3], [2, 5], [0, 5]]) | {"group_id": 1},
    )
    source = open_source(f"labelme:{folder}")
    first, _ = examples(source)
    cat, dog = canvas((1, 1, 3, 2, 5), (0, 1, 2, 3, 4)), canvas((1, 3, 5, 5, 8), (0, 3, 4, 6, 7), (1, 3, 5, 0, 2))
    np.testing.assert_array_equal(first["masks"], [cat, dog])
    np.testing.assert_array_equal(first["boxes"], [[2, 1, 5, 3], [0, 3, 8, 5]])
    np.testing.assert_array_equal(first["segmentation"], cat + 2 * dog)
    assert source.findings() == []
    labelme(folder, shape("cat", [[2, 1], [4, 2]], "mask", mask=IN_A_BOX), imageHeight=None)
    with pytest.raises(InputError, match="shape with a label.*states no imageHeight and imageWidth"):
        open_source(f"labelme:{folder}")


def test_labelme_circles_groups_and_names(folder):
    (folder / "classes.txt").write_text("dog\ncat\n")
    labelme(
        folder,
        shape("cat", [[4, 3], [6, 3]], "circle"),
        shape("dog", [[0, 0], [1, 0], [1, 1], [0, 1]], group_id=3),
        shape("dog", [[7, 5], [8, 5], [8, 6], [7, 6]], group_id=3),
        imagePath="..\\elsewhere\\a.png",
    )
    (folder / "package.json").write_text('{"name": "other"}')
    source = open_source(f"labelme:{folder}")
    first = examples(source)[0]
    np.testing.assert_allclose(first["boxes"], [[2, 1, 6, 5], [0, 0, 8, 6]], atol=1e-4)
    assert first["labels"].tolist() == [1, 0] and source.findings() == [] and len(source) == 2
    assert first["masks"].sum(axis=(1, 2))[1] == 2 and abs(first["masks"][0].sum() - 4 * np.pi) < 4


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (shape("cat", [[0, 0], [4, 0]]), "is a polygon of 2 points"),
        (shape("cat", [[0, 0], [4, None], [4, 4]]), "has points that are not pairs of numbers"),
        (shape("", [[0, 0], [4, 0], [4, 4]]), "has no label"),
        (shape("cat", [[1, 1], [1, 1]], "circle"), "is an ellipse of radii 0 and 0"),
        (shape("cat", [[1, 1], [1, 1]], "mask"), "is a mask without a PNG in base64"),
        (shape("cat", [[1, 1], [1, 1]], "mask", mask="iVBORw0K"), "is a mask that is no complete JPEG, PNG"),
        (shape("cat", [[1, 1], [3, 1]], "mask", mask=IN_A_BOX), "is a mask of 3x2 pixels in a box of 3x1"),
        (shape("cat", [[6, 1], [8, 2]], "mask", mask=IN_A_BOX), "is a mask that reaches out of the picture"),
        ("cat", "is no shape"),
        (shape("cat", 5), "has points that are not pairs of numbers"),
        (shape("cat", [[0, 0], [4, 0], [4, 4]], ["x"]), "which is not understood"),
    ],
)
def test_a_bad_shape_costs_itself_alone(folder, bad, message):
    labelme(folder, bad, shape("dog", [[0, 0], [4, 0], [4, 4], [0, 4]]))
    source = open_source(f"labelme:{folder}")
    (found,) = source.problems()
    assert found.of_object and message in found.message and found.file == str(folder / "a.json")
    assert len(usable(source, skip_bad=True)) == 2 and len(examples(source)[0]["labels"]) == 1


def test_bad_labelme_files_cost_their_picture(folder):
    labelme(folder, shape("dog", [[0, 0], [4, 0], [4, 4], [0, 4]]))
    for text, message in (
        ("{", "is no JSON"),
        ("[" * 100_000, "is nested too deep"),
        ('{"imagePath": "b.png", "shapes": 5}', "has no list of shapes"),
        ('{"imagePath": "../../etc/passwd", "shapes": []}', ""),
        (json.dumps({"imagePath": "x" * 5000, "shapes": []}), ""),
    ):
        (folder / "b.json").write_text(text)
        found = open_source(f"labelme:{folder}").problems()
        assert [problem.message[: len(message)] for problem in found] == [message] * bool(message)
    (folder / "b.json").write_text('{"imagePath": "../../etc/passwd", "shapes": []}')
    (folder / "b.png").unlink()
    (found,) = open_source(f"labelme:{folder}").problems()
    assert "leaves the folder" in found.message
    labelme(folder, shape("dog", [[0, 0], [4, 0], [4, 4], [0, 4]]), imageHeight=60)
    assert "not 8x60 as stated" in open_source(f"labelme:{folder}").problems()[0].message


def test_labelme_needs_files_and_labels(folder, tmp_path):
    with pytest.raises(InputError, match="names no folder"):
        open_source("labelme:")
    with pytest.raises(InputError, match="holds no .json file"):
        open_source(f"labelme:{folder}")
    labelme(folder)
    with pytest.raises(InputError, match="no file has a shape with a label"):
        open_source(f"labelme:{folder}")


def region(attributes, **shape):
    return {"shape_attributes": shape, "region_attributes": attributes}


def via(folder, regions, version=2, name="a.png", project=False):
    """A file as VIA writes it: regions in a dict (1) or a list (2); a project, or an export of annotations."""
    regions = regions if version == 2 else {str(place): one for place, one in enumerate(regions)}
    data = {f"{name}123": {"filename": name, "size": 123, "regions": regions, "file_attributes": {}}}
    (folder / "via.json").write_text(
        json.dumps({"_via_settings": {}, "_via_img_metadata": data} if project else data)
    )
    return f"via:{folder / 'via.json'}@{folder}"


REGIONS = [
    region({"kind": "dog"}, name="polygon", all_points_x=[0, 4, 4, 0], all_points_y=[0, 0, 4, 4]),
    region({"kind": "cat"}, name="rect", x=2, y=2, width=4, height=3),
]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("project", [False, True])
def test_via_by_hand(folder, version, project):
    source = open_source(via(folder, REGIONS, version, project=project))
    assert (source.classes, source.object_classes) == (BACKGROUND_CAT_DOG, ("cat", "dog"))
    (first,) = examples(source)
    np.testing.assert_array_equal(first["boxes"], [[0, 0, 4, 4], [2, 2, 6, 5]])
    np.testing.assert_array_equal(first["segmentation"], canvas((2, 0, 4, 0, 4), (1, 2, 5, 2, 6)))
    assert source.findings() == []


def test_via_circles_ellipses_and_bad_regions(folder):
    attributes = {"kind": {"cat": True, "dog": False}, "note": ""}
    regions = [
        region(attributes, name="circle", cx=4, cy=3, r=2),
        region(attributes, name="ellipse", cx=4, cy=3, rx=1, ry=3, theta=np.pi / 2),
        region(attributes, name="rect", x=0, y=0, width="x", height=3),
        region({"kind": {}}, name="rect", x=0, y=0, width=1, height=3),
        region(attributes, name="polygon", all_points_x=[0, 4], all_points_y=[0]),
        region(attributes, name="point", cx=1, cy=1),
        region(attributes, name="star"),
        5,
    ]
    source = open_source(via(folder, regions))
    np.testing.assert_allclose(examples(source)[0]["boxes"], [[2, 1, 6, 5], [1, 2, 7, 4]], atol=1e-4)
    assert [problem.message[:8] for problem in source.problems()] == [f"region {place}" for place in (2, 3, 4, 6, 7)]
    assert "region 2 is a rect without width" in source.problems()[0].message


def test_via_attributes(folder):
    both = {"colour": "red", "size": "big"}
    spec = via(folder, [region(both, name="rect", x=0, y=0, width=2, height=3)])
    with pytest.raises(InputError, match=r"attributes colour, size: write \?attribute=NAME of one"):
        open_source(spec)
    assert open_source(f"{spec}?attribute=size").object_classes == ("big",)
    spec = via(folder, [region({"Class": "cat", **both}, name="rect", x=0, y=0, width=2, height=3)])
    assert open_source(spec).object_classes == ("cat",)
    spec = via(folder, [region({}, name="rect", x=0, y=0, width=2, height=3)])
    assert open_source(spec).object_classes == ("object",)
    with pytest.raises(InputError, match="no region has the attribute 'age'"):
        open_source(f"{spec}?attribute=age")


def test_via_needs_a_file_of_its_own(folder):
    for text, message in (("[]", "lists no picture"), ('{"a": 5}', "lists no picture"), ("[" * 99_999, "too deep")):
        (folder / "via.json").write_text(text)
        with pytest.raises(InputError, match=message):
            open_source(f"via:{folder / 'via.json'}@{folder}")
    (folder / "via.json").write_text('{"project": {}, "file": {}, "metadata": {}, "view": {}}')
    with pytest.raises(InputError, match="lists no picture with its filename"):
        open_source(f"via:{folder / 'via.json'}@{folder}")
    with pytest.raises(InputError, match="VIA's CSV is not read; export the annotations as JSON"):
        open_source(f"via:{folder / 'via.csv'}@{folder}")
    with pytest.raises(InputError, match="write via:FILE.json@DIR"):
        open_source("via:a.json")
    found = open_source(via(folder, REGIONS, name="../../b/z.png")).problems()
    assert "leaves the folder" in found[0].message


def coco(folder):
    """A large dog that the file names last, a small cat in it, a crowd of cats to the right."""
    square = [0, 0, 4, 0, 4, 4, 0, 4]
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]], "area": 4},
        {"id": 2, "image_id": 1, "category_id": 2, "segmentation": [square], "area": 16},
        {"id": 3, "image_id": 1, "category_id": 1, "segmentation": [[3, 0, 8, 0, 8, 6, 3, 6]], "iscrowd": 1},
    ]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}]
    data = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "coco.json").write_text(json.dumps(data))
    return f"coco_segmentation:{folder / 'coco.json'}@{folder}"


def test_coco_as_pixels(folder):
    source = open_source(coco(folder))
    assert source.classes == BACKGROUND_CAT_DOG and source.findings() == []
    expected = canvas((255, 0, 6, 3, 8), (2, 0, 4, 0, 4), (1, 1, 3, 1, 3))
    first, second = examples(source.of_task("segmentation"))
    np.testing.assert_array_equal(first["segmentation"], expected)
    assert not second["segmentation"].any()
    path = folder / "coco.json"
    path.write_text(
        path.read_text().replace("segmentation", "outline").replace('"area"', '"bbox": [0, 0, 1, 1], "area"')
    )
    with pytest.raises(InputError, match="no annotation has a segmentation"):
        open_source(f"coco_segmentation:{path}@{folder}")


def test_some_classes(folder):
    source = open_source(f"{coco(folder)}?classes=dog")
    assert (source.classes, source.object_classes) == (("background", "dog"), ("dog",))
    first = examples(source)[0]
    assert first["labels"].tolist() == [0] and first["masks"].shape == (1, 6, 8)
    expected = canvas((255, 0, 6, 3, 8), (1, 0, 4, 0, 4), (0, 1, 3, 1, 3))
    np.testing.assert_array_equal(first["segmentation"], expected)
    np.testing.assert_array_equal(examples(source.of_task("segmentation"))[0]["segmentation"], expected)
    assert len(usable(source.of_task("detection"), skip_bad=False)) == 2
    both = open_source(f"{coco(folder).replace('_segmentation', '')}?classes=dog,cat")
    assert both.classes == ("dog", "cat") and examples(both)[0]["labels"].tolist() == [1, 0, 1]
    with pytest.raises(InputError, match=r"'ant' is none of its classes \(background, cat, dog\)"):
        open_source(f"{coco(folder)}?classes=dog,ant")
    with pytest.raises(InputError, match="names no class"):
        open_source(f"{coco(folder)}?classes=,")


def test_halves_of_what_has_no_splits(folder, capsys):
    for number in range(30):
        Image.new("RGB", (8, 6)).save(folder / f"{number}.png")
    labelme(folder, shape("dog", [[0, 0], [4, 0], [4, 4], [0, 4]]))
    halves = [open_source(f"labelme:{folder}:{split}") for split in ("train", "val")]
    names = [{example["name"] for example in examples(half)} for half in halves]
    assert not names[0] & names[1] and len(names[0] | names[1]) == 32 and 2 <= len(names[1]) <= 12
    said = f"labelme:{folder}: has no splits of its own; a hash of the names chooses {len(names[0])} pictures"
    assert said in capsys.readouterr().out
    (folder / "99.png").write_bytes((folder / "1.png").read_bytes())
    again = {example["name"] for example in examples(open_source(f"labelme:{folder}:val"))}
    assert names[1] <= again and len(again - names[1]) <= 1
    joined = open_source(f"labelme:{folder}:train & labelme:{folder}:val")
    assert len(joined) == len(list(joined.records())) == 33
    with pytest.raises(InputError, match="has 1 pictures, too few for train and val"):
        open_source(f"{via(folder, REGIONS)}:train")


def test_projects_of_via_3(folder):
    """Two pictures of a view each; the class is an option's, told by its number."""

    def of(view, *xy, kind="0"):
        return {"vid": view, "flg": 0, "z": [], "xy": list(xy), "av": {"1": kind, "2": "small"}}

    regions = [
        of("1", 2, 1, 2, 4, 3),
        of("1", 7, 0, 0, 4, 0, 4, 4, 0, 4, kind="1"),
        of("1", 1, 3, 3),
        of("1", 2, 1, 2, 4, 3, kind="0,1"),
        of("2", 8, 2, 1, 5, 2, 3, 0, 4, 4),
        of("2", 9, 1, 1, 2, 2, 3, 3),
        {**of("2"), "av": {"3": "a word on the whole picture"}},
    ]
    data = {
        "project": {"pname": "cats"},
        "attribute": {
            "1": {"aname": "kind", "anchor_id": "FILE1_Z0_XY1", "type": 4, "options": {"0": "cat", "1": "dog"}},
            "2": {"aname": "note", "anchor_id": "FILE1_Z0_XY1", "type": 1, "options": {}},
        },
        "file": {str(n): {"fid": str(n), "fname": f"{name}.png", "type": 2} for n, name in enumerate("ab", 1)},
        "view": {str(n): {"fid_list": [str(n)]} for n in (1, 2)},
        "metadata": {f"{one['vid']}_{place}": one for place, one in enumerate(regions)},
    }
    (folder / "via.json").write_text(json.dumps(data))
    source = open_source(f"via:{folder / 'via.json'}@{folder}?attribute=kind")
    assert source.object_classes == ("cat", "dog")
    first, second = examples(source)
    np.testing.assert_array_equal(first["boxes"], [[1, 2, 5, 5], [0, 0, 4, 4]])
    np.testing.assert_array_equal(first["labels"], [0, 1])
    np.testing.assert_array_equal(second["boxes"], [[2, 0, 5, 4]])
    assert [one.message for one in source.problems()] == [
        "region 3 has no kind, by which objects are told apart, or more than one",
        "region 1 is a circle by three points, which is not understood",
    ]


def test_the_objects_of_some_classes_are_counted_without_decoding(folder):
    source = open_source(f"{coco(folder).replace('_segmentation', '')}?classes=dog").of_task("detection")
    decoded = [int((~example["ignored"]).sum()) for example in examples(source)]
    assert source.num_objects().tolist() == decoded and sum(decoded)
    (seen, _) = source.outlook()
    assert seen["labels"].tolist() == examples(source)[0]["labels"].tolist() and seen["size"].tolist() == [6, 8]
    rest = source.without([Problem("a", "is bad", 0)])
    assert rest.num_objects().tolist() == decoded[1:]


@pytest.mark.parametrize(("count", "painted"), [(254, True), (255, False)])
def test_more_classes_than_a_pixel_tells_apart(folder, capsys, count, painted):
    (folder / "classes.txt").write_text("".join(f"class {number}\n" for number in range(count)))
    labelme(folder, shape(f"class {count - 1}", [[0, 0], [4, 0], [4, 4], [0, 4]]))
    source = open_source(f"labelme:{folder}")
    assert ("segmentation" in source.keys) == painted
    assert ("has no class a pixel, as 256 are more than the 255" in capsys.readouterr().out) != painted
    first = examples(source)[0]
    assert first["labels"].tolist() == [count - 1] and (not painted or first["segmentation"].max() == 254)
