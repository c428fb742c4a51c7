import keras
import pytest

from recipes.training.recipe import Recipe
from recipes.training.schedule import Warmup, learning_rate

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
