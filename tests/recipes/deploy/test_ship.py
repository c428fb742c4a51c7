import shutil

import keras
import numpy as np
import pytest

import zoo
from recipes.data import open_source
from recipes.data.examples import letterboxed, representative
from recipes.data.sources.source import Problem
from recipes.deploy.ship import ship
from recipes.training.known import usable_again, write_known
from recipes.training.workdir import Workdir
from tests.recipes.conftest import write_set
from zoo import InputError


@pytest.fixture
def bad(tmp_path):
    """A `masks:` source of five pictures, the third of which is cut short."""
    folder = write_set(tmp_path / "bad", 5)
    path = folder / "images" / "2.png"
    path.write_bytes(path.read_bytes()[:-300])
    return open_source(f"masks:{folder}")


def test_an_unreadable_picture_is_named(bad, trained):
    for read in (
        lambda: representative(bad, (32, 48), 5),
        lambda: representative(bad, (32, 48), 4),  # of 0, 2, 3, 4
        lambda: list(letterboxed(bad, "segmentation", (32, 48))),
        lambda: ship(trained.model, format="onnx", data=bad.spec),
    ):
        with pytest.raises(InputError, match=r"images/2\.png: .*: mend or remove it$"):
            read()
    assert len(representative(bad, (32, 48), 2)) == 2  # 0 and 3
    assert len(list(letterboxed(bad.without(bad.problems()), "segmentation", (32, 48)))) == 4


@pytest.mark.parametrize("count, places", [(2, [0, 3]), (3, [0, 2, 4]), (5, range(5)), (9, range(5))])
def test_pictures_are_spread_over_the_source(tmp_path, count, places):
    source = open_source(f"masks:{write_set(tmp_path / 'set', 5)}")
    every = [record["image"] for record in map(source.decode, source.records())]
    for _ in range(2):
        np.testing.assert_array_equal(representative(source, (32, 48), count), [every[place] for place in places])


def test_an_empty_source_is_named(bad):
    with pytest.raises(InputError, match="has no picture to look at"):
        representative(bad.without([Problem(str(i), "", i) for i in range(5)]), (32, 48), 2)


def test_what_int8_learns_from_is_told(bad, trained, monkeypatch):
    told = {}
    monkeypatch.setattr("export.export", lambda *_, **options: told.update(options))
    ship(trained.model, format="onnx", quantize="int8", data=bad.spec, pictures=2)
    assert told["representative"].shape == (2, 32, 48, 3)
    assert told["source"] == f"{bad.spec}, spread evenly over its 5 pictures"


def test_what_the_run_left_out_is_not_exported_with(bad, trained, tmp_path, monkeypatch):
    own = Workdir(shutil.copytree(trained.path, tmp_path / "own"), resume=True)
    _, known = usable_again(bad, {}, skip_bad=True)
    write_known(own, {"data": known, "val_data": known})
    seen = []
    monkeypatch.setattr("export.export", lambda *_, pictures, **__: seen.append(pictures))
    ship(own.model, format="onnx", data=bad.spec)
    assert seen[0].shape == (4, 32, 48, 3)


def test_a_folder_for_a_server(tmp_path):
    keras.utils.set_random_seed(0)
    model = tmp_path / "net.keras"
    zoo.unet(2, width=1 / 16, depth=1, input_shape=(16, 16, 3)).save(model)
    for version in ("1", "2"):
        artifact = ship(model, format="onnx", server="tf-serving", batch_size=None)
        assert artifact.path == str(tmp_path / "servers" / "tf-serving" / "net" / version)
        assert artifact.format == "saved_model" and artifact.batch_size is None
    with pytest.raises(InputError, match="unknown server 'torchserve'"):
        ship(model, format="onnx", server="torchserve")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.keras", "servers"]


def test_any_size_by_name(tmp_path):
    model = tmp_path / "net.keras"
    zoo.unet(2, width=1 / 16, depth=1).save(model)
    assert ship(model, format="onnx", image_size="any").image_size == (None, None)
    with pytest.raises(InputError, match="net.keras was not trained at one size: name it with --image-size HEIGHTxW"):
        ship(model, format="onnx")
    with pytest.raises(InputError, match="--image-size takes HEIGHTxWIDTH, as in 360x480, or any, received 'all'"):
        ship(model, format="onnx", image_size="all")
