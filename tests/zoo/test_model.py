import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.checks import saves_and_loads
from zoo.detection.thresholds import with_thresholds

IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 32, 48, 3)).astype("float32")


@pytest.mark.core
def test_thresholds_set_after_the_first_prediction_take_effect(traced):
    model = zoo.grid_detector(2, grid=(2, 3), width=1 / 8, input_shape=(32, 48, 3))
    model.score_threshold = 0.0
    assert model.predict(IMAGES, verbose=0)["count"].min() > 0
    model.max_detections = 1
    assert model.predict(IMAGES, verbose=0)["boxes"].shape == (2, 1, 4)
    model.score_threshold = 1.0
    assert model.predict(IMAGES, verbose=0)["count"].max() == 0


def test_a_loss_weight_set_after_the_first_step_takes_effect(traced):
    model = zoo.yolo_v2(2, width=1 / 32, input_shape=(32, 64, 3))
    model.compile(keras.optimizers.SGD(0.0))
    targets = {"boxes": np.array([[[4, 4, 20, 24]]] * 2, "float32"), "labels": np.array([[1]] * 2)}
    images = IMAGES[:, :, :32].repeat(2, axis=2)
    assert model.train_on_batch(images, targets, return_dict=True)["box_loss"] > 0
    model.coord_scale = 0.0
    model.reset_metrics()
    assert model.train_on_batch(images, targets, return_dict=True)["box_loss"] == 0


def test_thresholds_are_checked():
    model = zoo.grid_detector(2, grid=(2, 3), width=1 / 8, input_shape=(32, 48, 3))
    assert with_thresholds(model, 0.25, max_detections=7) is model
    assert (model.score_threshold, model.iou_threshold, model.max_detections) == (0.25, 0.45, 7)
    for wrong in ({"score_threshold": 1.5}, {"iou_threshold": -0.1}, {"max_detections": 0}):
        with pytest.raises(zoo.InputError, match=f"{next(iter(wrong))} .* received"):
            with_thresholds(model, **wrong)


TARGETS = {"boxes": np.array([[[4, 4, 20, 24]]] * 2, "float32"), "labels": np.array([[1]] * 2)}
LARGER = np.ones((2, 64, 48, 3), "float32")


def small_grid():
    model = zoo.grid_detector(2, grid=(2, 3), width=1 / 8, input_shape=(32, 48, 3), name="small")
    model.compile(keras.optimizers.SGD(0.0))
    return model


@pytest.mark.parametrize("wrong", [IMAGES[0], IMAGES[..., :1], np.zeros((2, 32, 48, 4), "float32")])
def test_what_is_no_picture_is_refused_in_one_line(wrong):
    model = small_grid()
    line = f"small takes pictures (B, H, W, 3), received an array of shape {wrong.shape}"
    for call in (model, lambda x: model.predict(x, verbose=0), lambda x: model.fit(x, TARGETS, verbose=0)):
        with pytest.raises(zoo.InputError) as error:
            call(wrong)
        assert str(error.value).startswith(f"{line}: ")


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model(LARGER),
        lambda model: model({"image": LARGER}),
        lambda model: model.predict(LARGER, verbose=0),
        lambda model: model.predict({"image": LARGER}, verbose=0),
        lambda model: model.fit(LARGER, TARGETS, verbose=0),
        lambda model: model.evaluate(x={"image": LARGER}, y=TARGETS, verbose=0),
        lambda model: model.fit(tf.data.Dataset.from_tensors((LARGER, TARGETS)), verbose=0),
        lambda model: model.predict(tf.data.Dataset.from_tensors({"image": LARGER}), verbose=0),
    ],
)
def test_pictures_of_another_size_are_refused_in_one_line(call):
    with pytest.raises(zoo.InputError) as error:
        call(small_grid())
    assert str(error.value) == (
        "small takes pictures of 32x48, received 64x48: "
        "build it with input_shape=(64, 48, 3), or let zoo predict fit them in"
    )


def test_pictures_of_an_unknown_size_are_not_refused():
    model = small_grid()
    expected = model.predict(IMAGES, verbose=0)["boxes"]
    for shape in ((None, None, None, 3), None):
        pictures = tf.data.Dataset.from_generator(lambda: iter([IMAGES]), output_signature=tf.TensorSpec(shape))
        found = model.predict(pictures.apply(tf.data.experimental.assert_cardinality(1)), verbose=0)
        np.testing.assert_array_equal(found["boxes"], expected)
    np.testing.assert_array_equal(
        model.predict((batch for batch in [(IMAGES,)]), steps=1, verbose=0)["boxes"], expected
    )


def test_one_free_side_takes_any_length():
    model = zoo.unet(2, width=1 / 32, depth=1, input_shape=(None, 48, 3), name="wide")
    assert model.predict(LARGER, verbose=0)["logits"].shape == (2, 64, 48, 2)
    with pytest.raises(zoo.InputError, match="wide takes pictures of anyx48, received 64x40: build it with"):
        model(LARGER[:, :, :40])


def test_a_model_with_a_loss_of_its_own_takes_no_other(tmp_path):
    model = small_grid()
    for wrong in ({"loss": "mse"}, {"loss_weights": {"grid": 2.0}}):
        (name,) = wrong
        with pytest.raises(zoo.InputError, match=f"^small brings its loss with it: leave out {name}=, received .*$"):
            model.compile("sgd", **wrong)
    loaded = saves_and_loads(model, IMAGES, tmp_path / "model.keras")
    assert loaded.compiled and np.isfinite(loaded.evaluate(IMAGES, TARGETS, verbose=0)).all()


def test_regularisers_are_part_of_the_loss_once_and_of_no_term():
    model = small_grid()
    kernel = model.get_layer("grid").kernel
    kernel.assign(np.full(kernel.shape, 0.5))
    plain = model.evaluate(IMAGES, TARGETS, verbose=0, return_dict=True)
    kernel.regularizer = keras.regularizers.L2(0.25)
    penalty = 0.25 * np.prod(kernel.shape) * 0.5**2
    measured = model.evaluate(IMAGES, TARGETS, verbose=0, return_dict=True)
    learned = model.train_on_batch(IMAGES, TARGETS, return_dict=True)
    assert measured["loss"] == pytest.approx(plain["loss"] + penalty)
    assert learned["loss"] == pytest.approx(learned["presence"] + learned["box"] + learned["class"] + penalty)
    assert {name: measured[name] for name in model.loss_names} == pytest.approx(
        {name: plain[name] for name in model.loss_names}
    )


@pytest.mark.parametrize("weights", [{"sample_weight": np.array([1.0, 2.0])}, {"class_weight": {0: 1.0, 1: 2.0}}])
def test_weights_of_pictures_are_refused_in_one_line(weights):
    for learn in (small_grid().train_on_batch, small_grid().fit):
        with pytest.raises(zoo.InputError, match="^small weighs all pictures alike: leave out sample_wei.*$"):
            learn(IMAGES, TARGETS, **weights)
