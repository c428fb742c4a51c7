"""Raw grids and their decoders: NumPy's, C++'s and JavaScript's find what the model's own `predict` does."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

import export
from export import decoders
from export.decoders import decoded, decoder_of
from export.runtimes.keras import KerasPredictor
from export.web import runtimes
from tests.checks import quick
from tests.export.detector import examples, knowing_detector, scenes
from zoo.detection.grid_detector import grid_detector
from zoo.detection.yolo_v1 import fast_yolo
from zoo.detection.yolo_v2 import tiny_yolo_v2

FOLDER = Path(decoders.__file__).parent
BUILDERS = {
    "yolo_v1": lambda: fast_yolo(3, width=1 / 16, input_shape=(128, 192, 3), num_boxes=3),
    "yolo_v2": lambda: tiny_yolo_v2(2, width=1 / 16, input_shape=(90, 130, 3)),  # padded to 96 x 160
    "one class": lambda: grid_detector(
        1, width=1 / 8, grid=(3, 5), input_shape=(48, 80, 3), anchors=((1, 2), (3, 1))
    ),
}


@cache
def detector(kind):
    """Returns a model and grids of two pictures by which boxes overlap, reach beyond the border, and fall out."""
    model = BUILDERS[kind]()
    model.iou_threshold, model.max_detections = 0.3, 20
    rng = np.random.default_rng(0)
    shape = model.output["grid"].shape[1:]
    if kind == "yolo_v1":
        model.score_threshold = 0.2
        return model, np.float32(rng.uniform(-0.1, 1, (2, *shape)))
    return model, np.float32(rng.normal(0, 2, (2, *shape)))


def predicted(model, grids):
    """Returns the dict of detections that the model's own methods make of its grids."""
    outputs = {"grid": keras.ops.convert_to_tensor(grids)}
    if "size" in model.output:
        outputs["size"] = keras.ops.convert_to_tensor(np.float32(model.input_shape[1:3]))
    return {name: keras.ops.convert_to_numpy(value) for name, value in model.predictions(outputs).items()}


def check(found, known):
    """Compares a batch's detections."""
    assert found["count"].tolist() == known["count"].tolist() and known["count"].min() > 5
    assert found["labels"].tolist() == known["labels"].tolist()
    np.testing.assert_allclose(found["scores"], known["scores"], atol=1e-5)
    np.testing.assert_allclose(found["boxes"], known["boxes"], atol=1e-2)


@pytest.mark.parametrize("kind", BUILDERS)
def test_numpy(kind):
    model, grids = detector(kind)
    card = json.loads(json.dumps(decoder_of(model, model.input_shape[1:3])))
    size = model.input_shape[1:3]
    found, known = decoded({"grid": grids}, card, size), predicted(model, grids)
    check(found, known)
    assert {name: (one.dtype, one.shape) for name, one in found.items()} == {
        name: (one.dtype, one.shape) for name, one in known.items()
    }
    nothing = decoded({"grid": np.full_like(grids, -30.0)}, {**card, "score_threshold": 0.5}, size)
    assert nothing["count"].tolist() == [0, 0] or kind == "yolo_v1"


def from_lines(text, rows):
    """Returns one picture's detections from lines of six numbers, filled up to so many rows."""
    lines = np.float64([line.split() for line in text.splitlines()]).reshape(-1, 6)
    filled = np.zeros((rows, 6))
    filled[: len(lines)] = lines
    labels = np.where(np.arange(rows) < len(lines), filled[:, 5], -1).astype(int)
    return {"boxes": filled[:, :4], "scores": filled[:, 4], "labels": labels, "count": np.int32(len(lines))}


