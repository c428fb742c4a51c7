"""Evaluation, samples and prediction by task, with a predictor that knows the answers."""

import json
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from faster_coco_eval import mask
from PIL import Image

from recipes.data import pipeline
from recipes.data.sources.source import Source
from recipes.deploy.predict import predict
from recipes.deploy.summary import summary
from recipes.evaluation.evaluate import Measure, accumulate, decoded, evaluate, predictions, take_samples
from zoo.errors import InputError

NAMES = ("nose", "tail")


class Scenes(Source):
    """Pictures of growing width, each with a small cat and a larger dog; the last one is empty."""

    spec, classes, keypoint_names, count = "scenes:", ("cat", "dog"), NAMES, 4
    keys = ("boxes", "labels", "keypoints", "masks")

    def all_records(self):
        """Numbers."""
        return tf.data.Dataset.range(self.count)

    def decode(self, record):
        """Draws one."""
        width = 40 + 4 * tf.cast(record, tf.int32)
        objects = tf.where(record == self.count - 1, 0, 2)
        boxes = tf.constant([[1.0, 1, 9, 9], [10, 10, 38, 30]])
        return {
            "image": tf.fill((32, width, 3), tf.constant(100, tf.uint8)),
            "name": tf.strings.as_string(record),
            "boxes": boxes[:objects],
            "labels": tf.constant([0, 1])[:objects],
            "keypoints": tf.concat([tf.reshape(boxes, (2, 2, 2)), tf.fill((2, 2, 1), 2.0)], -1)[:objects],
            "masks": tf.stack(
                [
                    tf.pad(tf.ones(size, tf.uint8), [(y, 32 - y - size[0]), (x, width - x - size[1])])
                    for x, y, size in ((1, 1, (8, 8)), (10, 10, (20, 28)))
                ]
            )[:objects],
        }


def seen(task, empty):
    """The right prediction of a scene."""
    score = np.float32(0.1 if empty else 0.9)
    objects = {
        "boxes": np.array([[10, 10, 38, 30.0], [1, 1, 9, 9], [0, 0, 0, 0]]),
        "scores": np.array([score, score / 2, 0]),
        "labels": np.array([1, 0, -1]),
    }
    masks = np.ones((3, 28, 28), "float32")
    keypoints = np.array([[[10, 10, 5], [38, 30, 1.5]], [[1, 1, 5], [9, 9, 5]], [[0, 0, 0], [0, 0, 0]]])
    return {
        "localization": {"score": score, "box": np.array([10, 10, 38, 30.0]), "probs": np.array([0.2, 0.8])},
        "points": {"score": score, "points": np.array([[10, 10], [38, 30.0]])},
        "detection": objects,
        "instance_segmentation": {**objects, "masks": masks},
        "keypoints": {**objects, "keypoints": keypoints},
        "masks_and_keypoints": {**objects, "masks": masks, "keypoints": keypoints},
    }[task]


class Knowing:
    """A predictor that recognises the empty scene by its width."""

    class_names, keypoint_names, skeleton = ("cat", "dog"), NAMES, ((0, 1),)
    proposals, names = "", ()

    def __init__(self, task):
        self.task = task

    def predict_each(self, pictures):
        """Answers."""
        for picture in pictures:
            yield seen(self.task, picture.shape[1] == 52)


FIGURES = {
    "localization": {"accuracy": 1, "class_accuracy": 1, "mean_iou": 1},
    "points": {"nme": 0, "auc": 1, "pck": 1, "pck/tail": 1},
    # The two detections in the empty scene have the scores 0.1 and 0.05, below all right ones.
    "detection": {"ap": 1, "voc_ap50": 1, "ap/cat": 1},
    "instance_segmentation": {"mask_ap": 1, "ap": 1, "mask_ap/cat": 1},
    "keypoints": {"keypoint_ap": 1, "ap": 1, "keypoint_ap/dog": 1},
    "masks_and_keypoints": {"mask_ap": 1, "keypoint_ap": 1, "ap": 1, "mask_ap/cat": 1, "keypoint_ap/dog": 1},
}


