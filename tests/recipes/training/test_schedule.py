import keras
import pytest

from recipes.training.recipe import Recipe, load
from recipes.training.schedule import Warmup, learning_rate, optimizer
from recipes.training.settings import change
from zoo import InputError

FIELDS = {"builder": "unet", "data": "shapes:train", "val_data": "shapes:val", "picture_size": (8, 8)}


def rates(steps, *, epochs, steps_per_epoch=1, **fields):
    schedule = learning_rate(Recipe(**FIELDS, learning_rate=1.0, epochs=epochs, **fields), steps_per_epoch)
    return [float(schedule(step)) for step in steps]


def test_by_hand():
    assert rates([0, 2, 4, 8], epochs=4) == pytest.approx([1.0, 0.5, 0.0, 0.0], abs=1e-6)
    assert rates([0, 2, 4], epochs=4, schedule="polynomial") == pytest.approx([1.0, 0.5**0.9, 0.0], abs=1e-6)
    assert rates([0, 3, 9], epochs=4, schedule="constant") == pytest.approx([1.0, 1.0, 1.0])
    tenths = rates([0, 1, 2, 3, 5], epochs=6, schedule="steps", milestones=(2, 5))
    assert tenths == pytest.approx([1.0, 1.0, 0.1, 0.1, 0.01])
    assert rates([0, 5], epochs=6, schedule="steps") == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("schedule", "after"),
    [
        # Four steps of rise, then four of which the second is half way.
        ("constant", [1.0, 1.0, 1.0]),
        ("cosine", [1.0, 0.5, 0.0]),
        ("polynomial", [1.0, 0.5**0.9, 0.0]),
        ("steps", [1.0, 0.1, 0.01]),
    ],
)
def test_every_schedule_rises_first(schedule, after):
    fields = {"warmup_epochs": 2, "milestones": (3, 4), "schedule": schedule}
    found = rates([0, 1, 3, 4, 6, 8], epochs=4, steps_per_epoch=2, **fields)
    assert found == pytest.approx([0.2, 0.4, 0.8, *after], abs=1e-6)


def test_a_run_that_is_all_rise():
    for schedule in ("constant", "cosine", "polynomial", "steps"):
        assert rates([0, 1, 2], epochs=3, warmup_epochs=3, schedule=schedule) == pytest.approx([0.25, 0.5, 0.75])


def test_comes_back_from_its_config():
    schedule = Warmup(0.1, 2, keras.optimizers.schedules.PolynomialDecay(0.1, 8, end_learning_rate=0.0, power=0.9))
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert float(back(1)) == float(schedule(1)) == pytest.approx(0.1 * 2 / 3)
    assert float(back(5)) == float(schedule(5)) > 0


@pytest.mark.parametrize(
    ("name", "rates_by_step", "epochs"),
    [
        # Steps as Darknet counts them, from 1. Of yolov2-voc.cfg and yolov1/yolo.train.cfg.
        (
            "yolo_v2_voc",
            {1: 1e-15, 500: 1e-3 / 16, 1000: 1e-3, 39_999: 1e-3, 40_000: 1e-4, 59_999: 1e-4, 60_000: 1e-5},
            311,
        ),
        (
            "yolo_v1_voc",
            {1: 5e-4, 199: 5e-4, 200: 1.25e-3, 400: 2.5e-3, 600: 5e-3, 19_999: 5e-3, 20_000: 5e-4, 30_000: 5e-5},
            156,
        ),
    ],
)
def test_the_rates_of_darknets_releases(name, rates_by_step, epochs):
    recipe, steps_per_epoch = load(name), 16_551 // 64
    schedule = learning_rate(recipe, steps_per_epoch)
    assert {step: float(schedule(step - 1)) for step in rates_by_step} == pytest.approx(rates_by_step, rel=1e-4)
    assert recipe.last_epoch(steps_per_epoch) == epochs
    assert change(recipe, ["epochs=3"]).last_epoch(steps_per_epoch) == 3


def test_as_many_scales_as_milestones():
    with pytest.raises(InputError, match=r"each of milestones=\(2, 5\), received \(0.5,\)"):
        rates([0], epochs=6, schedule="steps", milestones=(2, 5), scales=(0.5,))


def variables():
    """A kernel, the bias beside it, and their gradients."""
    kernel, bias = keras.Variable([[2.0, -4.0]], name="kernel"), keras.Variable([1.0], name="bias")
    return [kernel, bias], [keras.ops.convert_to_tensor([[0.5, 0.25]]), keras.ops.convert_to_tensor([0.1])]


def values(variables):
    return [keras.ops.convert_to_numpy(variable).tolist() for variable in variables]


def test_the_decay_of_sgd_is_a_part_of_the_gradient():
    """Two steps by hand at a rate of 0.1 and a decay of 0.5: v = 0.9 v + g + 0.5 w, w -= 0.1 v; the bias has none."""
    recipe = Recipe(**FIELDS, learning_rate=0.1, schedule="constant", optimizer="sgd", weight_decay=0.5)
    weights, gradients = variables()
    sgd = optimizer(recipe, 1)
    sgd.apply(gradients, weights)
    # v = [0.5 + 1, 0.25 - 2] and 0.1.
    assert values(weights) == [[pytest.approx([1.85, -3.825])], pytest.approx([0.99])]
    sgd.apply(gradients, weights)
    # v = 0.9 [1.5, -1.75] + [0.5 + 0.925, 0.25 - 1.9125] = [2.775, -3.2375] and 0.19.
    assert values(weights) == [[pytest.approx([1.5725, -3.50125])], pytest.approx([0.971])]


def test_factors_of_batch_normalisation_do_not_decay():
    recipe = Recipe(**FIELDS, learning_rate=0.1, schedule="constant", optimizer="sgd", weight_decay=0.5)
    weights = [keras.Variable([1.0], name=name) for name in ("gamma", "beta")]
    optimizer(recipe, 1).apply([keras.ops.convert_to_tensor([0.1])] * 2, weights)
    assert values(weights) == [[pytest.approx(0.99)]] * 2


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_the_decay_of_adam_stays_decoupled(name):
    recipe = Recipe(**FIELDS, learning_rate=0.1, schedule="constant", optimizer=name, weight_decay=0.5)
    weights, gradients = variables()
    optimizer(recipe, 1).apply(gradients, weights)
    # Adam's first step is the rate, against the gradient's sign; before it each weight loses 0.1 * 0.5 of itself.
    assert values(weights) == [[pytest.approx([1.9 - 0.1, -3.8 - 0.1], abs=1e-5)], pytest.approx([0.9], abs=1e-5)]
