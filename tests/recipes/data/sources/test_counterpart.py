import shutil

import pytest

from recipes.data import open_source
from recipes.data.sources.counterpart import with_counterpart
from tests.recipes.conftest import write_set
from zoo import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    write_set(folder / "train", 3)
    write_set(folder / "valid", 2)
    return folder


def test_a_folder_beside(folder):
    assert with_counterpart(f"masks:{folder}/train") == (f"masks:{folder}/train", f"masks:{folder}/valid")


def test_a_table_beside(folder, tmp_path):
    for split in ("train", "valid"):
        picture = next((folder / split / "images").iterdir())
        shutil.copy(picture, tmp_path)
        (tmp_path / f"{split}.csv").write_text(f"image,x0,y0\n{picture.name},1,2\n")
    pair = f"points:{tmp_path}/train.csv", f"points:{tmp_path}/valid.csv"
    assert with_counterpart(pair[0]) == pair


def test_a_source_without_splits_is_divided_by_names(folder):
    learned, measured = with_counterpart(f"masks:{folder}/valid")
    assert (learned, measured) == (f"masks:{folder}/valid:train", f"masks:{folder}/valid:val")
    assert len(open_source(learned)) + len(open_source(measured)) == 2
    assert with_counterpart(learned) == (learned, measured)


def test_classes_stay(squares):
    pair = with_counterpart(f"{squares}:train?classes=square")
    assert pair == (f"{squares}:train?classes=square", f"{squares}:val?classes=square")


def test_nothing_beside_is_one_line(folder, tmp_path):
    shutil.copytree(folder / "train", tmp_path / "train")
    write_set(tmp_path / "single", 1)
    for data in (
        f"masks:{tmp_path}/train",
        f"masks:{tmp_path}/single",
        f"masks:{folder}/train & masks:{folder}/valid",
    ):
        with pytest.raises(InputError, match="has no other split to measure on; name one, --val-data SOURCE"):
            with_counterpart(data)
    with pytest.raises(InputError, match="nowhere"):
        with_counterpart(f"masks:{tmp_path}/nowhere:train")
