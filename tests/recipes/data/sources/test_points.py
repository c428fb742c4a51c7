import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import open_source, pipeline
from recipes.data.sources.points import FACE_FLIP_PAIRS, FACE_SKELETON, box_around
from zoo.errors import InputError

HEADER = "image,x0,y0,x1,y1"


@pytest.fixture
def write(tmp_path):
    for name in "ab":
        Image.new("RGB", (20, 10)).save(tmp_path / f"{name}.png")

    def write(*lines):
        (tmp_path / "marks.csv").write_text("\n".join(lines))
        return f"points:{tmp_path / 'marks.csv'}"

    return write


def examples(source):
    return list(source.records().map(source.decode).as_numpy_iterator())


def test_reads_points_by_hand(write):
    source = open_source(write(HEADER, "b.png,2,3,6.5,7", "a.png,1,2,,"))
    assert (source.classes, source.keys) == (("object",), ("boxes", "labels", "keypoints"))
    first, second = examples(source)
    np.testing.assert_array_equal(first["boxes"], [[2, 3, 6.5, 7]])
    np.testing.assert_array_equal(first["keypoints"], [[[2, 3, 2], [6.5, 7, 2]]])
    assert (first["labels"], first["name"].decode()[-5:]) == ([0], "b.png")
    np.testing.assert_array_equal(second["keypoints"], [[[1, 2, 2], [0, 0, 0]]])
    np.testing.assert_array_equal(second["boxes"], [[0.5, 1.5, 1.5, 2.5]])
    assert source.findings() == []


def test_decodes_eagerly_as_in_a_graph(write):
    source = open_source(write(HEADER, "b.png,2,3,6.5,7", "a.png,1,2,nan,4"))
    for record, example in zip(source.records(), source.records().map(source.decode), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, source.decode(record), example)


def test_a_picture_without_a_visible_point_has_no_object(write):
    source = open_source(write(HEADER, "a.png,,,NaN,2"))
    assert len(examples(source)[0]["labels"]) == 0
    assert [problem.fatal for problem in source.findings()] == [False]
    _, targets = next(iter(pipeline(source, task="points", picture_size=(10, 20), batch_size=1)))
    np.testing.assert_array_equal(targets["labels"], [-1])
    np.testing.assert_array_equal(targets["keypoints"], np.zeros((1, 2, 3)))


def test_pictures_in_a_folder_of_the_tables_name(write, tmp_path):
    (tmp_path / "marks").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "marks" / "a.png")
    assert examples(open_source(write(HEADER, "a.png,1,1,3,3")))[0]["image"].shape == (4, 4, 3)


def test_box_around():
    np.testing.assert_array_equal(box_around(np.array([[1, 5], [3, 2.0]])), [1, 2, 3, 5])
    np.testing.assert_array_equal(box_around(np.array([[1, 5.0]])), [0.5, 4.5, 1.5, 5.5])
    np.testing.assert_array_equal(box_around(np.zeros((0, 2))), [0, 0, 0, 0])


def test_the_mark_up_of_faces():
    assert len(FACE_FLIP_PAIRS) == 29 and len(set(sum(FACE_FLIP_PAIRS, ()))) == 58
    # The tip of the nose, the middle of the chin and of the lips stay; the eyes' outer corners change places.
    assert not {8, 27, 28, 29, 30, 33, 51, 57, 62, 66} & set(sum(FACE_FLIP_PAIRS, ()))
    assert {(0, 16), (17, 26), (36, 45), (41, 46), (48, 54), (59, 55), (60, 64), (67, 65)} <= set(FACE_FLIP_PAIRS)
    assert {(0, 1), (41, 36), (67, 60)} <= set(FACE_SKELETON) and (16, 17) not in FACE_SKELETON
    assert len(FACE_SKELETON) == 16 + 4 + 4 + 3 + 4 + 6 + 6 + 12 + 8


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "the first line is '';"),
        (["a.png,1,2,3,4"], "the first line is 'a.png,1,2,3,4';"),
        (["image,x0,y0,x2,y2", "a.png,1,2,3,4"], "the first line is"),
        ([HEADER], "names no picture"),
        ([HEADER, "", ""], "names no picture"),
        ([HEADER, "a.png,1,2,3"], "marks.csv: line 2: takes a picture and 4 numbers, received 4 cells"),
        ([HEADER, "a.png,1,2,3,4", "b.png,1,2,3,x"], "line 3: could not convert string to float: 'x'"),
        ([HEADER, "a.png,1,2,3,inf"], "line 2: a coordinate is infinite"),
        ([HEADER, ",1,2,3,4"], "line 2: takes a picture"),
        ([HEADER, 'a"b",1,2,3,"4'], "is no CSV"),
        ([HEADER, "a.png,1,2,3,4", "a.png,1,2,3,4"], "names the picture a.png twice"),
    ],
)
def test_unusable_tables_are_refused(write, lines, message):
    with pytest.raises(InputError, match=message):
        open_source(write(*lines))


def test_missing_files_are_named(write, tmp_path):
    (found,) = open_source(write(HEADER, "a.png,1,2,3,4", "z.png,1,2,3,4")).problems()
    assert found.file == str(tmp_path / "z.png") and found.message.endswith("marks.csv: line 3 annotates")
    with pytest.raises(InputError, match="nothing.csv: no such file"):
        open_source("points:nothing.csv")
    with pytest.raises(InputError, match="names no file"):
        open_source("points:")


@pytest.mark.full
def test_faces68(zoo_data):
    source = open_source(f"points:{zoo_data / 'faces68' / 'val.csv'}")
    assert (len(source), source.classes, source.flip_pairs) == (393, ("face",), FACE_FLIP_PAIRS)
    _, targets = next(iter(pipeline(source, task="points", picture_size=(64, 64), batch_size=4)))
    x = targets["keypoints"][..., 0].numpy()
    # One side of the face is left of the other, for each pair: the pairs are true.
    first, second = np.array([pair for pair in FACE_FLIP_PAIRS if min(pair) < 8]).T
    assert np.all(x[:, first] < x[:, second])
