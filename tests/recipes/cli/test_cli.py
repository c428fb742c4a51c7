import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.ways import QUANTIZE
from recipes.report.run import write_metrics
from tests.recipes.blobs import moving, read_video, write_video

VERBS = (
    *("data", "train", "evaluate", "compare", "predict", "export", "verify", "benchmark", "web"),
    *("facewarp", "proposals", "list", "weights", "demo", "convert", "publish", "info", "explain"),
)


@pytest.fixture(scope="module")
def measured(trained):
    """The trained run with its metrics."""
    write_metrics(trained)
    return trained.path


@pytest.fixture
def own_run(measured, tmp_path):
    """A copy of the measured run, to be changed."""
    return shutil.copytree(measured, tmp_path / "own")


def test_help_names_every_way_to_quantize(zoo):
    _, out, _ = zoo("export", "--help")
    assert {way for ways in QUANTIZE.values() for way in ways if way} <= set(re.findall(r"\w+", out))


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_an_example(zoo, verb):
    code, out, _ = zoo(verb, "--help")
    assert code == 0
    assert f"Example: zoo {verb}" in out


def test_list(zoo):
    code, out, _ = zoo("list")
    assert code == 0
    for word in ("segnet_basic_camvid", "unet_membrane", "segnet", "masks", "saved_model", "int8"):
        assert word in out


def test_weights(zoo, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "regionzoo").mkdir()
    (tmp_path / "regionzoo" / "resnet50-0676ba61.npz").touch()
    code, out, _ = zoo("weights")
    assert code == 0
    assert "BSD-3-Clause" in out and out.count("\tyes") == 4  # with the three that lie in the package
    for name in ("torchvision/mask_rcnn_resnet50_fpn", "torchvision/IMAGENET1K_V2", "178.1 MB"):
        assert name in out


def test_data(zoo, sets, tmp_path):
    (tmp_path / "bad").mkdir()
    bad = shutil.copytree(sets[0], tmp_path / "bad" / "set")
    Image.fromarray(np.full((32, 48), 7, np.uint8)).save(bad / "masks" / "2.png")
    code, out, _ = zoo("data", f"masks:{bad}", "--sheet", "sheet.png")
    assert code == 0
    assert "32 x 48" in out and "figure" in out
    assert "2.png" in out and "label 7 is outside the 2 classes" in out
    with Image.open("sheet.png") as sheet:
        assert min(sheet.size) > 48


def test_data_of_points_without_names(zoo, tmp_path):
    Image.new("RGB", (10, 6)).save(tmp_path / "a.png")
    (tmp_path / "marks.csv").write_text("image,x0,y0,x1,y1\na.png,2,3,,\n")
    code, out, err = zoo("data", f"points:{tmp_path / 'marks.csv'}")
    assert (code, err) == (0, "") and [line.split() for line in out.splitlines()][-4:-2] == [["0", "1"], ["1", "0"]]


def test_convert(zoo, squares):
    code, out, err = zoo("convert", squares, "--to", "coco", "out")
    assert code == 0 and err == ""
    assert "read it as coco:out/annotations.json@out/images" in out
    code, out, _ = zoo("data", "coco:out/annotations.json@out/images")
    assert code == 0 and "square" in out and "ghost" in out
    code, out, err = zoo("convert", squares, "--to", "coco", "out")
    assert code == 2 and err.startswith("error: out: the folder is not empty, and coco has no splits: name a new one")
    code, out, err = zoo("convert", squares, "--to", "yolo", "out2", "--task", "masks")
    assert code == 2 and err.startswith("error: --task masks: no such task; there are segmentation, ")
    code, out, err = zoo("convert", squares, "--to", "yolo", "out2", "--task", "keypoints")
    assert code == 2 and "has no keypoints" in err


def test_train_writes_metrics_and_report(zoo, toy, sets):
    words = [f"--set=arguments.{name}={value}" for name, value in toy.arguments.items()]
    words += ["--set=epochs=1", "--set=picture_size=32x48", "--set=batch_size=2"]
    words += ["--data", toy.data, "--val-data", toy.val_data, "--workdir", "first"]
    code, out, _ = zoo("train", "unet_shapes", *words)
    assert code == 0 and "miou" in out and "first/report.html" in out
    with open("first/metrics.json") as file:
        scores = json.load(file)
    assert scores["data"] == toy.val_data
    assert set(scores) == {"data", "miou", "pixel_accuracy", "class_accuracy", "iou/ground", "iou/figure"}
    code, _, err = zoo("train", "unet_shapes", *words)
    assert code == 2 and err.startswith("error: first: the folder holds a run; continue it with --resume")


