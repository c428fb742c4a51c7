import shutil

import keras
import pytest

import zoo
from recipes.data import open_source
from recipes.data.examples import letterboxed, representative
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
        lambda: list(letterboxed(bad, "segmentation", (32, 48))),
        lambda: ship(trained.model, format="onnx", data=bad.spec),
    ):
        with pytest.raises(InputError, match=r"images/2\.png: .*: mend or remove it$"):
            read()
    assert len(representative(bad, (32, 48), 2)) == 2  # it is the third
    assert len(list(letterboxed(bad.without(bad.problems()), "segmentation", (32, 48)))) == 4


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
    with pytest.raises(InputError, match="--image-size takes HEIGHTxWIDTH, as in 360x480, or any, received 'all'"):
        ship(model, format="onnx", image_size="all")
