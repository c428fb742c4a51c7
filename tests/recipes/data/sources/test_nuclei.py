import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source, usable
from zoo.errors import InputError


def mask(top, bottom, left, right, value=255):
    pixels = np.zeros((6, 8), np.uint8)
    pixels[top:bottom, left:right] = value
    return pixels


@pytest.fixture
def folder(tmp_path):
    """As the Data Science Bowl 2018 has them: two objects that touch on the first picture, none on the second."""
    for name in ("x1", "x2"):
        for part in ("images", "masks"):
            (tmp_path / name / part).mkdir(parents=True)
        Image.new("RGBA", (8, 6)).save(tmp_path / name / "images" / f"{name}.png")
    Image.fromarray(mask(0, 2, 1, 4)).save(tmp_path / "x1/masks/a.png")
    Image.fromarray(mask(2, 6, 3, 8, 1)).convert("RGB").save(tmp_path / "x1/masks/b.png")
    (tmp_path / "x1.csv").write_text("")
    return tmp_path


def test_a_mask_of_the_whole_picture_is_doubted(folder):
    Image.fromarray(mask(0, 6, 0, 8)).save(folder / "x1/masks/c.png")
    (found,) = open_source(f"nuclei:{folder}").findings()
    assert (found.file, found.fatal) == (str(folder / "x1/masks/c.png"), False)
    assert found.message.startswith("the mask covers the whole picture")


def examples(source):
    return list(source.records().map(source.decode).as_numpy_iterator())


def test_reads_objects_by_hand(folder):
    source = open_source(f"nuclei:{folder}")
    assert (len(source), source.classes, source.keys) == (2, ("object",), ("boxes", "labels", "masks"))
    first, second = examples(source)
    np.testing.assert_array_equal(first["boxes"], [[1, 0, 4, 2], [3, 2, 8, 6]])
    np.testing.assert_array_equal(first["masks"], [mask(0, 2, 1, 4, 1), mask(2, 6, 3, 8, 1)])
    assert first["labels"].tolist() == [0, 0] and second["masks"].shape == (0, 6, 8)
    assert source.findings(deep=True) == []
    assert "masks" not in examples(source.of_task("detection"))[0]
    np.testing.assert_array_equal(source.decode(next(iter(source.records())))["boxes"], first["boxes"])


def test_a_bad_mask_costs_itself_alone(folder, capsys):
    (folder / "x1/masks/c.png").write_bytes(b"no picture")
    Image.new("L", (3, 3), 255).save(folder / "x1/masks/d.png")
    Image.new("L", (8, 6)).save(folder / "x1/masks/e.png")
    source = open_source(f"nuclei:{folder}")
    found = source.findings()
    assert [(problem.file[-5:], problem.fatal, problem.of_object) for problem in found] == [
        ("c.png", True, True),
        ("d.png", True, True),
        ("e.png", False, True),
    ]
    with pytest.raises(InputError, match=r"c.png: .* \(and 1 more\)"):
        usable(source, skip_bad=False)
    rest = usable(source, skip_bad=True)
    assert len(rest) == 2 and len(examples(rest)[0]["boxes"]) == 2
    assert "left out 2 × masks that cannot be used" in capsys.readouterr().out


def test_folders_that_are_none(folder, tmp_path):
    with pytest.raises(InputError, match="nothing: no such folder; nuclei:DIR needs"):
        open_source(f"nuclei:{tmp_path / 'nothing'}")
    with pytest.raises(InputError, match="holds no such folders"):
        open_source(f"nuclei:{folder / 'x1'}")
    Image.new("RGB", (8, 6)).save(folder / "x2/images/other.png")
    with pytest.raises(InputError, match="x2/images: holds several pictures"):
        open_source(f"nuclei:{folder}")


def test_names_and_halves(folder):
    (folder / "classes.txt").write_text("nucleus\n")
    halves = [open_source(f"nuclei:{folder}:{split}") for split in ("train", "val")]
    assert [(len(half), half.classes) for half in halves] == [(1, ("nucleus",))] * 2


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_masks_as_tiff(folder, kind):
    (folder / "x1/masks/b.png").unlink()
    Image.fromarray(mask(2, 6, 3, 8, 1).astype(kind) * np.iinfo(kind).max).save(folder / "x1/masks/b.tif")
    source = open_source(f"nuclei:{folder}")
    np.testing.assert_array_equal(examples(source)[0]["masks"][1], mask(2, 6, 3, 8, 1))
    assert source.findings(deep=True) == []


def test_masks_without_a_picture_are_named(folder):
    (folder / "x3/masks").mkdir(parents=True)
    Image.fromarray(mask(0, 2, 1, 4)).save(folder / "x3/masks/a.png")
    (folder / "x4/masks").mkdir(parents=True)
    (found,) = open_source(f"nuclei:{folder}").findings()
    assert (found.file, found.fatal) == (str(folder / "x3/images"), False)
    assert found.message == "no picture is there: nothing is learned from its masks"
