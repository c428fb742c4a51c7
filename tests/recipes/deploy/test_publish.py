import json
import re
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import yaml

import export
import zoo
from recipes.deploy.half import halved, store_half
from recipes.deploy.model_card import cell, without_folders
from recipes.deploy.publish import publish
from recipes.deploy.ship import ship
from recipes.report.run import report, write_metrics
from recipes.training.workdir import Workdir
from zoo import InputError, weights
from zoo.weights import shelf

LICENCES = "Apache-2.0", "CC-BY-4.0"


@pytest.fixture(scope="module")
def shipped(trained, tmp_path_factory):
    """A measured copy of the toy run, with a report and two artifacts, the first of them quantized."""
    run = Workdir(shutil.copytree(trained.path, tmp_path_factory.mktemp("shipped") / "toy"), resume=True)
    write_metrics(run)
    report(run)
    for quantize in ("float16", None):
        ship(run.model, format="onnx", quantize=quantize)
    return run


@pytest.fixture
def run(shipped, tmp_path):
    return shutil.copytree(shipped.path, tmp_path / "toy")


@pytest.fixture
def published(run, tmp_path, monkeypatch):
    """The toy as "regionzoo/toy"."""
    monkeypatch.setattr(shelf, "BUNDLED", tmp_path / "none")
    monkeypatch.setenv("REGIONZOO_WEIGHTS", str(tmp_path / "models"))
    return publish(run, tmp_path / "models", *LICENCES)


def test_a_run_is_published_and_found(published, run, tmp_path, sets):
    assert published.folder == tmp_path / "models" / "toy" and published.left_out == ()
    assert list(published.files) == ["model.keras", "model.onnx", "model-float16.onnx"]
    written = {file.name for file in published.folder.iterdir()}
    assert written == {*published.files, "README.md"}
    assert [file.name for file in sorted((tmp_path / "models").iterdir())] == ["index.json", "toy"]
    found = shelf.find("regionzoo/toy")
    assert found.located().name == "model.onnx" and (found.licence, found.data_licence) == LICENCES
    score = json.loads((run / "metrics.json").read_text())["miou"]
    assert found.arguments == {"width": 1 / 16, "depth": 1, "batch_norm": True, "dropout": 0.3}
    assert found.figure == f"mIoU {score:.3f} on masks:val"
    picture = np.random.default_rng(0).integers(0, 255, (2, 40, 60, 3), np.uint8)
    expected = export.load(run / "model.keras").predict(picture)["logits"]
    for opened in (export.load("regionzoo/toy"), export.load(published.folder / "model.keras")):
        np.testing.assert_allclose(opened.predict(picture)["logits"], expected, atol=0.02 * np.abs(expected).max())
    assert zoo.pretrained("regionzoo/toy").class_names == ("ground", "figure")


def test_what_is_trained_on_begins_with_it(published):
    model = zoo.unet(5, width=1 / 16, depth=1, batch_norm=True, weights="regionzoo/toy")
    assert model.begun_with.kept == ("logits",) and "down1_conv1" in model.begun_with.taken


def test_the_card(published, run):
    text = (published.folder / "README.md").read_text()
    _, front, body = text.split("---\n", 2)
    meta = yaml.safe_load(front)
    assert (meta["license"], meta["library_name"], meta["pipeline_tag"]) == (
        "apache-2.0",
        "keras",
        "image-segmentation",
    )
    (result,) = meta["model-index"][0]["results"]
    figures = {metric["type"]: metric["value"] for metric in result["metrics"]}
    scores = json.loads((run / "metrics.json").read_text())
    assert figures["miou"] == scores["miou"] and result["dataset"]["name"] == "masks:val"
    for name, (size, digest) in published.files.items():
        assert f"`{digest}`" in body and size == (published.folder / name).stat().st_size
    for words in (
        "| figure |",
        "Classes: ground, figure.",
        "whose licence is CC-BY-4.0",
        "hf://USER/toy/model.keras",
    ):
        assert words in body
    assert "| ground | " in body and "It sees pictures of 32 x 48" in body
    assert "zoo.unet(num_classes, width=0.0625, depth=1, batch_norm=True, dropout=0.3, weights=" in body
    assert "| model.keras | float16 | the model itself |" in body and "| model-float16.onnx | float16 | " in body
    assert "5 epochs of `masks:train`" in body and '"epochs": 5' in body and " cores, " in body
    assert str(run.parent) not in text and "/tmp" not in text  # nothing of this machine's folders
    assert not re.search(r"\n\n\n\n|\{\{|\{%", text)
    table = body[body.index("| | ") :].split("\n\n")[0].splitlines()
    assert len({line.count("|") for line in table}) == 1 and len(table) == 4


def test_a_licence_that_the_hub_has_no_word_for(run, tmp_path):
    made = publish(run, tmp_path / "models", 'My "own", 2026', "MIT", name="other", only=["keras"])
    meta = yaml.safe_load((made.folder / "README.md").read_text().split("---\n")[1])
    assert (meta["license"], meta["license_name"]) == ("other", 'My "own", 2026')
    assert list(made.files) == ["model.keras"]


