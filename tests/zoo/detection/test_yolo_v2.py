from functools import cache

import keras
import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full, learns, parameters, quick, saves_and_loads
from zoo import InputError, tiny_yolo_v2, yolo_v2
from zoo.detection.yolo_anchors import VOC_ANCHORS


def toy(**arguments):
    """A Tiny YOLO v2 with a 2x2 grid, one anchor of one cell and two classes."""
    return tiny_yolo_v2(2, **{"anchors": [(1, 1)], "width": 1 / 16, "input_shape": (64, 64, 3), **arguments})


@cache
def network():
    """The toy of the tests that leave it as it is."""
    return toy()


def targets(*objects, rows=3):
    """Pads objects `(x1, y1, x2, y2, label)` of one picture."""
    boxes, labels = np.zeros((1, rows, 4), "float32"), -np.ones((1, rows), "int32")
    for i, (*box, label) in enumerate(objects):
        boxes[0, i], labels[0, i] = box, label
    return {"boxes": boxes, "labels": labels}


def terms(model, grid, **kwargs):
    found = model.loss_terms(targets(*kwargs["objects"]), {"grid": ops.convert_to_tensor(grid, "float32")})
    return {name: float(value) for name, value in found.items()}


def test_parameters_equal_the_releases(undrawn):
    assert parameters(tiny_yolo_v2(20)) == 15_861_773
    assert parameters(yolo_v2(20, anchors=VOC_ANCHORS)) == 50_655_389
    assert parameters(yolo_v2(80)) == 50_962_889


def test_the_papers_grid(undrawn):
    assert yolo_v2(80, input_shape=(608, 608, 3)).output["grid"].shape == (None, 19, 19, 5 * 85)
    assert tiny_yolo_v2(20, input_shape=(416, 416, 3)).output["grid"].shape == (None, 13, 13, 125)


@pytest.mark.core
def test_decoding_by_hand():
    grid = np.zeros((1, 2, 2, 7), "float32")
    grid[0, 1, 0] = [0, np.log(3), np.log(0.5), 0, np.log(4), np.log(3), 0]
    boxes, scores = network().decode({"grid": ops.convert_to_tensor(grid)})
    # Third row: centre at (0.5, 1.75) cells, half a cell wide, one high; below the frame the box is cut.
    np.testing.assert_allclose(ops.convert_to_numpy(boxes)[0, 2], [8, 40, 24, 64], rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(scores)[0, 2], [0.8 * 0.75, 0.8 * 0.25], rtol=1e-5)


@pytest.mark.core
def test_a_perfect_box_by_hand():
    found = terms(network(), np.zeros((1, 2, 2, 7)), objects=[(0, 0, 32, 32, 1)])
    assert found["box_loss"] == pytest.approx(0, abs=1e-6)
    assert found["object_loss"] == pytest.approx(0.5 * 5 * 0.5**2)  # sigmoid(0) where the IoU is 1
    assert found["noobject_loss"] == pytest.approx(0.5 * 3 * 0.5**2)  # the three other cells
    assert found["class_loss"] == pytest.approx(np.log(2))


@pytest.mark.core
def test_a_displaced_small_box_by_hand():
    found = terms(network(), np.zeros((1, 2, 2, 7)), objects=[(0, 8, 16, 24, 0)])
    errors = (0.5 - 0.25) ** 2 + 2 * np.log(0.5) ** 2
    assert found["box_loss"] == pytest.approx(0.5 * (2 - 1 / 16) * errors, rel=1e-5)
    assert found["object_loss"] == pytest.approx(0.5 * 5 * (0.5 - 0.25) ** 2, rel=1e-5)  # IoU 256 / 1024


@pytest.mark.core
def test_a_box_near_an_object_is_not_taught_to_see_nothing():
    grid = np.zeros((1, 2, 2, 7))
    grid[0, 0, 1, 0] = -20  # the second cell's box moves to its left border: IoU 0.5 / 1.5 with the first
    grid[0, 1, 0, 1] = -20
    grid[0, 1, 0, 3] = np.log(2)  # the third's grows upwards to [0, 0, 32, 64], IoU 0.5
    model = toy()
    model.ignored_iou = 0.4
    found = terms(model, grid, objects=[(0, 0, 32, 32, 1)])
    assert found["noobject_loss"] == pytest.approx(0.5 * 2 * 0.5**2)


@pytest.mark.core
def test_no_object_at_all_is_background():
    found = terms(network(), np.zeros((1, 2, 2, 7)), objects=[])
    nothing = {"box_loss": 0, "object_loss": 0, "class_loss": 0, "pull_loss": 0}
    assert found == pytest.approx({**nothing, "noobject_loss": 0.5})


