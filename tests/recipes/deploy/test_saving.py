import json

import numpy as np
import pytest
from PIL import Image

from recipes.deploy.predict import predict
from tests.recipes.blobs import GREEN, RED, detector, moving, picture, write_video
from tests.recipes.deploy.test_predict import PREDICTOR
from zoo.drawing.colours import palette
from zoo.errors import InputError


@pytest.fixture
def scene(tmp_path):
    things = (RED, (2, 4, 22, 24)), (GREEN, (30, 6, 40, 12)), (GREEN, (30, 20, 36, 24)), (RED, (50, 2, 53, 5))
    Image.fromarray(picture((30, 60), *things)).save(tmp_path / "000042.png")
    return tmp_path / "000042.png"


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_only_what_is_asked_for_is_written(scene, tmp_path):
    predict(detector(), [scene], tmp_path / "out")
    assert files(tmp_path / "out") == ["000042_overlay.png", "predictions.json"]
    predict(detector(), [scene], tmp_path / "json", save="json")
    assert files(tmp_path / "json") == ["predictions.json"]
    predict(detector(), [scene], tmp_path / "both", save="coco, yolo")
    assert files(tmp_path / "both") == ["classes.txt", "coco.json", "labels/000042.txt"]


def test_coco_and_yolo_say_the_same_as_the_json(scene, tmp_path):
    (entry,), _ = predict(detector(), [scene], tmp_path / "out", save=["json", "coco", "yolo"])
    results = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert [(one["image_id"], one["category_id"], one["bbox"]) for one in results] == [
        (42, 1, [2, 4, 20, 20]),
        (42, 2, [30, 6, 10, 6]),
    ]
    assert [one["score"] for one in results] == [one["score"] for one in entry["objects"]]
    rows = np.loadtxt(tmp_path / "out" / "labels" / "000042.txt")
    np.testing.assert_allclose(rows[0], [0, 12 / 60, 14 / 30, 20 / 60, 20 / 30], atol=1e-6)
    assert rows[:, 0].tolist() == [0, 1] and entry["labels"] == "labels/000042.txt"
    assert (tmp_path / "out" / "classes.txt").read_text() == "red\ngreen\n"


def test_names_that_are_no_numbers_are_counted(scene, tmp_path):
    for name in ("b", "c"):
        (tmp_path / f"{name}.png").write_bytes(scene.read_bytes())
    predict(detector(), [scene, tmp_path / "b.png", tmp_path / "c.png"], tmp_path / "out", save="coco")
    results = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert [one["image_id"] for one in results] == [1, 1, 2, 2, 3, 3]


def test_chosen_classes_scores_and_numbers(scene, tmp_path):
    def boxes(**options):
        (entry,), _ = predict(detector(), [scene], tmp_path / "out", **options)
        return [(one["class"], one["box"][0]) for one in entry["objects"]]

    assert boxes(score=0) == [("red", 2), ("green", 30), ("green", 30), ("red", 50)]
    assert boxes(score=0, classes="green") == [("green", 30), ("green", 30)]
    assert boxes(score=0, classes=["green", "red"], most=1) == [("red", 2)]
    assert boxes(score=0.95) == []
    with pytest.raises(InputError, match="--classes: the model knows no 'gren', nearest are green"):
        boxes(classes="red,gren")
    with pytest.raises(InputError, match="--max takes 1 object or more, received 0"):
        boxes(most=0)


def test_label_maps_are_indexed_in_the_overlays_colours(tmp_path):
    image = np.zeros((5, 7, 3), np.uint8)
    image[:, 4:] = 255
    Image.fromarray(image).save(tmp_path / "halves.png")
    (entry,), _ = predict(PREDICTOR, [tmp_path / "halves.png"], tmp_path / "out")
    with Image.open(tmp_path / "out" / "halves_classes.png") as classes:
        assert classes.mode == "P" and classes.size == (7, 5)
        np.testing.assert_array_equal(np.asarray(classes)[0], [0, 0, 0, 0, 1, 1, 1])
        np.testing.assert_array_equal(np.asarray(classes.convert("RGB"))[0, 4], palette(2)[1])
    (entry,), _ = predict(PREDICTOR, [tmp_path / "halves.png"], tmp_path / "out", classes="bright")
    assert entry["shares"] == {"bright": round(3 / 7, 6)}
    with Image.open(tmp_path / "out" / "halves_classes.png") as classes:
        np.testing.assert_array_equal(np.asarray(classes)[0], [255, 255, 255, 255, 1, 1, 1])


def test_a_video_has_a_map_and_rows_a_frame(tmp_path):
    clip = write_video(tmp_path / "clip.avi", [moving(number) for number in range(3)])
    predict(PREDICTOR, [clip], tmp_path / "maps", save="classes")
    assert files(tmp_path / "maps") == [f"clip_classes/{number:06}.png" for number in range(3)]
    entries, _ = predict(detector(), [clip], tmp_path / "rows", save="yolo,json")
    assert [entry["labels"] for entry in entries] == [f"labels/clip_{number:06}.txt" for number in range(3)]


def test_what_a_task_has_none_of_is_refused(scene, tmp_path):
    for predictor, save, message in (
        (detector(), "classes", "--save classes is for segmentation, the model is for detection"),
        (PREDICTOR, "coco", "--save coco is for boxes of objects, the model is for segmentation"),
        (PREDICTOR, "video", "--save takes some of overlay, json, classes, coco, yolo, received 'video'"),
    ):
        with pytest.raises(InputError, match=message):
            predict(predictor, [scene], tmp_path / "out", save=save)
    with pytest.raises(InputError, match="--track follows the objects of a detector"):
        predict(PREDICTOR, [scene], tmp_path / "out", track="bytetrack")
    assert not (tmp_path / "out").exists()
