import gc
import os
from pathlib import Path

# Before the first import of TensorFlow, which reads it once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pytest

FIRST = (
    *("trained", "export_segmenter", "tests/zoo/detection/test_faster_rcnn.py", "rcnn_run", "export_detector"),
    *("export_proposals", "export_convert", "export_tasks", "export_models"),
)
"""Files and groups of tests that take longest, which begin first, so that no worker is left alone with one."""


def pytest_collection_modifyitems(items):
    """A file's tests run in one worker, as do those of a group of files that share a costly fixture."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    groups = [item.get_closest_marker("xdist_group").args[0] for item in items]
    order = {group: place for place, group in enumerate(dict.fromkeys([*FIRST, *groups]))}
    items.sort(key=lambda item: order[item.get_closest_marker("xdist_group").args[0]])


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
