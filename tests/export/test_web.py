"""The page of an artifact: its modules are Python's steps, and what it cannot be is one line."""

import gzip
import json
import shutil
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import export
from export import web
from export.letterbox import fit
from export.tasks import in_picture
from export.web import runtimes
from tests.export import pages
from zoo.errors import InputError
from zoo.ops.masks import paste

MEGABYTE = 1e6
STARTED = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""What a browser without WebGPU loads of the runtime."""


def asked(**steps):
    """Returns what the page's steps make of this."""
    return pages.node("web_steps.mjs", web.PAGE, {"fit": [], "back": [], "paste": [], "found": []} | steps)


SIZES = [(60, 80), (61, 83), (30, 40), (120, 160), (180, 243), (241, 323), (7, 90), (1, 1), (37, 1), (400, 60)]


def test_a_frame_has_the_same_pixels():
    rng, frame = np.random.default_rng(0), (60, 80)
    pictures = [rng.integers(0, 256, (*size, 3), np.uint8) for size in SIZES]
    cases = list(product(pictures, ("letterbox", "stretch")))
    question = [{"picture": pages.as_json(p), "size": frame, "resizing": resizing} for p, resizing in cases]
    for (picture, resizing), found in zip(cases, asked(fit=question)["fit"], strict=True):
        wanted, placement = fit(picture, frame, resizing)
        np.testing.assert_array_equal(np.reshape(found["frame"]["data"], wanted.shape), wanted)
        assert found["placement"] == as_named(placement)


def as_named(placement):
    """Returns a `Placement` as the page has it."""
    sizes = zip(("pictureHeight", "pictureWidth"), placement.picture_size, strict=True)
    frame = zip(("frameHeight", "frameWidth"), placement.frame_size, strict=True)
    rest = {name: getattr(placement, name) for name in ("top", "left", "height", "width")}
    return {**dict(sizes), **dict(frame), **rest}


@pytest.mark.parametrize("picture_size", [(60, 80), (61, 143), (301, 97)])
def test_predictions_come_back_to_the_picture(picture_size):
    _, placement = fit(np.zeros((*picture_size, 3), np.uint8), (60, 80))
    rng = np.random.default_rng(0)
    corners = rng.uniform(-4, 84, (6, 2, 2)).astype(np.float32)
    boxes = np.concatenate([corners.min(1), corners.max(1)], axis=-1)
    boxes[5] = 0
    outputs = {
        "boxes": boxes,
        "box": boxes[0],
        "points": corners[0],
        "keypoints": rng.uniform(0, 80, (6, 3, 3)).astype(np.float32),
        "masks": rng.uniform(0, 1, (6, 7, 7)).astype(np.float32),
        "logits": rng.normal(0, 1, (60, 80, 3)).astype(np.float32),
        "classes": np.zeros((60, 80), np.int32),
    }
    wanted = in_picture(outputs, placement)
    (found,) = asked(back=[{"outputs": dims(outputs), "placement": as_named(placement)}])["back"]
    found = {name: np.reshape(array["data"], array["dims"]) for name, array in found.items()}
    assert (found.pop("classes") == wanted.pop("classes")).mean() > 0.999
    del wanted["logits"]  # of a photograph they would fill the memory
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-4, err_msg=name)


def dims(outputs):
    return {name: {"dims": array.shape, "data": array.ravel().tolist()} for name, array in outputs.items()}


def test_masks_are_pasted():
    rng = np.random.default_rng(0)
    boxes = [[10.3, 5.2, 60.7, 40.1], [-5.0, -8.0, 20.0, 12.0], [40.0, 30.0, 95.0, 70.0], [5.0, 5.0, 5.0, 9.0]]
    masks = rng.uniform(0, 1, (4, 14, 14)).astype(np.float32)
    question = [
        {"size": 14, "data": mask.ravel().tolist(), "box": box, "height": 57, "width": 91}
        for mask, box in zip(masks, boxes, strict=True)
    ]
    wanted = paste(masks, boxes, (57, 91))
    for part, whole in zip(asked(paste=question)["paste"], wanted, strict=True):
        found = np.zeros((57, 91), bool)
        y, x, height, width = (part[side] for side in ("y", "x", "height", "width"))
        found[y : y + height, x : x + width] = np.reshape(part["inside"], (height, width))
        assert np.sum(found != whole) <= 1  # a pixel at one half may fall on either side
    assert wanted[:3].any((1, 2)).all() and not wanted[3].any()


def test_objects_above_a_score():
    rows = {
        "boxes": np.arange(12.0).reshape(3, 4),
        "scores": np.array([0.9, 0.4, 0.0]),
        "labels": np.array([1, 0, -1]),
        "keypoints": np.array([[[1, 2, 2.5]], [[3, 4, 1.5]], [[0, 0, 0]]]),
    }
    one = {"score": np.array(0.7), "box": np.arange(4.0), "probs": np.array([0.2, 0.8])}
    points = {"score": np.array(0.7), "points": np.arange(4.0).reshape(2, 2)}
    cases = [
        *((rows, "keypoints", score) for score in (0.5, 0.0, 0.95)),
        *((one, "localization", score) for score in (0.5, 0.8)),
        *((points, "points", score) for score in (0.5, 0.8)),
    ]
    question = [{"prediction": dims(p), "task": task, "score": score} for p, task, score in cases]
    found = asked(found=question)["found"]
    assert [len(objects) for objects in found] == [1, 2, 0, 1, 0, 1, 0]
    assert [one["label"] for one in found[1]] == [1, 0] and found[1][1]["box"] == [4, 5, 6, 7]
    assert [one["points"][0]["seen"] for one in found[1]] == [True, False]
    assert found[3][0]["label"] == 1 and found[3][0]["box"] == [0, 1, 2, 3]
    assert found[5][0]["points"][1] == {"x": 2, "y": 3, "seen": True}


