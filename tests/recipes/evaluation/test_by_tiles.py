import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from recipes.evaluation.by_tiles import Tiled
from recipes.evaluation.evaluate import evaluate
from zoo import InputError


def bright(pictures):
    """Logits of a network that knows the figures by their brightness, and asks for tiles of 16 x 24 alone."""
    assert pictures.shape[1:3] == (16, 24)
    logits = pictures.astype(np.float32).mean(-1) / 125.0 - 1.0
    return {"logits": np.stack([np.zeros_like(logits), logits], axis=-1)}


def predictor(**attributes):
    known = {"task": "segmentation", "network_size": (None, None), "class_names": ("ground", "figure")}
    return SimpleNamespace(
        **{**known, "keypoint_names": (), "skeleton": (), "names": (), "predict": bright, **attributes}
    )


@pytest.mark.parametrize("tile", [(16, 24), "16x24"])
def test_tiles_are_joined_and_measured(sets, tile):
    source = open_source(f"masks:{sets[1]}")
    tiled = Tiled(predictor(), tile)
    assert evaluate(tiled, source)["miou"] > 0.8
    picture = np.random.default_rng(0).integers(0, 255, (31, 49, 3), np.uint8)
    (found,) = tiled.predict_each([picture])
    np.testing.assert_array_equal(found["logits"][..., 1], picture.astype(np.float32).mean(-1) / 125.0 - 1.0)
    assert Tiled(predictor(network_size=(16, None)), tile).tile == (16, 24)


def test_other_models_and_tiles_are_refused():
    with pytest.raises(InputError, match="--tile is for segmentation, received a model for detection"):
        Tiled(predictor(task="detection"), "16x24")
    with pytest.raises(InputError, match="for an unknown task"):
        Tiled(predictor(task=None), "16x24")
    with pytest.raises(InputError, match="takes pictures of 32x48: set --tile to that, received 16x24"):
        Tiled(predictor(network_size=(32, 48)), "16x24")
    for tile in ("16", "big", "0x24"):
        with pytest.raises(InputError, match="a tile is height x width in pixels, as in 256x256, received"):
            Tiled(predictor(), tile)
    with pytest.raises(InputError, match="a picture of 15x24 is smaller than a tile of 16x24"):
        next(Tiled(predictor(), "16x24").predict_each([np.zeros((15, 24, 3), np.uint8)]))


def test_the_verbs_take_a_tile(zoo, trained, sets, tmp_path):
    """Pictures of the size that the model was trained at are one tile, larger ones several at their own scale."""
    source = f"masks:{sets[1]}"
    code, out, _ = zoo("evaluate", trained.model, "--data", source, "--tile", "32x48", "--json", "tiled.json")
    assert code == 0 and "miou" in out and json.loads((tmp_path / "tiled.json").read_text())["miou"] > 0.5
    code, _, err = zoo("evaluate", trained.model, "--data", source, "--tile", "32x48", "--proposals", "edge_boxes")
    assert code == 2 and err.count("\n") == 1 and "give one of them" in err
    (tmp_path / "large").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (71, 85, 3), np.uint8)).save("large/a.png")
    code, _, _ = zoo("predict", trained.model, "large", "--tile", "32x48", "--output", "found")
    with Image.open("found/a_classes.png") as classes:
        assert code == 0 and classes.size == (85, 71)
    code, _, err = zoo("predict", trained.model, sets[1] / "images", "--tile", "64x64")
    assert code == 2 and err == "error: the model takes pictures of 32x48: set --tile to that, received 64x64\n"
