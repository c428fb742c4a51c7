import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from recipes.evaluation.by_tiles import tiled
from recipes.evaluation.evaluate import evaluate
from recipes.evaluation.ways import through
from tests.recipes.blobs import GREEN, RED, detector, found, picture
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
    seamless = tiled(predictor(), tile)
    assert evaluate(seamless, source)["miou"] > 0.8
    noise = np.random.default_rng(0).integers(0, 255, (31, 49, 3), np.uint8)
    (joined,) = seamless.predict_each([noise])
    np.testing.assert_array_equal(joined["logits"][..., 1], noise.astype(np.float32).mean(-1) / 125.0 - 1.0)
    assert tiled(predictor(network_size=(16, None)), tile).tile == (16, 24)


def test_other_models_and_tiles_are_refused():
    with pytest.raises(InputError, match="--tile is for segmentation and detectors, received a model for points"):
        tiled(predictor(task="points"), "16x24")
    with pytest.raises(InputError, match="for an unknown task"):
        tiled(predictor(task=None), "16x24")
    with pytest.raises(InputError, match="takes pictures of 32x48: set --tile to that, received 16x24, or give"):
        tiled(predictor(network_size=(32, 48)), "16x24")
    for tile in ("16.5", "big", "0x24", "0"):
        with pytest.raises(InputError, match="a tile is height x width in pixels, as in 256x256, received"):
            tiled(predictor(), tile)
    for overlap in (-0.1, 0.95):
        with pytest.raises(InputError, match="--overlap takes a share of a tile from 0 to 0.9, received"):
            tiled(detector(), "32", overlap)
    with pytest.raises(InputError, match="--overlap is by how much tiles overlap: give --tile too"):
        through(detector(), overlap=0.2)
    for made in (tiled(predictor(), "16x24"), tiled(detector(), "16x24")):
        with pytest.raises(InputError, match="a picture of 15x24 is smaller than a tile of 16x24"):
            next(made.predict_each([np.zeros((15, 24, 3), np.uint8)]))


def by_position(pictures):
    """Logits of a network that is surer in the middle of its picture than at its rim, but never wrong."""
    for image in pictures:
        height, width = image.shape[:2]
        sure = 1 + np.minimum.outer(np.minimum(np.arange(height), height - 1 - np.arange(height)), np.full(width, 99))
        logits = sure * np.where(image[..., 0] > 128, 1.0, -1.0)
        yield {"logits": np.stack([-logits, logits], axis=-1).astype(np.float32)}


@pytest.mark.parametrize(("size", "overlap"), [((40, 52), 0.25), ((16, 16), 0.0), ((33, 47), 0.5)])
def test_maps_are_blended(size, overlap):
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    blended = tiled(predictor(predict_each=by_position, network_size=(8, 8)), 16, overlap)
    first, second = blended.predict_each([image, image[:, ::-1]])
    assert first["logits"].shape == (*size, 2) and np.isfinite(first["logits"]).all()
    np.testing.assert_array_equal(first["logits"][..., 1] > 0, image[..., 0] > 128)
    np.testing.assert_allclose(second["logits"][:, ::-1], first["logits"], rtol=1e-5)

    constant = predictor(predict_each=lambda tiles: ({"logits": np.full((16, 16, 3), 2.5)} for _ in tiles))
    (flat,) = tiled(constant, 16, overlap).predict_each([image])
    np.testing.assert_allclose(flat["logits"], 2.5, rtol=1e-6)


def near(images):
    """Things as `found`, but none that takes less than a hundredth of its picture, as a coarse network sees."""
    for image in images:
        seen = found(image)
        x1, y1, x2, y2 = seen["boxes"].T
        small = (x2 - x1) * (y2 - y1) < image.shape[0] * image.shape[1] / 100
        yield {**seen, "labels": np.where(small, -1, seen["labels"])}


def boxes_of(prediction):
    assert prediction["count"] == len(prediction["boxes"]) == len(prediction["labels"])
    assert np.all(np.diff(prediction["scores"]) <= 0)
    return sorted(
        (int(label), *map(int, box)) for label, box in zip(prediction["labels"], prediction["boxes"], strict=True)
    )