def run(command, grids, card):
    """Runs a program on each of the grids; returns a batch's detections."""
    texts = [
        subprocess.run(command, input=grid.tobytes(), capture_output=True, check=True).stdout.decode()
        for grid in grids
    ]
    found = [from_lines(text, card["max_detections"]) for text in texts]
    return {name: np.stack([one[name] for one in found]) for name in found[0]}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Compiles the C++ decoders."""
    if not shutil.which("g++"):
        pytest.skip("no C++ compiler here: install g++")
    path = tmp_path_factory.mktemp("decoders") / "decode"
    source = Path(__file__).with_name("decoding.cpp")
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{FOLDER}"]
    subprocess.run(["g++", *flags, str(source), "-o", str(path)], check=True)
    return path


@pytest.mark.parametrize("kind", BUILDERS)
def test_cpp(program, kind):
    model, grids = detector(kind)
    card = decoder_of(model, model.input_shape[1:3])
    own = [card["num_boxes"]] if kind == "yolo_v1" else [*card["stride"], *np.ravel(card["anchors"])]
    thresholds = card["score_threshold"], card["iou_threshold"], card["max_detections"]
    numbers = (*grids.shape[1:3], *card["image_size"], card["num_classes"], *thresholds, *own)
    check(run([program, card["family"], *map(str, numbers)], grids, card), predicted(model, grids))


SCRIPT = """
import { readFileSync } from 'node:fs'
const [rows, columns, card] = JSON.parse(process.argv[2])
const { decode } = await import(process.argv[3])
const bytes = readFileSync(0)
const grid = new Float32Array(new Uint8Array(bytes).buffer)
for (const { box, score, label } of decode(grid, rows, columns, card)) console.log(...box, score, label)
"""


@pytest.mark.parametrize("kind", BUILDERS)
def test_javascript(tmp_path, kind):
    node = runtimes.node()
    assert node, "there is no Node.js, which `make install` brings"
    model, grids = detector(kind)
    card = decoder_of(model, model.input_shape[1:3])
    (tmp_path / "run.mjs").write_text(SCRIPT)
    numbers = json.dumps([*grids.shape[1:3], card])
    command = [*node, str(tmp_path / "run.mjs"), numbers, (FOLDER / f"{card['family']}.mjs").as_uri()]
    check(run(command, grids, card), predicted(model, grids))


def test_a_raw_file_of_any_size(tmp_path):
    model = tiny_yolo_v2(2, width=1 / 16)
    made = export.export(model, tmp_path / "raw.onnx", raw=True, image_size=(None, None), score_threshold=0.0)
    assert made.decoder["image_size"] == [None, None] and made.parity["agreement"] == 1
    model.score_threshold = 0.0
    raw, keras_model = export.load(made.path), KerasPredictor(model)
    for height, width in ((96, 128), (70, 130)):
        picture = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
        found, known = raw.predict(picture), keras_model.predict(picture)
        assert known["count"] > 5 and found["count"] == known["count"]
        np.testing.assert_allclose(found["boxes"], known["boxes"], atol=1e-2)
        assert found["boxes"].max() <= max(height, width)


def test_decoders_are_short():
    files = [path for path in FOLDER.iterdir() if path.suffix in (".py", ".hpp", ".mjs")]
    assert len(files) == 10 and max(len(path.read_text().splitlines()) for path in files) <= 60


@pytest.mark.parametrize(
    "format, quantize",
    quick(
        [("onnx", None), ("tflite", None), ("saved_model", None), ("onnx", "int8"), ("tflite", "int8")],
        ("onnx", None),
    ),
)
def test_a_raw_file(tmp_path, format, quantize):
    model, path = knowing_detector(), tmp_path / f"raw{'' if format == 'saved_model' else '.' + format}"
    artifact = export.export(
        model,
        path,
        format,
        quantize=quantize,
        raw=True,
        score_threshold=0.3,
        representative=scenes(20, seed=1)[0] if quantize else None,
        pictures=scenes(2, seed=2)[0],
    )
    assert artifact.outputs == [{"name": "grid", "dtype": "float32", "shape": [1, 6, 8, 7]}]
    assert not [name for name in artifact.operators if "suppression" in name.lower().replace("_", "")]
    assert artifact.decoder["family"] == "yolo_v2" and artifact.decoder["score_threshold"] == 0.3
    found = export.verify(path, model, examples(*scenes(20, seed=5)))
    assert found.passed and found.agreement > 0.9 and found.keras_metric > 0.8
    picture = np.pad(scenes(1, seed=5)[0][0], ((0, 0), (10, 6), (0, 0)), constant_values=60)
    (one,) = export.load(path).predict_each([picture])
    assert set(one) == {"boxes", "scores", "labels", "count"} and one["count"] > 0
