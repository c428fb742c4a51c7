"""A model that is given proposals, trained by plain `fit`: the pipeline feeds both inputs, and so does validation."""

import numpy as np
import pytest

import export
from recipes.data import Augment
from recipes.report import run
from recipes.training.recipe import Recipe
from recipes.training.train import train


def trained(builder, squares, tmp_path, monkeypatch):
    """Trains for an epoch and returns the `Workdir` and the row of its history."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "cache"))
    recipe = Recipe(
        builder=builder,
        task="detection",
        arguments={"width": 1 / 16},
        proposals="sliding_window",
        num_proposals=30,
        data=squares,
        val_data=squares,
        picture_size=(64, 96),
        augment=Augment(flip=0.5, scale=(0.8, 1.2)),
        batch_size=2,
        epochs=1,
        metric="ap50",
    )
    workdir = train(recipe, tmp_path / "run")
    (row,) = workdir.read_history(1)
    assert np.isfinite([row["class_loss"], row["box_loss"], row["val_class_loss"]]).all()
    return workdir, row


def test_fast_rcnn(eagerly, squares, tmp_path, monkeypatch):
    _, row = trained("fast_rcnn_zf", squares, tmp_path, monkeypatch)
    assert 0 <= row["val_ap50"] <= 1


@pytest.mark.full
def test_fast_rcnn_knows_its_proposals(squares, tmp_path, monkeypatch):
    workdir, row = trained("fast_rcnn_resnet18_fpn", squares, tmp_path, monkeypatch)
    assert run.write_metrics(workdir)["ap50"] == row["val_ap50"]
    predictor = export.load(workdir.model)
    assert (predictor.proposals, predictor.num_proposals) == ("sliding_window", 30)
