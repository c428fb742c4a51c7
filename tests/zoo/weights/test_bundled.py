"""The models in the package: small, whole, and each predicts with its own runtime."""

import numpy as np
import pytest

import export
import zoo
from zoo.weights import shelf

BUNDLED = shelf.index(str(shelf.BUNDLED))
MOST = 8_000_000


def test_they_are_small_and_nothing_else_lies_there():
    there = {file for file in shelf.BUNDLED.rglob("*") if file.is_file()}
    listed = {one.path(file) for one in BUNDLED.values() for file in (*one.files, "README.md")}
    assert len(BUNDLED) == 3 and there == {*listed, shelf.BUNDLED / shelf.INDEX}
    assert sum(file.stat().st_size for file in there) <= MOST


@pytest.mark.parametrize("own", BUNDLED)
def test_each_is_whole_and_predicts(own):
    entry = shelf.find(f"regionzoo/{own}")
    entry.fetch()  # which checks every file
    assert entry.model in zoo.BUILDERS
    predictor = export.load(entry.name)
    assert predictor.task == entry.task and predictor.class_names and predictor.path.suffix in (".onnx", ".tflite")
    picture = np.random.default_rng(0).integers(0, 255, (1, 90, 70, 3), np.uint8)
    assert all(len(array) == 1 and np.isfinite(array).all() for array in predictor.predict(picture).values())
    for format in {file.rpartition(".")[2] for file in entry.files}:
        assert export.load(entry.file(f".{format}")).class_names == predictor.class_names