def test_evaluate(zoo, own_run, toy):
    code, out, _ = zoo("evaluate", own_run / "model.keras", "--data", toy.val_data, "--json", "scores.json")
    assert code == 0 and "pixel_accuracy" in out and "figure" in out
    with open("scores.json") as file, open(own_run / "metrics.json") as metrics:
        assert json.load(file) == {k: v for k, v in json.load(metrics).items() if k != "data"}


def test_export_verify_benchmark_predict(zoo, own_run, toy, sets):
    """The road after training, each step by its verb; the report of the run follows."""
    model, artifact = own_run / "model.keras", own_run / "artifacts" / "model.onnx"
    code, out, _ = zoo("export", model)
    assert code == 0 and artifact.is_file() and "none" in out and "passed on 3 pictures given by the caller" in out
    code, out, _ = zoo("verify", artifact, "--json", "verified.json")
    assert code == 0 and "passed" in out and "3 pictures" in out  # those that the run was measured on
    code, _, err = zoo("verify", shutil.copy(artifact, "copy.onnx"), "--model", shutil.copy(model, "copy.keras"))
    assert code == 2 and "copy.keras: its own data are not known; name labelled pictures" in err
    with open("verified.json") as file:
        assert json.load(file)["agreement"] >= 0.999
    code, out, _ = zoo("benchmark", artifact, "--runs", "3", "--json", "timed.json")
    assert code == 0 and "p95" in out
    code, out, _ = zoo(
        *("benchmark", artifact, "--data", toy.val_data, "--pictures", 2, "--seconds", 5, "--profile", "--runs", 2)
    )
    assert code == 0 and "calls on 2 pictures" in out and "Conv" in out and "load ms" in out
    page = (own_run / "report.html").read_text()
    assert "model.onnx" in page and "p95" in page

    for name, file in (("keras", model), ("onnx", artifact)):
        code, out, _ = zoo("predict", file, sets[1] / "images", "--output", name)
        assert code == 0 and "0_overlay.png" in out
    with open("keras/predictions.json") as keras, open("onnx/predictions.json") as onnx:
        entries = json.load(keras), json.load(onnx)
    assert [e["picture"] for e in entries[0]] == [e["picture"] for e in entries[1]]
    assert [(e["height"], e["width"]) for e in entries[0]] == [(32, 48)] * 3
    assert sum(entries[0][0]["shares"].values()) == pytest.approx(1, abs=1e-5)
    classes = [np.asarray(Image.open(f"{name}/0_classes.png")) for name in ("keras", "onnx")]
    assert classes[0].shape == (32, 48) and np.mean(classes[0] == classes[1]) >= 0.999

    # What is damaged of a run is named after the figures that were asked for, and nothing else is lost.
    (artifact.parent / "words.txt").write_text("another's")
    for file, text in (("page.json", "{"), ("measurements.json", "[]")):
        (own_run / file).write_text(text)
        code, out, err = zoo("benchmark", artifact, "--runs", "1", "--json", "again.json")
        assert code == 2 and "p95" in out and json.loads(Path("again.json").read_text())[0]["runs"] == 1
        assert f"{file}: is damaged; remove it, it is written anew" in err
        (own_run / file).unlink()
    code, out, err = zoo("benchmark", artifact, "--runs", "1")
    assert code == 0 and (own_run / "page.json").is_file() and "left out of the report" in err

    (own_run / "model.keras").unlink()
    assert zoo("verify", artifact, "--data", toy.val_data)[0] == 2


def test_verify_fails_for_another_model(zoo, own_run, toy):
    import keras

    assert zoo("export", own_run / "model.keras")[0] == 0
    assert zoo("verify", own_run / "artifacts/model.onnx", "--data", "shapes:val")[0] == 2  # of other classes
    other = keras.saving.load_model(own_run / "model.keras")
    other.set_weights([w + 0.05 for w in other.get_weights()])
    other.save("other.keras")
    artifact = own_run / "artifacts" / "model.onnx"
    code, _, err = zoo("verify", artifact, "--model", "other.keras", "--data", toy.val_data)
    assert code == 1 and err.startswith("failed: relative")


