import gc
import os
import tempfile
from pathlib import Path

# Before the first import of TensorFlow, which reads it once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# What files have shown is remembered by their paths, of which tests use many once.
os.environ.setdefault("REGIONZOO_CACHE", tempfile.mkdtemp(prefix="regionzoo-"))

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER = {
    **dict.fromkeys(
        (
            "tests/recipes/training/test_train.py",
            "tests/recipes/training/test_start.py",
            "tests/recipes/cli/test_cli.py",
            "tests/recipes/cli/test_light.py",
            "tests/recipes/cli/test_names.py",
            "tests/recipes/deploy/test_publish.py",
            "tests/recipes/evaluation/test_comparison.py",
            "tests/recipes/evaluation/test_by_regions.py",
            "tests/recipes/evaluation/test_with_crf.py",
            "tests/recipes/evaluation/test_by_tiles.py",
        ),
        "the trained toy",
    ),
    **dict.fromkeys(
        (
            "tests/export/test_formats.py",
            "tests/export/test_failures.py",
            "tests/export/test_runtime.py",
            "tests/export/test_light.py",
            "tests/export/test_web.py",
        ),
        "the exported toy",
    ),
}
"""Files that share a costly fixture, by its name."""
LONGEST = (
    "the trained toy",
    "the exported toy",
    "tests/zoo/detection/test_faster_rcnn.py",
    "tests/recipes/training/rcnn/test_steps.py",
    "tests/export/test_two_stage.py",
    "tests/export/test_detector.py",
    "tests/export/test_proposals.py",
    "tests/export/test_models.py",
    "tests/export/test_convert.py",
    "tests/export/test_tasks.py",
    "tests/zoo/weights/test_torchvision_parity.py",
)
"""What takes longest begins first, so that no worker is left alone with it."""


def unit(nodeid):
    """Returns what a test shares a worker with: its file, and the files that share a costly fixture with that."""
    file = nodeid.partition("::")[0]
    return TOGETHER.get(file, file)


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(dict.fromkeys([*LONGEST, *(unit(i.nodeid) for i in items)]))}
    items.sort(key=lambda item: order[unit(item.nodeid)])


@pytest.hookimpl(optionalhook=True)  # without `-n`'s plugin there is none
def pytest_xdist_make_scheduler(config, log):
    class ByUnit(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return unit(nodeid)

    return ByUnit(config, log)


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state."""
    import keras  # by the workers: the process that only hands out tests loads no framework

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