def test_some_files_alone(run, tmp_path):
    made = publish(run, tmp_path / "models", *LICENCES, only=["model-float16.onnx"])
    assert list(made.files) == ["model-float16.onnx"]
    assert "zoo.load" not in (made.folder / "README.md").read_text()
    made = publish(run, tmp_path / "models", *LICENCES, name="second", only=["onnx"])
    assert list(made.files) == ["model.onnx", "model-float16.onnx"]
    index = json.loads((tmp_path / "models" / "index.json").read_text())
    assert list(index["models"]) == ["toy", "second"]


def test_nothing_that_is_there_is_replaced(published, run, tmp_path):
    before = {file: file.read_bytes() for file in (tmp_path / "models").rglob("*") if file.is_file()}
    with pytest.raises(InputError, match="models/toy is there already: choose another --name, or remove it first"):
        publish(run, tmp_path / "models", *LICENCES)
    assert {file: file.read_bytes() for file in (tmp_path / "models").rglob("*") if file.is_file()} == before
    shutil.rmtree(published.folder)
    publish(run, tmp_path / "models", *LICENCES, only=["onnx"])
    assert list(shelf.find("regionzoo/toy").files) == ["model.onnx", "model-float16.onnx"]


def test_what_fails_leaves_nothing(run, tmp_path):
    (run / "model.keras").write_bytes((run / "model.keras").read_bytes()[:-2000])
    with pytest.raises(InputError, match="toy/model.keras: no .keras file, or damaged"):
        publish(run, tmp_path / "models", *LICENCES)
    assert not list((tmp_path / "models").iterdir())


def test_artifacts_that_differ_or_are_of_another_kind_stay(run, tmp_path):
    card = export.Artifact.read(run / "artifacts" / "model.onnx")
    failed = replace(card, parity={**card.parity, "verdict": "failed"})
    failed.embed(run / "artifacts" / "model.onnx")
    (run / "artifacts" / "my model.onnx").write_bytes((run / "artifacts" / "model-float16.onnx").read_bytes())
    made = publish(run, tmp_path / "models", *LICENCES)
    assert list(made.files) == ["model.keras", "model-float16.onnx"]
    assert [line.rpartition("artifacts/")[2] for line in made.left_out] == [
        "model.onnx: differs from Keras",
        "my model.onnx: its name is more than letters, digits, _, - and .",
    ]


WRONG = {
    "no run": (lambda run: run.rename(run.with_name("gone")), {}, "toy: no run that was trained and measured"),
    "not measured": (lambda run: (run / "metrics.json").unlink(), {}, "metrics.json is missing: zoo train writes it"),
    "a name that leads out": (None, {"name": "../up"}, "--name takes letters, digits, _ and -, received '../up'"),
    "no licence": (None, {"licence": " "}, "--licence takes a licence, as Apache-2.0 or MIT, received ' '"),
    "two lines": (None, {"data_licence": "a\nb"}, "--data-licence takes a licence"),
    "no such file": (None, {"only": ["tflite"]}, "--only tflite: there is none among model.keras, model.onnx, "),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_one_line(run, tmp_path, wrong):
    change, options, message = WRONG[wrong]
    if change:
        change(run)
    with pytest.raises(InputError) as refused:
        publish(run, tmp_path / "models", **{"licence": "MIT", "data_licence": "MIT", **options})
    assert message in str(refused.value)
    assert not (tmp_path / "models").exists()


def test_an_index_of_another_program_stays(run, tmp_path):
    (tmp_path / "index.json").write_text('{"name": "site"}')
    with pytest.raises(InputError, match="index.json: no index that zoo publish wrote"):
        publish(run, tmp_path, *LICENCES, name="mine")
    assert (tmp_path / "index.json").read_text() == '{"name": "site"}' and not (tmp_path / "mine").exists()


def test_kernels_alone_become_halves(shipped, tmp_path):
    model = keras.saving.load_model(shipped.model)
    model.save(tmp_path / "with_optimizer.keras")
    store_half(tmp_path / "with_optimizer.keras", tmp_path / "half.keras")
    half = keras.saving.load_model(tmp_path / "half.keras", compile=False)
    for ours, theirs in zip(half.weights, model.weights, strict=True):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs.astype("f2").astype("f4") if theirs.ndim > 1 else theirs)
    assert weights.load(model, tmp_path / "half.keras").missing == {}


def test_a_number_beyond_halves_keeps_its_kernel():
    assert halved(np.full((2, 2), 7e4, "f4")).dtype == np.float32
    assert halved(np.full((2, 2), 6e4, "f4")).dtype == np.float16
    assert halved(np.full(2, 1.0, "f4")).dtype == np.float32 and halved(np.ones((2, 2), int)).dtype == int


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("voc:bccd:val", "voc:bccd:val"),
        ("masks:camvid/train", "masks:camvid/train"),
        ("voc:/home/me/bccd:val", "voc:bccd:val"),
        ("coco:/data/a/instances.json@/data/a/pictures", "coco:instances.json@pictures"),
        ("~/runs/first/model.keras", "model.keras"),
        ("C:\\Users\\me\\bccd", "bccd"),
        ("torchvision/COCO_V1", "torchvision/COCO_V1"),
        ("crops:objects:voc:/home/me/bccd:val", "crops:objects:voc:bccd:val"),
        ("", ""),
    ],
)
def test_folders_of_this_machine_are_nobodys_business(spec, told):
    assert without_folders(spec) == told
    assert without_folders({"data": [spec, 3, None]}) == {"data": [told, 3, None]}


def test_names_of_strangers_stay_in_their_cell():
    assert cell("a|b\n<script>") == r"a\|b \<script\>"
