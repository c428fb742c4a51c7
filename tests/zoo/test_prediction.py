import pickle
from dataclasses import fields

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.prediction import Prediction, task_of

FOUND = {
    "boxes": np.array([[[2, 3, 20, 30], [0, 0, 5, 5], [0, 0, 0, 0]]] * 2, "float32"),
    "scores": np.array([[0.9, 0.2, 0], [0.8, 0.7, 0]], "float32"),
    "labels": np.array([[1, 0, -1], [0, 0, -1]], "int32"),
    "count": np.array([2, 2], "int32"),
}


class Like:
    task, class_names, skeleton = "detection", ("<cat>", "dog"), ((0, 1),)


def test_a_prediction_says_what_is_in_it_and_stays_a_dict():
    prediction = Prediction(FOUND, like=Like)
    assert isinstance(prediction, dict) and {**prediction} == dict(prediction) and type({**prediction}) is dict
    assert repr(prediction).splitlines()[1:] == ["  0: 1 dog", "  1: 2 <cat>"]
    page = prediction._repr_html_()
    assert "<td>dog</td><td>0.90</td><td>2, 3, 20, 30</td>" in page and "&lt;cat&gt;" in page and "<cat>" not in page
    again = pickle.loads(pickle.dumps(prediction))
    assert again.class_names == Like.class_names and again["count"].tolist() == [2, 2]


def test_what_lacks_its_task_is_shown_as_a_dict():
    few = Prediction({"labels": FOUND["labels"]}, like=Like)
    assert repr(few).startswith("{'labels'") and few._repr_html_().startswith("<pre>")
    assert repr(Prediction({"logits": np.zeros((2, 5))})).startswith("{'logits'")
    with pytest.raises(zoo.InputError, match="received labels"):
        task_of(few)


@pytest.mark.parametrize(
    ("task", "values", "words"),
    [
        ("segmentation", {"logits": np.eye(2)[np.array([[[0, 1], [1, 1]]])]}, "  0: dog 75 %, <cat> 25 %"),
        ("localization", {"score": [0.9], "box": [[1, 2, 3, 4]], "probs": [[0.2, 0.8]]}, "  0: 1 dog"),
        ("localization", {"score": [0.1], "box": [[1, 2, 3, 4]], "probs": [[0.2, 0.8]]}, "  0: nothing"),
        ("points", {"score": [0.9], "points": [[[1, 2], [3, 4], [5, 6]]]}, "  0: 3 points"),
    ],
)
def test_each_task_has_its_words(task, values, words):
    like = type("Named", (Like,), {"task": task})
    prediction = Prediction({name: np.array(value) for name, value in values.items()}, like=like)
    assert task_of(prediction) == (task, True)
    assert repr(prediction).splitlines()[1:] == [words] and "<table>" in prediction._repr_html_()
    one = Prediction({name: values[0] for name, values in prediction.items()}, like=like)
    assert task_of(one) == (task, False) and repr(one).splitlines()[1:] == [words]


def test_keras_sees_a_dict():
    model = zoo.grid_detector(2, grid=(2, 3), width=1 / 8, input_shape=(32, 48, 3))
    model.class_names = ("cat", "dog")
    found = model.predict(np.full((3, 32, 48, 3), 99, "float32"), verbose=0)
    assert found.class_names == ("cat", "dog") and found.task == "detection"
    shapes = keras.tree.map_structure(np.shape, found)
    assert shapes["boxes"] == (3, 100, 4) and sorted(shapes) == ["boxes", "count", "labels", "scores"]


def test_a_prediction_is_drawn_on_its_picture():
    picture = Image.new("RGB", (40, 32), (99, 99, 99))
    one = {name: values[0] for name, values in FOUND.items()}
    drawn = np.asarray(zoo.draw(picture, one, ["cat", "dog"]))
    assert drawn.shape == (32, 40, 3) and (drawn[20, 2] != 99).any() and (drawn[25, 30] == 99).all()
    np.testing.assert_array_equal(drawn, zoo.draw(np.asarray(picture), Prediction(one, like=Like), ("cat", "dog")))
    assert (np.asarray(zoo.draw(picture, one, score=0.95)) == 99).all()
    with pytest.raises(zoo.InputError, match="of one picture, received 2"):
        zoo.draw(picture, FOUND)
    with pytest.raises(zoo.InputError, match="a prediction has boxes"):
        zoo.draw(picture, {"nothing": 1})
    with pytest.raises(zoo.InputError, match="received the path 'a.jpg': give np.asarray"):
        zoo.draw("a.jpg", one)
    with pytest.raises(zoo.InputError, match=r"received float64 .*: give pixels of 0 to 255"):
        zoo.draw(np.asarray(picture) / 255, one)
    with pytest.raises(zoo.InputError, match="score is a number from 0 to 1, received 50"):
        zoo.draw(picture, one, score=50)


def test_reports_are_tables_in_a_notebook():
    from export import Benchmark

    unknown = dict.fromkeys((field.name for field in fields(Benchmark)), None)
    timed = Benchmark(**unknown | {"path": "<a>.onnx", "load_ms": 1.23456789, "image_size": ()})
    assert timed._repr_html_() == (
        "<table><tbody><tr><td>path</td><td>&lt;a&gt;.onnx</td></tr>"
        "<tr><td>load_ms</td><td>1.23457</td></tr></tbody></table>"
    )
    found = zoo.info(zoo.grid_detector(2, grid=(2, 3), width=1 / 8, input_shape=(32, 48, 3)))
    assert "<td>image_size</td><td>32, 48</td>" in found._repr_html_() and "layers" not in found._repr_html_()


@pytest.mark.parametrize("wrong", [None, np.zeros((4, 6, 3), np.uint8), "boxes"])
def test_what_is_no_prediction_is_one_line(wrong):
    with pytest.raises(zoo.InputError, match="a prediction is a dict as model.predict returns it, received a "):
        zoo.draw(np.zeros((4, 6, 3), np.uint8), wrong)