def test_small_things_are_found_in_tiles_once_and_whole():
    things = [
        (RED, (5, 7, 13, 15)),  # in one tile
        (GREEN, (58, 50, 66, 58)),  # across the edge of tiles that end at 64, whole in their neighbours
        (RED, (95, 100, 103, 108)),  # in the last ones, which begin where the picture's border says
    ]
    image = picture((130, 190), *things)
    whole = detector(predict_each=near)
    assert boxes_of(next(through(whole).predict_each([image])) | {"count": 12})[0][0] == -1  # none by itself
    looking = through(whole, tile="64", overlap=0.25)
    expected = sorted((0 if colour == RED else 1, *box) for colour, box in things)
    for _ in range(2):
        assert boxes_of(next(looking.predict_each([image]))) == expected
    assert boxes_of(next(looking.predict_each([picture((64, 64))]))) == []


def test_what_is_larger_than_a_tile_is_found_in_the_picture_and_its_pieces_are_given_up():
    image = picture((128, 128), (RED, (10, 20, 120, 110)))
    (seen,) = through(detector(predict_each=near), tile=64).predict_each([image])
    assert boxes_of(seen) == [(0, 10, 20, 120, 110)]


def test_what_the_whole_picture_alone_takes_for_a_thing_is_one_only_where_no_tile_shows_it_whole():
    def rash(images):
        for image in images:
            if image.shape[0] > 64:
                image = picture(image.shape[:2], (RED, (5, 5, 35, 35)), (GREEN, (20, 40, 120, 110)))
            yield found(image)

    (seen,) = through(detector(predict_each=rash), tile=64).predict_each([picture((128, 128))])
    assert boxes_of(seen) == [(1, 20, 40, 120, 110)]


def test_masks_and_keypoints_come_along():
    def posed(images):
        for image in images:
            seen = found(image)
            x1, y1, x2, y2 = seen["boxes"].T
            centre = np.stack([(x1 + x2) / 2, (y1 + y2) / 2, np.full(len(x1), 5.0)], -1)
            masks = np.broadcast_to(np.arange(4) / 4.0, (len(x1), 4, 4)).astype(np.float32)
            yield {**seen, "keypoints": centre[:, None].astype(np.float32), "masks": masks}

    image = picture((96, 96), (RED, (70, 74, 80, 84)))
    (seen,) = through(detector(task="masks_and_keypoints", predict_each=posed), tile=48).predict_each([image])
    assert seen["keypoints"].tolist() == [[[75, 79, 5]]] and seen["masks"].shape == (1, 4, 4)


def test_the_verbs_take_a_tile(zoo, trained, sets, tmp_path):
    """Pictures of the size that the model was trained at are one tile, larger ones several at their own scale."""
    source = f"masks:{sets[1]}"
    code, out, _ = zoo("evaluate", trained.model, "--data", source, "--tile", "32x48", "--json", "tiled.json")
    assert code == 0 and "miou" in out and json.loads((tmp_path / "tiled.json").read_text())["miou"] > 0.5
    code, _, err = zoo("evaluate", trained.model, "--data", source, "--tile", "32x48", "--proposals", "edge_boxes")
    assert code == 2 and err.count("\n") == 1 and "give one of them" in err
    code, out, err = zoo(
        *("evaluate", trained.model, "--data", source, "--tile", "24", "--overlap", "0.5", "--flip"),
        *("--json", "blended.json"),
    )
    assert code == 0 and json.loads((tmp_path / "blended.json").read_text())["miou"] > 0.5, err
    (tmp_path / "large").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (71, 85, 3), np.uint8)).save("large/a.png")
    code, _, _ = zoo("predict", trained.model, "large", "--tile", "32x48", "--output", "found")
    with Image.open("found/a_classes.png") as classes:
        assert code == 0 and classes.size == (85, 71)
    code, _, err = zoo("predict", trained.model, sets[1] / "images", "--tile", "64x64")
    wanted = "set --tile to that, received 64x64, or give --overlap too"
    assert code == 2 and err == f"error: the model takes pictures of 32x48: {wanted}\n"
    code, _, err = zoo("predict", trained.model, sets[1] / "images", "--tile", "64", "--overlap", "0.2")
    assert code == 2 and "is smaller than a tile of 64x64" in err and err.count("\n") == 1
    assert not (tmp_path / "predictions").exists()