def test_export_shows_the_layers_left_in_float(zoo, own_run):
    code, out, err = zoo("export", own_run / "model.keras", "--quantize", "int8", "--search", "1e-6")
    assert code == 0, err
    assert "in integers" in out and "noise alone" in out
    assert re.search(r"up1_conv1\S*\t[\d.]+\tfloat32", out), out


WRONG = {
    "unknown recipe": (["train", "unet_shape"], "unknown recipe or model 'unet_shape', nearest are unet_shapes"),
    "unknown field": (["train", "unet_shapes", "--set", "epoch=1"], "there is no field 'epoch'"),
    "unknown source": (["data", "voc12:x"], "'voc12:x' is no source"),
    "missing folder": (["data", "masks:nowhere"], "nowhere"),
    "missing model": (["evaluate", "none.keras"], "none.keras does not exist"),
    "no artifact": (["benchmark", "words.txt"], "words.txt is no artifact"),
    "broken artifact": (["predict", "broken.onnx", "broken.onnx"], "broken.onnx"),
    "unknown format": (["export", "MODEL", "--format", "tflit"], "unknown format 'tflit': choose one of saved_model"),
    "unknown quantize": (
        ["export", "MODEL", "--quantize", "int4"],
        "unknown quantize for onnx 'int4': choose one of None, float16",
    ),
    "unknown output": (["export", "MODEL", "--outputs", "logits,clases"], "some of classes, logits, each once"),
    "fewer than no pictures": (["verify", "MODEL", "--count", "-3"], "--count takes 1 picture or more, received -3"),
    "folder for a model": (["verify", "MODEL", "--model", "empty"], "empty is a folder: give a .keras file"),
    "no masks": (["export", "MODEL", "--paste"], "has no masks to paste: leave out paste"),
    "idle beside --all": (
        ["export", "MODEL", "--all", "--for", "triton", "--format", "onnx"],
        "--all makes every format: leave out --format, --for",
    ),
    "idle beside --for": (
        ["export", "MODEL", "--for", "tf-serving", "--format", "onnx"],
        "--for tf-serving names the format: leave out --format",
    ),
    "raw of no detector, in every format": (["export", "MODEL", "--all", "--raw"], "has no raw form"),
    "int8 without data": (["export", "COPY", "--quantize", "int8"], "name their source with --data"),
    "wrong size": (
        ["export", "MODEL", "--image-size", "big"],
        "takes HEIGHTxWIDTH, as in 360x480, or any, received 'big'",
    ),
    "no picture": (["predict", "MODEL", "words.txt"], "words.txt"),
    "thresholds of no detector": (
        ["export", "MODEL", "--score-threshold", "0.3", "--max-detections", "5"],
        "is no detector: leave out score_threshold, max_detections",
    ),
    "missing model to export": (["export", "none.keras"], "none.keras does not exist"),
    "sheet that is no picture": (["data", "shapes:val", "--sheet", "sheet.doc"], "received sheet.doc"),
    "unwritable sheet": (["data", "shapes:val", "--sheet", "none/sheet.png"], "none/sheet.png: cannot be written"),
    "no landmarks": (["facewarp", "face.png", "--model", "MODEL"], "face.png: no such picture file"),
    "unknown expression": (["facewarp", "x.png", "--model", "MODEL", "--expression", "wink"], "expression 'wink'"),
    "score": (["predict", "MODEL", "words.txt", "--score", "2"], "--score takes a number from 0 to 1, received 2"),
    "scales": (["predict", "MODEL", "words.txt", "--scales", "1,big"], "--scales takes numbers with commas between"),
    "saves": (["predict", "MODEL", "words.txt", "--save", "film"], "--save takes some of overlay, json, classes"),
    "no camera": (
        ["predict", "MODEL", "camera:97"],
        "camera:97: there is no such camera, or another program holds it",
    ),
    "no glob": (["predict", "MODEL", "none*.png"], "none*.png: no file is called like this"),
    "empty folder": (["predict", "MODEL", "empty"], "the folder holds no pictures"),
    "other classes": (["evaluate", "MODEL", "--data", "shapes:val"], "the model ground, figure"),
}


