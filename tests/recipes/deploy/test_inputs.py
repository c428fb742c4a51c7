import io
import re

import pytest
from PIL import Image

from recipes.deploy.inputs import naturally
from recipes.deploy.predict import predict
from recipes.deploy.video import holds_video
from tests.recipes.blobs import RED, detector, moving, picture, write_video
from tests.zoo.weights.server import served
from zoo.errors import InputError


@pytest.fixture
def server():
    """The address of a server of pictures and of pages."""
    written = io.BytesIO()
    Image.fromarray(picture((20, 30), (RED, (3, 4, 13, 14)))).save(written, "PNG")
    page = b"<html>Please log in</html>"
    files = {
        "/dots.png": written.getvalue(),
        "/download?id=7": written.getvalue(),
        "/page.png": page,
        "/lies.png": b"x",
    }
    with served(files) as (address, _):
        yield address


def test_addresses_are_fetched_and_called_as_they_end(server, tmp_path):
    inputs = [f"{server}/dots.png", f"{server}/download?id=7"]
    entries, skipped = predict(detector(), inputs, tmp_path / "out")
    assert [entry["picture"] for entry in entries] == inputs and skipped == []
    assert [entry["overlay"] for entry in entries] == ["dots_overlay.png", "download_overlay.png"]
    assert [entry["objects"][0]["box"] for entry in entries] == [[3, 4, 13, 14]] * 2


def test_an_address_of_a_video_is_one(tmp_path):
    clip = write_video(tmp_path / "clip.avi", [moving(number) for number in range(4)], rate=10.0).read_bytes()
    with served({"/walk.avi?of=me": clip, "/words.mp4": b"no video"}) as (address, _):
        entries, skipped = predict(detector(), [f"{address}/walk.avi?of=me"], tmp_path / "out")
        with pytest.raises(InputError, match=f"{address}/words.mp4: cannot be opened as a video"):
            predict(detector(), [f"{address}/words.mp4"], tmp_path / "out")
        assert len(predict(detector(), [f"{address}/words.mp4"], tmp_path / "none", skip_bad=True)[1]) == 1
    assert [(entry["picture"], entry["time"]) for entry in entries] == [
        (f"{address}/walk.avi?of=me", number / 10) for number in range(4)
    ]
    assert entries[0]["overlay"] == "walk_overlay.mp4" and (tmp_path / "out" / "walk_overlay.mp4").is_file()
    assert skipped == []


def test_an_address_may_not_tell_that_it_is_a_videos(tmp_path):
    clip = write_video(tmp_path / "clip.avi", [moving(number) for number in range(4)], rate=10.0).read_bytes()
    with served({"/get?file=7": clip}) as (address, _):
        entries, _ = predict(detector(), [f"{address}/get?file=7"], tmp_path / "out")
    assert len(entries) == 4 and entries[0]["overlay"] == "get_overlay.mp4"
    mp4 = write_video(tmp_path / "clip.mp4", [moving(0)] * 2).read_bytes()
    assert holds_video(mp4[:12]) and holds_video(b"\x1aE\xdf\xa3") and not holds_video(b"")
    assert not holds_video(b"\0\0\0\x1cftypavif") and not holds_video(b"RIFF\0\0\0\0WEBP")


def test_names_are_what_they_are(tmp_path, monkeypatch):
    folder = tmp_path / "odd"
    folder.mkdir()
    names = ["camera:0.png", "a b.png", "x[1].png", "new\nline.png", "übergröße.png", "-dash.png", "%s%d.png"]
    for name in names:
        Image.fromarray(moving(0)).save(folder / name)
    entries, _ = predict(detector(), [folder], tmp_path / "out", save="overlay,yolo,coco,json")
    assert sorted(entry["picture"] for entry in entries) == sorted(f"{folder / name}" for name in names)
    assert (tmp_path / "out" / "camera:0_overlay.png").is_file()
    monkeypatch.chdir(folder)
    assert len(predict(detector(), ["c*.png"], tmp_path / "out")[0]) == 1


def test_what_is_no_picture_is_one_line_or_left_out(server, tmp_path):
    for name, message in (
        ("page.png", r"cannot be fetched \(a web page came, no file\); give the address of a picture"),
        ("lies.png", "is no complete JPEG"),
        ("gone.png", r"cannot be fetched \(HTTP Error 404: Not Found\)"),
    ):
        with pytest.raises(InputError, match=f"{server}/{name}: {message}.*, or predict with --skip-bad"):
            predict(detector(), [f"{server}/{name}"], tmp_path / "out")
        entries, skipped = predict(
            detector(), [f"{server}/{name}", f"{server}/dots.png"], tmp_path / "out", skip_bad=True
        )
        assert len(entries) == 1 and len(skipped) == 1 and re.search(message, skipped[0])
    with pytest.raises(InputError, match="http://127.0.0.1:9/x.png: cannot be fetched"):
        predict(detector(), ["http://127.0.0.1:9/x.png"], tmp_path / "out")


def test_globs_find_files_in_their_natural_order(tmp_path):
    for name in ("a10.png", "a2.png", "b1.png", "a[1].png"):
        Image.fromarray(picture((8, 9))).save(tmp_path / name)
    (tmp_path / "a3.png").mkdir()
    entries, _ = predict(detector(), [str(tmp_path / "a*.png")], tmp_path / "out")
    assert [entry["overlay"] for entry in entries] == ["a2_overlay.png", "a10_overlay.png", "a[1]_overlay.png"]
    assert len(predict(detector(), [tmp_path / "a[1].png"], tmp_path / "out")[0]) == 1  # is a file's own name
    with pytest.raises(InputError, match=r"c\*.png: no file is called like this"):
        predict(detector(), [str(tmp_path / "c*.png")], tmp_path / "out")
    assert sorted(["f10", "f9", "f09b", "f"], key=naturally) == ["f", "f9", "f09b", "f10"]
