import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from recipes.evaluation.evaluate import evaluate
from recipes.evaluation.with_crf import WithCrf
from zoo import InputError, dense_crf


def noisy(picture, seed=0):
    """Logits that know the figure by its brightness, but for a third of the pixels."""
    wrong = np.random.default_rng(seed).random(picture.shape[:2]) < 0.3
    logits = np.zeros((*picture.shape[:2], 2), np.float32)
    logits[..., 1] = np.where((picture.mean(axis=-1) > 125) ^ wrong, 1, -1)
    return {"logits": logits, "classes": logits.argmax(-1), "more": 7}


def predictor(**attributes):
    known = {"task": "segmentation", "names": (), "class_names": ("ground", "figure"), "keypoint_names": ()}
    return SimpleNamespace(
        **{**known, "proposals": "", "predict_each": lambda pictures: map(noisy, pictures), **attributes}
    )


def test_maps_are_refined_at_the_sizes_of_their_pictures():
    pictures = [np.full((*size, 3), 90, np.uint8) for size in ((12, 17), (9, 8))]
    for picture in pictures:
        picture[:, 5:] = 180
    crf = WithCrf(predictor())
    assert crf.class_names == ("ground", "figure") and crf.task == "segmentation"
    for picture, got in zip(pictures, crf.predict_each(iter(pictures)), strict=True):
        np.testing.assert_allclose(np.exp(got["logits"]), dense_crf(picture, noisy(picture)["logits"]), atol=1e-6)
        np.testing.assert_array_equal(got["classes"], got["logits"].argmax(-1))
        np.testing.assert_array_equal(got["classes"], picture[..., 0] > 100)
        assert np.isfinite(got["logits"]).all() and got["more"] == 7
    assert list(crf.predict_each([])) == []


def test_it_is_measured(sets):
    source = open_source(f"masks:{sets[1]}")
    assert evaluate(WithCrf(predictor()), source)["miou"] > evaluate(predictor(), source)["miou"] + 0.1


def test_other_tasks_are_refused():
    for task, named in (("detection", "a model of detection"), (None, "a model of no known task")):
        with pytest.raises(InputError, match=f"--crf is for segmentation, received {named}"):
            WithCrf(predictor(task=task))


def test_evaluate_and_predict_take_it(zoo, trained, sets):
    code, out, _ = zoo("evaluate", trained.model, "--data", f"masks:{sets[1]}", "--crf", "--json", "scores.json")
    assert code == 0 and "miou" in out
    with open("scores.json") as file:
        assert 0 <= json.load(file)["miou"] <= 1
    code, _, _ = zoo("predict", trained.model, sets[1] / "images" / "0.png", "--crf", "--output", "refined")
    assert code == 0
    code, _, _ = zoo("predict", trained.model, sets[1] / "images" / "0.png", "--output", "plain")
    maps = [np.asarray(Image.open(f"{name}/0_classes.png")) for name in ("refined", "plain")]
    assert maps[0].shape == maps[1].shape == (32, 48) and np.any(maps[0] != maps[1])