@pytest.mark.parametrize("words, message", WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_line_and_exit_code_2(zoo, own_run, tmp_path, drawn_shapes, words, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "words.txt").write_text("no picture")
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    model = own_run / "model.keras"
    copy = shutil.copy(model, tmp_path / "copy.keras")
    code, _, err = zoo(*({"MODEL": str(model), "COPY": str(copy)}.get(word, word) for word in words))
    assert code == 2
    assert err.startswith("error: ") and message in err
    assert err.count("\n") == 1


def test_predict_names_the_bad_picture_and_can_skip_it(zoo, own_run, sets, tmp_path):
    folder = shutil.copytree(sets[1] / "images", tmp_path / "pictures")
    (folder / "1.png").write_bytes(b"cut short")
    code, _, err = zoo("predict", own_run / "model.keras", folder)
    assert code == 2 and "1.png" in err and "--skip-bad" in err
    assert not (tmp_path / "predictions").exists()
    code, out, _ = zoo("predict", own_run / "model.keras", folder, "--skip-bad")
    assert code == 0 and "skipped" in out
    assert sorted(p.name for p in (tmp_path / "predictions").glob("*_overlay.png")) == [
        "0_overlay.png",
        "2_overlay.png",
    ]


def test_predict_takes_a_video_and_pictures_together(zoo, trained, sets, tmp_path):
    write_video(tmp_path / "clip.avi", [np.full((32, 48, 3), 40 * number, np.uint8) for number in range(4)])
    words = "--output", "found", "--save", "overlay,json", "--classes", "figure"
    code, out, err = zoo("predict", trained.model, sets[1] / "images" / "0.png", "clip.avi", *words)
    assert code == 0 and "4 frames: figure in" in out and "clip_overlay.mp4" in out, err
    entries = json.loads((tmp_path / "found" / "predictions.json").read_text())
    assert [entry.get("frame") for entry in entries] == [None, 0, 1, 2, 3]
    assert all([*entry["shares"]] == ["figure"] for entry in entries)
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == [
        *("0_overlay.png", "clip_overlay.mp4", "predictions.json")
    ]
    assert len(read_video(tmp_path / "found" / "clip_overlay.mp4")[0]) == 4


def test_a_video_cut_short_is_kept_shown_and_exit_code_2(zoo, trained, tmp_path):
    whole = write_video(tmp_path / "clip.avi", [moving(number) for number in range(9)]).read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) * 6 // 10])
    code, out, err = zoo("predict", trained.model, "cut.avi", "--json", "found.json")
    kept = len(json.loads((tmp_path / "found.json").read_text()))
    assert code == 2 and f"cut.avi\t{kept} frames" in out and "cut_overlay.mp4" in out
    assert err.startswith(f"error: cut.avi: is cut short: {kept} of 9 frames could be read") and err.count("\n") == 1
    assert len(read_video(tmp_path / "predictions" / "cut_overlay.mp4")[0]) == kept
    assert zoo("predict", trained.model, "cut.avi", "--skip-bad")[0] == 0


def test_a_converter_that_fails_is_one_line_and_exit_code_1(zoo, own_run, monkeypatch):
    """One that raises, and one whose file its own runtime cannot read."""
    from export import onnx

    def fail(model, path, **options):
        raise RuntimeError("no rule for\nthis layer")

    def shorten(model, path, **options):
        write(model, path, **options)
        path.write_bytes(path.read_bytes()[:-100])

    write = onnx.write
    for broken in (fail, shorten):
        monkeypatch.setattr(onnx, "write", broken)
        monkeypatch.setattr(onnx, "inspect", lambda path: ([], [], {}))
        code, _, err = zoo("export", own_run / "model.keras", "--output", own_run / "broken.onnx")
        assert code == 1 and err.startswith("failed: conversion to onnx failed: ") and err.count("\n") == 1
        assert ".tmp" not in err and not list(own_run.glob("*broken.onnx*"))


def test_an_artifact_that_differs_exits_with_1(zoo, own_run, monkeypatch):
    """What stood there stays, and so does what was made, under another name."""
    from export import exporter

    assert zoo("export", own_run / "model.keras")[0] == 0
    before = (own_run / "artifacts/model.onnx").read_bytes()
    monkeypatch.setattr(exporter, "tolerances", lambda *_: {"relative": -1.0})
    code, _, err = zoo("export", own_run / "model.keras")
    assert code == 1 and err.startswith("failed: the artifact differs from Keras: relative") and err.count("\n") == 1
    assert (own_run / "artifacts/model.onnx").read_bytes() == before
    assert "model.unverified.onnx" in err and (own_run / "artifacts/model.unverified.onnx").is_file()
