import keras
import pytest

from recipes.training.schedule import WarmupDecay


def rates(steps, **kwargs):
    schedule = WarmupDecay(1.0, **kwargs)
    return [float(schedule(step)) for step in steps]


def test_by_hand():
    assert rates([0, 1, 3, 4], total_steps=8, warmup_steps=4, decay="constant") == pytest.approx([0.2, 0.4, 0.8, 1])
    assert rates([0, 2, 4, 8], total_steps=4) == pytest.approx([1.0, 0.5, 0.0, 0.0], abs=1e-6)
    assert rates([0, 2, 4], total_steps=4, decay="polynomial") == pytest.approx([1.0, 0.5**0.9, 0.0], abs=1e-6)

    tenths = rates([0, 2, 3, 5], total_steps=6, decay="steps", milestones=(2, 5))
    assert tenths == pytest.approx([1.0, 0.1, 0.1, 0.01])


def test_comes_back_from_its_config():
    schedule = WarmupDecay(0.1, total_steps=10, warmup_steps=2, decay="polynomial")
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert float(back(5)) == float(schedule(5)) > 0
