import io

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recipes.data import open_source, pipeline
from recipes.data.sources.sbd import read
from tests.recipes.data.sources import test_voc_segmentation as voc
from zoo.errors import InputError

LABELS = np.array([[0, 0, 15], [8, 8, 15]], np.uint8)


def mat(labels=LABELS, field="Segmentation"):
    """Returns the bytes of a MATLAB file as SBD's."""
    contents = io.BytesIO()
    inner = {"Boundaries": np.zeros((20, 1)), field: labels, "CategoriesPresent": np.array([8, 15])}
    scipy.io.savemat(contents, {"GTcls": inner}, do_compression=True)
    return contents.getvalue()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "dataset"
    for part in ("img", "cls"):
        (folder / part).mkdir(parents=True)
    for stem in ("2008_b", "2008_a"):
        Image.new("RGB", (3, 2)).save(folder / "img" / f"{stem}.jpg")
        (folder / "cls" / f"{stem}.mat").write_bytes(mat())
    (folder / "train.txt").write_text("2008_b\n")
    return folder


def test_maps_are_read_from_matlab_files(folder):
    source = open_source(f"sbd:{folder}")
    assert (len(source), source.keys, source.problems()) == (2, ("segmentation",), [])
    examples = list(source.records().map(source.decode).as_numpy_iterator())
    assert [example["name"].decode()[-10:] for example in examples] == ["2008_a.jpg", "2008_b.jpg"]
    for example in examples:
        np.testing.assert_array_equal(example["segmentation"], LABELS)
        assert example["segmentation"].dtype == np.int32
    assert [image.stem for image in open_source(f"sbd:{folder}:train").images] == ["2008_b"]


def test_joins_with_voc(folder, tmp_path):
    voc.write(tmp_path / "VOC2012", "2007_a", np.full((2, 4), 20, np.uint8))
    joined = open_source(f"sbd:{folder}:train & voc_segmentation:{tmp_path / 'VOC2012'}")
    assert len(joined) == 2 and len(joined.classes) == 21
    batches = pipeline(joined, task="segmentation", picture_size=(2, 4), batch_size=2)
    labels = next(iter(batches))[1].numpy()
    assert set(np.unique(labels[0])) == {0, 8, 15, 255} and set(np.unique(labels[1])) == {20}


def test_problems_name_the_file(folder):
    (folder / "cls" / "2008_a.mat").write_bytes(mat()[:200])
    (folder / "cls" / "2008_b.mat").write_bytes(mat(LABELS + 10))
    found = [str(problem).removeprefix(f"{folder}/cls/") for problem in open_source(f"sbd:{folder}").problems()]
    assert found == [
        '2008_a.mat: is no complete MATLAB file with the map "GTcls.Segmentation" of SBD',
        "2008_b.mat: pixel label 25 is outside the 21 classes (0 to 20)",
    ]


@pytest.mark.parametrize("contents", [b"", b"MATLAB", mat(field="Other"), mat(np.zeros((2, 3)))])
def test_other_contents_are_refused(contents):
    with pytest.raises(ValueError, match="is no complete MATLAB file"):
        read(contents)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_files_are_one_kind_of_error(data):
    whole = bytearray(mat())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        labels = read(bytes(whole))
        assert labels.ndim == 2
    except ValueError as error:
        assert "MATLAB" in str(error)


def test_missing_parts_are_named(folder):
    def refused(rest, message):
        with pytest.raises(InputError, match=message):
            open_source(f"sbd:{rest}")

    refused("", "names no folder; sbd:DIR is benchmark_RELEASE/dataset")
    refused(folder.parent, "img: no such folder")
    refused(f"{folder}:test", "test.txt: no such split; there are train")
    (folder / "cls" / "2008_b.mat").unlink()
    refused(f"{folder}:train", "2008_b.mat: no such mask")
    (folder / "img" / "2008_b.jpg").unlink()
    refused(f"{folder}:train", "2008_b.jpg: no such picture")
    (folder / "cls" / "2008_a.mat").unlink()
    refused(folder, "cls: holds no maps")