@pytest.mark.parametrize(("task", "expected"), FIGURES.items())
def test_right_answers_have_the_best_figures(task, expected):
    source = Scenes()
    scores = evaluate(Knowing(task), source)
    assert {name: scores[name] for name in expected} == pytest.approx(expected)
    assert evaluate(Knowing(task), source, progress=False) == scores == accumulate(Knowing(task), source).scores()
    json.dumps([scores, accumulate(Knowing(task), source).curves()], allow_nan=False)


def test_a_detector_of_more_classes_is_measured_by_the_sources():
    """As COCO's 90 numbers on a source of 80 classes: what it finds of the others is left out, its order kept."""
    knowing = Knowing("detection")
    expected = evaluate(knowing, Scenes())
    knowing.class_names = ("unused", "dog", "bird", "cat")
    places = np.array([3, 1, 2])

    def predict_each(pictures):
        for picture in pictures:
            found = seen("detection", picture.shape[1] == 52)
            best = {"boxes": [[0, 0, 5, 5]], "scores": [0.99], "labels": [2]}  # a bird, which no source knows
            found["labels"] = np.where(found["labels"] < 0, -1, places[found["labels"]])
            yield {name: np.concatenate([best[name], found[name]]) for name in best}

    knowing.predict_each = predict_each
    assert evaluate(knowing, Scenes()) == expected
    knowing.class_names = ("unused", "dog", "bird", "cow")
    with pytest.raises(InputError, match="scenes: has the classes cat, dog, the model unused, dog, bird, cow: name"):
        evaluate(knowing, Scenes())


@pytest.mark.parametrize("task", FIGURES)
def test_samples_of_every_task(task):
    samples = take_samples(Knowing(task), Scenes(), 4)
    assert [sample.name for sample in samples] == ["0", "1", "2", "3"]
    assert set(samples[0].truth) <= set(samples[0].prediction) | {"ignored", "crowds"}
    assert samples[0].score in (0, 1)
    assert len(take_samples(Knowing(task), Scenes(), 2)) == 2


def test_each_picture_meets_its_own_prediction():
    widths = [52, 40, 44]
    examples = [{"image": np.zeros((32, width, 3), "uint8")} for width in widths]
    pairs = list(predictions(Knowing("points"), examples))
    assert [example["image"].shape[1] for example, _ in pairs] == widths
    assert [float(found["score"]) < 0.5 for _, found in pairs] == [True, False, False]
    assert list(predictions(Knowing("points"), [])) == []


WRONG = {
    "lacking": ({"keys": ("boxes", "labels")}, "scenes: has no keypoints, which points is measured by"),
    "classes": ({"classes": ("cow",)}, "scenes: has the classes cow, the model cat, dog"),
    "keypoints": ({"keypoint_names": ("ear", "tail")}, "scenes: has the keypoints ear, tail, the model nose, tail"),
}


@pytest.mark.parametrize("attributes, message", WRONG.values(), ids=WRONG)
def test_a_source_that_does_not_fit_is_named(attributes, message):
    source = Scenes()
    vars(source).update(attributes)
    with pytest.raises(InputError, match=message):
        evaluate(Knowing("points"), source)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, width in (("full", 40), ("empty", 52)):
        Image.new("RGB", (width, 32), (100, 100, 100)).save(folder / f"{name}.png")
    return folder


DOG = {"class": "dog", "score": 0.9, "box": [10, 10, 38, 30]}
# Columns of 32 pixels: 10 empty ones and the 10 pixels above the dog, its 20, 12 from there to the next, and so on.
RUNS = [10 * 32 + 10, *[20, 12] * 27, 20, 2 + 2 * 32]
ENTRIES = {
    "localization": ("objects", [DOG], "1 dog"),
    "points": ("points", {"nose": [10, 10], "tail": [38, 30]}, "2 points"),
    "detection": ("objects", [DOG], "1 dog"),
    "instance_segmentation": (
        "objects",
        [{**DOG, "mask": mask.frPyObjects({"size": [32, 40], "counts": RUNS}, 32, 40)}],
        "1 dog",
    ),
    "keypoints": ("objects", [{**DOG, "keypoints": {"nose": [10, 10, 5], "tail": [38, 30, 1.5]}}], "1 dog"),
}
for found in ENTRIES["instance_segmentation"][1]:
    found["mask"]["counts"] = found["mask"]["counts"].decode()
