import json
import os
import sys
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from recipes.data import pictures
from recipes.deploy.predict import predict, predict_each
from zoo.errors import InputError


def segments(images):
    for image in images:
        yield {"logits": np.dstack([image[..., 0] < 128, image[..., 0] >= 128]).astype("float32")}


PREDICTOR = SimpleNamespace(
    task="segmentation",
    names=(),
    class_names=("dark", "bright"),
    keypoint_names=(),
    skeleton=(),
    predict_each=segments,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photos").mkdir()
    for i, size in enumerate([(12, 8), (8, 12), (9, 9), (10, 7)]):
        Image.new("RGB", size, (60 * i, 0, 0)).save(tmp_path / "photos" / f"{i}.png")
    return tmp_path / "photos"


def test_each_picture_is_read_once_and_written_as_it_comes(folder, tmp_path, monkeypatch):
    read, seen = [], []
    original = pictures.read
    monkeypatch.setattr(pictures, "read", lambda path: read.append(path) or original(path))
    count, skipped = predict_each(PREDICTOR, [folder], tmp_path / "out", lambda entry: seen.append(len(read)))
    assert (count, skipped, seen) == (4, [], [1, 2, 3, 4])
    text = (tmp_path / "out" / "predictions.json").read_text()
    entries = json.loads(text)
    assert text == json.dumps(entries, indent=2) + "\n"
    assert [entry["shares"]["bright"] for entry in entries] == [0, 0, 0, 1]


def calls_of(folder, output, count):
    """Returns the calls of Python and of C that predicting so many pictures takes, by name."""
    folder.mkdir()
    Image.new("RGB", (4, 3)).save(folder / "0.png")
    for number in range(1, count):
        os.link(folder / "0.png", folder / f"{number}.png")
    calls = Counter()

    def seen(frame, event, argument):
        if event in ("call", "c_call"):
            calls[frame.f_code.co_qualname if event == "call" else f"C: {argument.__name__}"] += 1

    sys.setprofile(seen)
    try:
        predict_each(PREDICTOR, [folder], output, lambda entry: None)
    finally:
        sys.setprofile(None)
    return calls


def test_many_pictures_take_no_more_each(tmp_path):
    """Each further picture costs the same calls, one reading of its head and one of its pixels among them."""
    calls_of(tmp_path / "warm", tmp_path / "out", 2)  # what is imported and remembered the first time
    few, more, most = (calls_of(tmp_path / f"{n}", tmp_path / f"out {n}", n) for n in (20, 60, 100))
    first, second = (sum(b.values()) - sum(a.values()) for a, b in ((few, more), (more, most)))
    assert abs(first - second) < 0.02 * first
    assert (most["size_of"], most["read"]) == (100, 100)
    assert most["C: fsync"] == few["C: fsync"] <= 2  # as many waits for the disk for a hundred overlays as for twenty


def test_damage_found_on_the_way_is_a_line_or_an_error(folder, tmp_path):
    contents = bytearray((folder / "2.png").read_bytes())
    at = contents.index(b"IDAT")
    contents[at + 6 : at + 10] = b"\xff" * 4  # its head and its end are as they should be
    (folder / "2.png").write_bytes(contents)
    (folder / "1.png").write_bytes(b"cut short")
    with pytest.raises(InputError, match=r"1.png: is no complete JPEG.*, or predict with --skip-bad"):
        predict(PREDICTOR, [folder], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    entries, skipped = predict(PREDICTOR, [folder], tmp_path / "out", skip_bad=True)
    assert [entry["overlay"] for entry in entries] == ["0_overlay.png", "3_overlay.png"]
    assert [line.split(": ")[0] for line in skipped] == [str(folder / "1.png"), str(folder / "2.png")]
    with pytest.raises(InputError, match=r"2.png: is no complete JPEG.*, or predict with --skip-bad"):
        predict(PREDICTOR, [folder / "0.png", folder / "2.png"], tmp_path / "new")
    assert not (tmp_path / "new" / "predictions.json").exists()


def test_photographs_are_predicted_upright(folder, tmp_path):
    note = Image.Exif()
    note[274] = 6
    Image.new("RGB", (12, 8)).save(tmp_path / "phone.jpg", exif=note)
    (entry,), _ = predict(PREDICTOR, [tmp_path / "phone.jpg"], tmp_path / "out")
    assert (entry["height"], entry["width"]) == (12, 8)


def test_a_picture_with_a_results_name_is_refused_and_stays(folder, tmp_path):
    """As of a folder that was predicted into itself before."""
    mine = folder / "0_classes.png"
    mine.write_bytes((folder / "1.png").read_bytes())
    with pytest.raises(InputError, match="0_classes.png is one of the pictures, and a result has its name"):
        predict(PREDICTOR, [folder], folder)
    assert mine.read_bytes() == (folder / "1.png").read_bytes() and len(list(folder.iterdir())) == 5
    assert len(predict(PREDICTOR, [folder], tmp_path / "out")[0]) == 5


def test_two_of_a_name_are_refused(folder, tmp_path):
    Image.new("RGB", (9, 9)).save(folder / "0.jpg")
    with pytest.raises(InputError, match="0.png: another input is named 0 too"):
        predict(PREDICTOR, [folder], tmp_path / "out")