@pytest.fixture(scope="module")
def page(exported, tmp_path_factory):
    """The page of the toy segmenter."""
    return pages.written(exported("onnx").path, tmp_path_factory.mktemp("web") / "deep" / "page")


def test_a_page_predicts_what_python_does(exported, page, pictures):
    given = [pictures[0], pictures[1][3:, :-5], np.kron(pictures[2], np.ones((3, 2, 1), np.uint8)), pictures[3] * 0]
    found, _ = pages.predicted(page, given)
    wanted = export.load(exported("onnx").path).predict_each(given)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one["logits"], other["logits"], atol=1e-4 * np.abs(other["logits"]).max())
        assert one["classes"].shape == other["classes"].shape
        assert (one["classes"] == other["classes"]).mean() > 0.999


def test_a_page_stands_alone(exported, page):
    described = json.loads((page / "page.json").read_text())
    assert described["card"]["sha256"] == exported("onnx").sha256 and described["card"]["path"] == "model.onnx"
    texts = {
        file.name: file.read_text() for file in page.iterdir() if file.suffix in (".html", ".js", ".css", ".json")
    }
    for name, text in texts.items():
        assert "://" not in text and str(page.parent) not in text, name
        assert not any(f"{kind}={quote}/" in text for kind in ("src", "href") for quote in "\"'"), name
    own = sum(len(gzip.compress(text.encode())) for text in texts.values())
    runtime = sum(len(gzip.compress((page / "runtime" / name).read_bytes(), 6)) for name in STARTED)
    assert own + runtime < 6 * MEGABYTE


def test_a_page_is_replaced_and_nothing_else(exported, page, tmp_path):
    path, output = exported("onnx").path, tmp_path / "page"
    shutil.copytree(page, output)
    (output / "old.txt").touch()
    sample = tmp_path / "one.PNG"
    sample.write_bytes(b"picture")
    assert pages.written(path, output, [sample]) == output and not (output / "old.txt").exists()
    assert json.loads((output / "page.json").read_text())["samples"] == ["samples/0.png"]
    assert (output / "samples" / "0.png").read_bytes() == b"picture"
    for mine in (tmp_path, sample):
        with pytest.raises(InputError, match=f"{mine} is there and no page of ours: choose another folder"):
            pages.written(path, mine)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.PNG", "page"]


@pytest.mark.parametrize("kept", ['{"title": "demo", "facts": {}}', "[]", "broken"])
def test_a_run_is_no_page_and_stays(exported, tmp_path, kept):
    """A run's folder has a `page.json`, too: what its report is drawn from."""
    run = tmp_path / "run"
    run.mkdir()
    for name, text in {"page.json": kept, "model.keras": "weights"}.items():
        (run / name).write_text(text)
    with pytest.raises(InputError, match="is there and no page of ours"):
        pages.written(exported("onnx").path, run)
    assert (run / "model.keras").read_text() == "weights" and (run / "page.json").read_text() == kept


def test_what_a_browser_cannot_run_is_refused(exported, tmp_path):
    card = exported("onnx")
    (tmp_path / "foreign.tflite").write_bytes(b"no card")
    for path in (tmp_path / "foreign.tflite", exported("saved_model").path):
        with pytest.raises(InputError, match="a browser runs .onnx and .tflite files of `zoo export`"):
            pages.written(path, tmp_path / "page")
    image = card.inputs[0]
    regions = {"name": "proposals", "dtype": "float32", "shape": [1, 40, 4]}
    smaller = [{"name": name, "dtype": "float32", "shape": [1, 20, 36, 3]} for name in ("classes", "logits")]
    for changes, words in (
        ({"task": None}, "carries no card that says its task"),
        ({"inputs": [image, regions], "attributes": {"proposals": "edge_boxes"}}, "regions found by edge_boxes"),
        ({"inputs": [image | {"dtype": "float32"}]}, "a page gives uint8 pictures of one size"),
        ({"outputs": smaller}, "the page shows maps of the whole picture"),
    ):
        with pytest.raises(InputError, match=words):
            web.check_artifact(tmp_path / "model.onnx", replace(card, **changes))
    with pytest.raises(InputError, match="does not exist"):
        pages.written(tmp_path / "none.onnx", tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_without_a_runtime_there_is_one_line(exported, tmp_path, monkeypatch):
    def refused():
        with pytest.raises(InputError) as error:
            web.write(exported("onnx").path, tmp_path / "page", title="toy", colours=(), cache=cache)
        assert not (tmp_path / "page").exists() and "\n" not in str(error.value)
        return str(error.value)

    cache, empty = tmp_path / "npm", tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    (package,) = runtimes.RUNTIMES["onnx"].packages
    remedy = f"or put {package.archive}, as `npm pack onnxruntime-web@{package.version}` writes it, into {cache}"
    with monkeypatch.context() as without_wheel:
        without_wheel.setattr(runtimes, "wheel", lambda: None)
        assert refused().endswith(f"there is no npm: pip install 'regionzoo[web]', {remedy}")
    (empty / "npm").write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    (empty / "npm").chmod(0o755)
    assert refused().endswith(f"(npm error code ENOTFOUND): try again with a network, {remedy}")
    (cache / package.archive).write_bytes(b"another")
    assert (
        refused()
        == f"{cache / package.archive} is not onnxruntime-web {package.version} as npm states it: remove the file"
    )
    assert sorted(file.name for file in cache.iterdir()) == [package.archive]
