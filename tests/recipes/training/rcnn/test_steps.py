"""The five steps from one call, on drawn pictures, and what of them a resumed run makes anew."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import export
from recipes.data import Augment, open_source
from recipes.deploy.predict import predict
from recipes.deploy.ship import ship, verify
from recipes.evaluation.evaluate import evaluate
from recipes.report import run
from recipes.training.recipe import Recipe
from recipes.training.train import train
from zoo.errors import InputError


@pytest.fixture(scope="module")
def recipe(squares):
    """A recipe of seconds."""
    return Recipe(
        builder="rcnn_small",
        task="detection",
        arguments={"crop_size": 16, "context": 2, "width": 1 / 4, "units": 64},
        proposals="selective_search_fast",
        num_proposals=40,
        data=squares,
        val_data=squares,
        picture_size=(80, 120),
        augment=Augment(flip=0.5),
        batch_size=32,
        epochs=2,
        learning_rate=3e-3,
        metric="ap50",
    )


@pytest.fixture(scope="module")
def rcnn_run(recipe, tmp_path_factory):
    """The finished run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(tmp_path_factory.mktemp("cache")))
        yield train(recipe, tmp_path_factory.mktemp("runs") / "run")


def files(workdir):
    """The intermediate files, and when they were written."""
    names = "pictures.npy", "regions.npz", "fc7.npy", "pool5.npy", "svms.npz", "regressors.npz"
    return {name: (workdir.path / name).stat().st_mtime_ns for name in names}


def test_learns_and_tells_of_both_figures(rcnn_run, recipe):
    figures = json.loads((rcnn_run.path / "box_regression.json").read_text())
    assert set(figures) == {"before", "after"} and set(figures["after"]) == {"ap50", "voc_ap50", "ap"}
    assert figures["before"]["ap50"] > 0.5
    rows = rcnn_run.read_history(9)
    assert [row["epoch"] for row in rows] == [1, 2] and rows[-1]["loss"] < rows[0]["loss"]


def test_the_model_predicts_pictures_of_any_size(rcnn_run):
    predictor = export.load(rcnn_run.model)
    assert (predictor.proposals, predictor.num_proposals, predictor.class_names) == (
        "selective_search_fast",
        40,
        ("square", "ghost"),
    )
    picture = np.full((160, 240, 3), 40, np.uint8)
    picture[40:120, 60:140] = 220
    (found,) = predictor.predict_each([picture])
    overlap = found["boxes"][0] - [60, 40, 140, 120]
    assert found["labels"][0] == 0 and np.abs(overlap).max() < 30
    batch = np.stack([picture[::2, ::2], picture[::2, ::2]])
    assert predictor.predict(batch)["boxes"].shape == (2, 100, 4)


@pytest.fixture
def resumed(rcnn_run, recipe, monkeypatch):
    """Resumes the run, without its last comparison, and tells which of its files are new."""
    monkeypatch.setattr("recipes.training.rcnn.steps.write_box_regression", lambda *_: None)

    def resume():
        before = files(rcnn_run)
        train(recipe, rcnn_run.path, resume=True)
        after = files(rcnn_run)
        return {name for name in before if after[name] != before[name]}

    return resume


def test_a_resumed_run_makes_anew_what_is_damaged_and_what_follows(rcnn_run, resumed, capsys):
    path = rcnn_run.path / "fc7.npy"
    path.write_bytes(path.read_bytes()[:-100])
    assert resumed() == {"fc7.npy", "pool5.npy", "svms.npz", "regressors.npz"}
    assert "fc7.npy is damaged" in capsys.readouterr().out


@pytest.mark.full
def test_a_finished_run_is_left_as_it_is(resumed, capsys):
    assert resumed() == set() and "damaged" not in capsys.readouterr().out


@pytest.mark.full
def test_a_damaged_checkpoint_is_trained_anew(rcnn_run, resumed, capsys):
    (rcnn_run.path / "epoch-0002.weights.h5").write_bytes(b"cut short")
    assert resumed() == {"fc7.npy", "pool5.npy", "svms.npz", "regressors.npz"}
    assert "epoch-0002.weights.h5 is damaged" in capsys.readouterr().out


@pytest.mark.full
def test_its_artifact_goes_through_all_that_the_command_line_does(rcnn_run, recipe, tmp_path):
    figures = json.loads((rcnn_run.path / "box_regression.json").read_text())
    scores = run.write_metrics(rcnn_run)
    assert scores["ap50"] == pytest.approx(figures["after"]["ap50"]) and scores["ap50/ghost"] is None
    run.report(rcnn_run)
    assert "selective_search_fast" in rcnn_run.report.read_text()
    artifact = ship(rcnn_run.model, tmp_path / "model.tflite", format="tflite", data=recipe.data, pictures=2)
    assert artifact.parity["passed"]
    assert "selective_search_fast" in artifact.preprocessing
    verified = verify(artifact.path, rcnn_run.model, recipe.data, count=2)
    assert verified.passed and verified.agreement == 1.0 and verified.metric_change == 0.0
    assert export.benchmark(artifact.path, runs=1, warmup=0).p50_ms > 0
    predictor, source = export.load(artifact.path), open_source(recipe.data)
    assert evaluate(predictor, source)["ap50"] == pytest.approx(scores["ap50"])
    picture = next(Path(recipe.data.removeprefix("voc:")).rglob("1.png"))
    (entry,), _ = predict(predictor, [picture], tmp_path / "found", score=0.0)
    assert entry["objects"][0]["class"] == "square"


def test_wrong_recipes(recipe, tmp_path):
    with pytest.raises(InputError, match="rcnn_small looks at regions.*set proposals=selective_search_fast"):
        train(replace(recipe, proposals=""), tmp_path / "run")
    with pytest.raises(InputError, match="grid_detector takes no 'proposals'"):
        train(replace(recipe, builder="grid_detector", arguments={}), tmp_path / "run")
    with pytest.raises(InputError, match="unknown method of proposals 'magic'"):
        train(replace(recipe, proposals="magic"), tmp_path / "run")
    augment = replace(recipe.augment, colour=0.5)
    with pytest.raises(InputError, match="trained on regions, without augment.colour, ema: leave them out"):
        train(replace(recipe, ema=0.9, augment=augment), tmp_path / "run")