@pytest.mark.core
def test_idle_anchors_are_pulled_to_their_prior_over_the_first_pictures():
    """By hand: an answering anchor is not, one near an object is, and none after the last of those pictures."""
    model = toy()
    grid = np.zeros((1, 2, 2, 7))
    grid[0, 0, 0, :4] = 9  # answers for the object
    grid[0, 0, 1, :4] = [np.log(3), -np.log(3), 0.5, -2]  # sigmoids of 3 / 4 and 1 / 4
    pull = 0.5 * 0.01 * (2 * 0.25**2 + 0.5**2 + 2**2)
    for seen, expected in [(0, pull), (12_799, pull), (12_800, 0)]:
        model.seen.assign(seen)
        assert terms(model, grid, objects=[(0, 0, 32, 32, 1)])["pull_loss"] == pytest.approx(expected, rel=1e-5)
    grid[0, 0, 1, :4] = [0, 0, 1, 0]
    model.ignored_iou = 0.0
    model.seen.assign(0)
    assert terms(model, grid, objects=[(0, 0, 40, 32, 1)])["pull_loss"] == pytest.approx(0.5 * 0.01, rel=1e-5)


@pytest.mark.parametrize("builder", [yolo_v2, tiny_yolo_v2])
def test_the_builders_say_how_many_pictures_are_pulled_in(builder):
    shared = {"num_classes": 2, "anchors": [(1, 1)], "width": 1 / 16, "input_shape": (64, 96, 3)}
    assert builder(**shared).pulled_pictures == 12_800
    model = builder(pulled_pictures=0, **shared)
    assert terms(model, np.ones((1, 2, 3, 7)), objects=[(0, 0, 32, 32, 1)])["pull_loss"] == 0
    for wrong in (-1, 0.5, "all"):
        with pytest.raises(InputError, match=f"pulled_pictures is a whole number .*received {wrong!r}"):
            builder(pulled_pictures=wrong, **shared)


@pytest.mark.core
def test_the_pictures_of_training_alone_are_counted_and_come_back(every_way, tmp_path):
    model = toy()
    images = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3), "uint8")
    truth = {key: np.repeat(value, 3, 0) for key, value in targets((3, 5, 40, 50, 1)).items()}
    model.compile("sgd")
    for count in (3, 6):
        logs = model.train_on_batch(images, truth, return_dict=True)
        assert int(model.seen) == count and logs["pull_loss"] > 0
    model.evaluate(images, truth, verbose=0)
    model.predict(images, verbose=0)
    assert int(model.seen) == 6
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    assert int(keras.saving.load_model(tmp_path / "model.keras").seen) == 6
    resumed = toy()
    resumed.load_weights(tmp_path / "model.weights.h5")
    assert int(resumed.seen) == 6
    model.pulled_pictures = 6
    assert model.train_on_batch(images, truth, return_dict=True)["pull_loss"] == 0


@pytest.mark.core
def test_files_from_before_pictures_were_counted_load(monkeypatch, tmp_path):
    model = toy()
    monkeypatch.setattr(type(model), "save_own_variables", lambda self, store: None)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    other = toy()
    other.load_weights(tmp_path / "model.weights.h5")
    for again in (loaded, other):
        for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.core
def test_two_objects_of_one_cell_count_once():
    once = terms(network(), np.zeros((1, 2, 2, 7)), objects=[(0, 0, 32, 32, 1)])
    twice = terms(network(), np.zeros((1, 2, 2, 7)), objects=[(4, 4, 20, 20, 0), (0, 0, 32, 32, 1)])
    assert twice == pytest.approx(once)


@pytest.mark.core
def test_predicts_learns_saves_and_loads(every_way, tmp_path):
    model = toy()
    images = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), "uint8")
    truth = {key: np.repeat(value, 2, 0) for key, value in targets((3, 5, 40, 50, 1)).items()}
    learns(model, images, truth, learning_rate=1e-4)
    found = model.predict(images, verbose=0)
    assert {key: value.shape[1:] for key, value in found.items()} == {
        "boxes": (100, 4),
        "scores": (100,),
        "labels": (100,),
        "count": (),
    }
    assert (np.diff(found["scores"], axis=1) <= 0).all()
    saves_and_loads(model, images, tmp_path / "model.keras")


@core_in_full
@pytest.mark.full
def test_the_passthrough_learns_at_any_size():
    model = yolo_v2(2, width=1 / 32)
    images = np.random.default_rng(0).integers(0, 255, (2, 64, 96, 3), "uint8")
    learns(model, images, {key: np.repeat(value, 2, 0) for key, value in targets((3, 5, 40, 50, 1)).items()})
    assert model.predict(images, verbose=0)["boxes"][..., 2].max() <= 96


@core_in_full
@pytest.mark.parametrize("builder", quick([yolo_v2, tiny_yolo_v2], tiny_yolo_v2))
def test_any_size_in_turn(builder, traced):
    """One model, sizes one after the other, one of them odd: each as if it were the first."""
    model = builder(2, width=1 / 16, score_threshold=0.0)
    for size in [(64, 96), (37, 45), (96, 64)]:
        images = np.random.default_rng(0).integers(0, 255, (2, *size, 3), "uint8")
        found = model.predict(images, verbose=0)
        expected = model.predictions(model(images))
        assert found["count"].min() > 0
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], ops.convert_to_numpy(values), rtol=1e-4, atol=1e-3)


