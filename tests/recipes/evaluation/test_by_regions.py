from types import SimpleNamespace

import numpy as np
import pytest

from recipes.data import open_source
from recipes.evaluation.by_regions import ProposalWise
from recipes.evaluation.evaluate import evaluate
from zoo import InputError


def bright(pictures):
    """Logits of a network that knows the figures by their brightness."""
    logits = pictures.astype(np.float32).mean(-1) / 125.0 - 1.0
    return {"logits": np.stack([np.zeros_like(logits), logits], axis=-1)}


def predictor(**attributes):
    known = {"task": "segmentation", "frame_size": (16, 24), "class_names": ("ground", "figure")}
    return SimpleNamespace(**{**known, "keypoint_names": (), "names": (), "predict": bright, **attributes})


def test_regions_are_joined_and_measured(sets):
    source = open_source(f"masks:{sets[1]}")
    scores = evaluate(ProposalWise(predictor(), "sliding_window"), source)
    assert scores["miou"] > 0.8
    dark = {"predict": lambda pictures: {"logits": bright(255 - pictures)["logits"]}}
    assert evaluate(ProposalWise(predictor(**dark), "sliding_window"), source)["iou/figure"] < 0.2


def test_other_models_and_methods_are_refused():
    with pytest.raises(InputError, match="segmentation at one picture size, received detection at"):
        ProposalWise(predictor(task="detection"), "edge_boxes")
    with pytest.raises(InputError, match="received segmentation at any size"):
        ProposalWise(predictor(frame_size=None), "edge_boxes")
    with pytest.raises(InputError, match="unknown method of proposals 'bing'"):
        ProposalWise(predictor(), "bing")


def test_evaluate_takes_a_method(zoo, trained, sets):
    code, out, _ = zoo("evaluate", trained.model, "--data", f"masks:{sets[1]}", "--proposals", "sliding_window")
    assert code == 0 and "miou" in out
