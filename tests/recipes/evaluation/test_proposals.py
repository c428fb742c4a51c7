import json

import numpy as np
import pytest
from PIL import Image

from recipes.data import Problem, open_source
from recipes.data.sources.proposed import Proposed
from recipes.evaluation.proposals import compare, first, measure
from zoo.errors import InputError


@pytest.fixture
def squares(tmp_path):
    """A `yolo:` folder of three dark 64 x 48 pictures with a bright square each; the last has none annotated."""
    for part in ("images", "labels"):
        (tmp_path / "set" / part).mkdir(parents=True)
    (tmp_path / "set" / "data.yaml").write_text("names: [square]\ntrain: images\n")
    for i in range(3):
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[12:36, 16 + 8 * i : 48 + 8 * i] = 200
        Image.fromarray(picture).save(tmp_path / "set" / "images" / f"{i}.png")
        line = f"0 {0.5 + i / 8} 0.5 0.5 0.5\n" if i < 2 else ""
        (tmp_path / "set" / "labels" / f"{i}.txt").write_text(line)
    return f"yolo:{tmp_path / 'set'}:train"


def test_superpixels_find_squares(squares, tmp_path):
    found = measure(Proposed(open_source(squares), "superpixels", 20, tmp_path, processes=1))
    assert (found["method"], found["pictures"], found["objects"]) == ("superpixels", 3, 2)
    assert found["counts"][0] == 1 and found["counts"][-1] == 20
    assert found["average_recall"][-1] > 0.8 and found["recall"]["0.5"][-1] == 1.0
    assert found["average_recall"] == sorted(found["average_recall"])
    assert found["recall_at_iou"] == sorted(found["recall_at_iou"], reverse=True)
    assert found["iou"][0] == 0.5 and found["iou"][-1] == 1.0
    assert 2 <= found["proposals"] <= 20 and found["seconds"] > 0 and found["repeatability"] == {}


def test_compare_writes_curves_and_figures(squares, tmp_path):
    methods = ["sliding_window", "uniform", "uniform"]
    arguments = {"methods": methods, "count": 50, "repeated": 1, "cache_dir": tmp_path, "processes": 1}
    found = compare(open_source(squares), tmp_path / "out", **arguments)
    assert [one["method"] for one in found] == ["sliding_window", "uniform"]
    assert found[0]["repeatability"]["blur"] == 1.0 > found[1]["repeatability"]["blur"]
    assert json.loads((tmp_path / "out" / "proposals.json").read_text()) == found
    with Image.open(tmp_path / "out" / "proposals.png") as drawn:
        assert len(np.unique(np.asarray(drawn.convert("RGB")).reshape(-1, 3), axis=0)) > 20


def test_first_pictures(squares):
    source = open_source(squares)
    assert len(first(source, 2)) == 2 and len(first(source, 5)) == 3
    names = [
        example["name"].decode() for example in first(source, 1).records().map(source.decode).as_numpy_iterator()
    ]
    assert [name.rsplit("/", 1)[-1] for name in names] == ["0.png"]


def test_one_proposal_a_picture(squares, tmp_path):
    assert measure(Proposed(open_source(squares), "uniform", 1, tmp_path, processes=1))["counts"] == [1]


def test_pictures_without_objects_are_refused(squares, tmp_path):
    source = open_source(squares)
    empty = source.without([Problem("x", "left out", index) for index in (0, 1)])
    with pytest.raises(InputError, match="no object on these 1 pictures; take more of them"):
        measure(Proposed(empty, "uniform", 5, tmp_path, processes=1))


def test_the_verb(zoo, squares, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "cache"))
    words = ["proposals", squares, "--method", "gaussian", "--method", "superpixels", "--count", "100"]
    code, out, _ = zoo(*words, "--repeated", "0", "--pictures", "2", "--processes", "1")
    assert code == 0
    out = " ".join(out.split())
    for word in ("gaussian", "superpixels", "AR@10", "AR@100", "R@0.7", "2 pictures, 2 objects"):
        assert word in out
    assert (tmp_path / "proposals" / "proposals.png").is_file()
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "bing"], "unknown method of proposals 'bing'"),
        pytest.param(["--count", "0"], "proposals are 1 or more a picture, received 0", marks=pytest.mark.full),
        pytest.param(["--pictures", "0"], "pictures is 1 or more, received 0", marks=pytest.mark.full),
        (["--output", "file/x"], "file/x: cannot be made"),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_2(zoo, squares, tmp_path, monkeypatch, words, message):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "cache"))
    (tmp_path / "file").write_text("")
    code, _, err = zoo("proposals", squares, "--method", "uniform", "--repeated", "0", "--processes", "1", *words)
    assert code == 2 and err.count("\n") == 1 and message in err


def test_sources_without_boxes_are_refused(zoo, sets):
    code, _, err = zoo("proposals", f"masks:{sets[0]}")
    assert code == 2 and "has no boxes" in err
