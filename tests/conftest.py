import gc
import os
from pathlib import Path

# Before the first import of TensorFlow, which reads it once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pytest


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state."""
    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True, scope="module")
def collected():
    """A file's models, of which some have a hundred million parameters, do not outlive it."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def zoo_data():
    """The folder of real data that ZOO_DATA names; skips where it is unset."""
    if not os.environ.get("ZOO_DATA"):
        pytest.skip("ZOO_DATA names no folder of real data")
    return Path(os.environ["ZOO_DATA"])