@pytest.mark.core
def test_a_side_that_is_no_multiple_is_padded_and_boxes_end_at_the_picture():
    """37 x 45 as 64 x 64 with zeros around it, whichever way the model learns of the size."""
    images = np.random.default_rng(0).integers(0, 255, (1, 37, 45, 3), "uint8")
    framed = np.pad(images, [(0, 0), (0, 27), (0, 19), (0, 0)])
    any_size, fixed, frame = (toy(input_shape=shape) for shape in [(None, None, 3), (37, 45, 3), (64, 64, 3)])
    frame.set_weights(any_size.get_weights())
    fixed.set_weights(any_size.get_weights())
    expected = ops.convert_to_numpy(frame(framed)["grid"])
    for model in (any_size, fixed):
        outputs = model(images)
        np.testing.assert_allclose(ops.convert_to_numpy(outputs["grid"]), expected, rtol=1e-5, atol=1e-6)
        assert ops.convert_to_numpy(outputs["size"]).tolist() == [37, 45]
    # The first cell's box, made twice as large to all sides, reaches from the corner to the picture's other border.
    grid = np.zeros((1, 2, 2, 7), "float32")
    grid[0, 0, 0, 2:4] = 4
    boxes, _ = any_size.decode({"grid": ops.convert_to_tensor(grid), "size": ops.convert_to_tensor([37.0, 45.0])})
    np.testing.assert_allclose(ops.convert_to_numpy(boxes)[0, 0], [0, 0, 45, 37])


@pytest.mark.core
def test_nothing_is_added_where_both_sides_are_multiples():
    assert toy().output.keys() == {"grid"}
    assert "pad" not in {layer.name for layer in toy().layers}


@pytest.mark.core
def test_objects_are_measured_by_the_picture_not_the_frame():
    grid, size = ops.zeros((1, 2, 2, 7)), ops.convert_to_tensor([40.0, 50.0])
    assigned = network().assign(targets((0, 8, 16, 24, 0)), {"grid": grid, "size": size})
    assert float(assigned["areas"][0, 0]) == pytest.approx(16 * 16 / (40 * 50))


@core_in_full
@pytest.mark.full
def test_a_padded_model_learns_saves_and_loads(tmp_path):
    model = tiny_yolo_v2(2, width=1 / 16)
    images = np.random.default_rng(0).integers(0, 255, (2, 37, 45, 3), "uint8")
    learns(model, images, {key: np.repeat(value, 2, 0) for key, value in targets((3, 5, 40, 30, 1)).items()})
    saves_and_loads(model, images, tmp_path / "model.keras")


@pytest.mark.core
def test_thresholds_of_the_builder():
    model = toy(score_threshold=0.3, iou_threshold=0.6, max_detections=7)
    assert (model.score_threshold, model.iou_threshold, model.max_detections) == (0.3, 0.6, 7)
    assert model.predictions({"grid": ops.zeros((1, 2, 2, 7))})["scores"].shape == (1, 7)
    assert (toy().score_threshold, toy().iou_threshold, toy().max_detections) == (0.005, 0.45, 100)


def test_wrong_thresholds_are_refused_when_they_are_set_and_nothing_is_lost():
    model = toy()
    before = model.predict(np.zeros((1, 64, 64, 3), "float32"), verbose=0)
    for name, value in (("score_threshold", "0.5"), ("iou_threshold", float("nan")), ("max_detections", 0)):
        with pytest.raises(InputError, match=f"{name} .*, received"):
            setattr(model, name, value)
    assert (model.score_threshold, model.iou_threshold, model.max_detections) == (0.005, 0.45, 100)
    after = model.predict(np.zeros((1, 64, 64, 3), "float32"), verbose=0)
    np.testing.assert_array_equal(before["boxes"], after["boxes"])


def test_objects_end_at_the_pictures_border():
    model, images = toy(), np.zeros((1, 64, 64, 3), "float32")
    model.compile("sgd")
    beyond, within = (
        model.test_on_batch(images, {"boxes": np.float32([[box]]), "labels": np.zeros((1, 1), "int32")})
        for box in ([-100, 8, 400, 300], [0, 8, 64, 64])
    )
    np.testing.assert_allclose(beyond, within, rtol=1e-6)


def test_wrong_sizes_and_anchors():
    for anchors in ("abc", 5, (), [(float("nan"), 1)], [(1, 2, 3)]):
        with pytest.raises(InputError, match="anchors are pairs of width and height in cells, above 0, received"):
            toy(anchors=anchors)
    with pytest.raises(InputError, match=r"input_shape=\(height, width, 3\), None for .*, received \(0, 64, 3\)"):
        toy(input_shape=(0, 64, 3))
    with pytest.raises(InputError, match="score_threshold lies between 0 and 1, received 2"):
        toy(score_threshold=2)
    with pytest.raises(InputError, match="pairs of width and height in cells, above 0"):
        toy(anchors=[(1, 0)])