(MASK,), (POINTS,) = (ENTRIES[task][1] for task in ("instance_segmentation", "keypoints"))
ENTRIES["masks_and_keypoints"] = ("objects", [{**MASK, **POINTS}], "1 dog")


@pytest.mark.parametrize("task", ENTRIES)
def test_predictions_are_written(task, pictures, tmp_path):
    entries, skipped = predict(Knowing(task), [pictures], tmp_path / "out")
    key, found, words = ENTRIES[task]
    empty, full = entries
    assert skipped == [] and json.loads((tmp_path / "out" / "predictions.json").read_text()) == entries
    assert (full["height"], full["width"], full["overlay"]) == (32, 40, "full_overlay.png")
    assert full[key] == found and summary(full) == words
    assert len(empty[key]) == 0 and summary(empty) == "nothing"
    assert sorted(file.name for file in (tmp_path / "out").glob("*.png")) == ["empty_overlay.png", "full_overlay.png"]
    drawn = np.asarray(Image.open(tmp_path / "out" / "full_overlay.png"))
    assert (drawn != 100).any() and (np.asarray(Image.open(tmp_path / "out" / "empty_overlay.png")) == 100).all()


def test_a_lower_score_shows_more(pictures, tmp_path):
    entries, _ = predict(Knowing("detection"), [pictures], tmp_path / "out", score=0.4)
    assert [len(entry["objects"]) for entry in entries] == [0, 2]
    assert summary(entries[1]) == "1 dog, 1 cat"
    with pytest.raises(InputError, match="from 0 to 1, received 50"):
        predict(Knowing("detection"), [pictures], tmp_path / "out", score=50)


def test_classes_and_points_without_names_have_numbers(pictures, tmp_path):
    for task, expected in (("detection", "1 class 1"), ("keypoints", "1 class 1"), ("points", "2 points")):
        nameless = SimpleNamespace(
            task=task,
            names=(),
            class_names=(),
            keypoint_names=(),
            skeleton=(),
            proposals="",
            predict_each=Knowing(task).predict_each,
        )
        entries, _ = predict(nameless, [pictures], tmp_path / task)
        assert summary(entries[1]) == expected
    assert list(entries[1]["points"]) == ["0", "1"]


def test_pictures_are_decoded_side_by_side_and_come_in_their_order():
    """Two of them are at work at once, or the barrier breaks; the first is the last to be done."""
    both = threading.Barrier(2)

    def wait(number):
        if number < 2:
            both.wait(timeout=20)
        time.sleep(0.05 * (number == 0))
        return number

    class Slow(Scenes):
        def decode(self, record):
            return super().decode(tf.ensure_shape(tf.numpy_function(wait, [record], tf.int64), ()))

    source = Slow()
    names = [example["name"] for example in decoded(source, source.records(), "detection")]
    assert names == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("task", ["detection", "masks_and_keypoints", "points"])
def test_pictures_are_shown_whole_while_their_batches_are_made(task):
    source, seen = Scenes(), []
    batches = pipeline(source, task=task, picture_size=(32, 64), batch_size=3, seen=seen.append)
    plain = pipeline(source, task=task, picture_size=(32, 64), batch_size=3)
    for _ in range(2):
        seen.clear()
        for ours, theirs in zip(batches, plain, strict=True):
            tf.nest.map_structure(np.testing.assert_array_equal, ours, theirs)
        expected = list(decoded(source, source.records(), task))
        assert len(seen) == 4 and [set(one) for one in seen] == [set(one) for one in expected]
        for one, other in zip(seen, expected, strict=True):
            for key, value in other.items():
                np.testing.assert_array_equal(one[key], value)
    measure = Measure(Knowing(task), source)
    measure.add(seen[:3])
    measure.add(seen[3:])
    assert measure.evaluator.scores() == evaluate(Knowing(task), source)
