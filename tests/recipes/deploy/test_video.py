import json
import os
import shutil
import signal

import cv2
import numpy as np
import pytest
from PIL import Image

from recipes.data.pictures import ignored_line
from recipes.deploy import video
from recipes.deploy.inputs import TAKEN
from recipes.deploy.predict import CutShort, predict, predict_each
from recipes.deploy.video import Video
from tests.recipes.blobs import detector, found, moving, read_video, write_video
from zoo.errors import InputError


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "clip.avi", [moving(number) for number in range(9)], rate=10.0)


def test_a_video_becomes_a_video_of_its_rate_and_size_and_an_entry_a_frame(clip, tmp_path):
    entries, skipped = predict(detector(), [clip], tmp_path / "out")
    assert skipped == []
    assert [entry["frame"] for entry in entries] == list(range(9))
    assert [entry["time"] for entry in entries] == [round(0.1 * number, 3) for number in range(9)]
    assert {(entry["picture"], entry["overlay"]) for entry in entries} == {(str(clip), "clip_overlay.mp4")}
    assert [one["class"] for one in entries[4]["objects"]] == ["red", "green"]
    np.testing.assert_allclose(entries[4]["objects"][0]["box"], [10, 4, 22, 16], atol=1.01)
    frames, rate = read_video(tmp_path / "out" / "clip_overlay.mp4")
    assert len(frames) == 9 and frames[0].shape == (48, 64, 3) and rate == 10
    assert np.abs(frames[4].astype(int) - moving(4)).max() > 60  # a box is drawn
    assert json.loads((tmp_path / "out" / "predictions.json").read_text()) == entries
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clip_overlay.mp4", "predictions.json"]


def test_videos_of_a_folder_but_no_hidden_ones(clip, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    shutil.copy(clip, folder / "a.MP4")
    (folder / "more.mp4").mkdir()
    for name in ("notes.txt", "._a.MP4"):
        (folder / name).touch()
    entries, _ = predict(detector(), [folder], tmp_path / "out")
    assert {entry["overlay"] for entry in entries} == {"a_overlay.mp4"} and len(entries) == 9
    assert ignored_line([folder], TAKEN) == "ignored 3 files that are no pictures, e.g. more.mp4"
    Image.fromarray(moving(3)).save(folder / "b.png")
    entries, _ = predict(detector(), [folder], tmp_path / "out")
    assert len(entries) == 10 and {entry["overlay"] for entry in entries} == {"a_overlay.mp4", "b_overlay.png"}


def test_odd_sides_and_single_frames_and_a_second_call(tmp_path):
    one = write_video(tmp_path / "one.avi", [np.full((33, 51, 3), 90, np.uint8)])
    size = Video(str(one)).size
    for _ in range(2):
        entries, skipped = predict(detector(), [one], tmp_path / "out")
        assert (len(entries), skipped) == (1, []) and (entries[0]["height"], entries[0]["width"]) == size
    (frame,), _ = read_video(tmp_path / "out" / "one_overlay.mp4")
    assert frame.shape[:2] == tuple(side - side % 2 for side in size)


def test_odd_frames_of_a_glob_lose_a_pixel_in_their_video_alone(tmp_path):
    (tmp_path / "walk").mkdir()
    for number in (1, 2, 10):
        Image.fromarray(moving(number, (49, 65))).save(tmp_path / "walk" / f"f{number}.png")
    entries, _ = predict(detector(), [str(tmp_path / "walk" / "f*.png")], tmp_path / "out", fps=4)
    assert [entry["picture"].rsplit("/", 1)[-1] for entry in entries] == ["f1.png", "f2.png", "f10.png"]
    assert [entry["time"] for entry in entries] == [0, 0.25, 0.5] and entries[0]["height"] == 49
    frames, rate = read_video(tmp_path / "out" / "walk_overlay.mp4")
    assert len(frames) == 3 and frames[0].shape == (48, 64, 3) and rate == 4
    Image.fromarray(moving(3)).save(tmp_path / "walk" / "f3.png")
    with pytest.raises(InputError, match=r"f3.png: is 48x64, the first 49x65: frames of a video have one size"):
        predict(detector(), [tmp_path / "walk"], tmp_path / "out", fps=4)
    with pytest.raises(InputError, match="--fps takes a number above 0, up to 240, received 0"):
        predict(detector(), [tmp_path / "walk"], tmp_path / "out", fps=0)


def test_what_is_no_video_is_one_line(tmp_path):
    for name, contents in (("empty.mp4", b""), ("words.mp4", b"no video " * 99)):
        (tmp_path / name).write_bytes(contents)
    none = write_video(tmp_path / "none.avi", [moving(0)])
    whole = none.read_bytes()
    none.write_bytes(whole[: whole.index(b"movi") + 4])
    for name, message in (
        ("empty.mp4", "the file is empty"),
        ("words.mp4", "cannot be opened as a video"),
        ("none.avi", "holds no frame that can be read|cannot be opened as a video"),
        ("missing.mp4", "no such file"),
        ("camera:97", "there is no such camera"),
        ("camera:back", "a camera has a number, as in camera:0"),
    ):
        given = name if name.startswith("camera") else str(tmp_path / name)
        with pytest.raises(InputError, match=f"{name}: ({message})") as caught:
            predict(detector(), [given], tmp_path / "out")
        assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_what_there_is_of_a_video_cut_short_is_kept_and_said(clip, tmp_path):
    whole = clip.read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    entries, skipped = predict(detector(), [cut], tmp_path / "left", skip_bad=True)
    assert 1 <= len(entries) < 9
    assert skipped == [f"{cut}: is cut short: {len(entries)} of 9 frames could be read, which are kept"]
    with pytest.raises(CutShort, match=f"{skipped[0]}; --skip-bad takes what there is for all"):
        predict(detector(), [cut, clip], tmp_path / "out")
    for name, count in (("cut", len(entries)), ("clip", 9)):  # what comes after it is predicted, too
        assert len(read_video(tmp_path / "out" / f"{name}_overlay.mp4")[0]) == count
    assert len(json.loads((tmp_path / "out" / "predictions.json").read_text())) == len(entries) + 9

    def press(entry):
        if entry["picture"] == str(clip):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(CutShort, match=f"{skipped[0]}; {clip}: stopped after 1 frames, which are kept; --skip-bad"):
        predict_each(detector(), [cut, clip], tmp_path / "stopped", press)


def test_ctrl_c_ends_a_video_whole(tmp_path):
    clip = write_video(tmp_path / "long.avi", [moving(number % 9) for number in range(60)])
    seen, before = [], signal.getsignal(signal.SIGINT)

    def press(entry):
        seen.append(entry)
        if len(seen) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    count, skipped = predict_each(detector(), [clip, "camera:96"][:1], tmp_path / "out", press)
    assert 5 <= count < 60 and skipped == [f"{clip}: stopped after {count} frames, which are kept"]
    assert len(read_video(tmp_path / "out" / "long_overlay.mp4")[0]) == count
    assert json.loads((tmp_path / "out" / "predictions.json").read_text()) == seen
    assert signal.getsignal(signal.SIGINT) is before


class Camera:
    """Thirty frames, one each 10 ms, as a `cv2.VideoCapture`."""

    def __init__(self, clip):
        self.capture, self.left = cv2.VideoCapture(str(clip)), 30

    def isOpened(self):  # noqa: N802 (OpenCV's name)
        return True

    def get(self, key):
        return 20.0 if key == cv2.CAP_PROP_FPS else -1.0

    def read(self):
        self.left -= 1
        return (self.left >= 0, cv2.cvtColor(moving(30 - self.left), cv2.COLOR_RGB2BGR))

    def release(self):
        self.left = 0


def test_a_cameras_film_keeps_its_time_whatever_the_model_takes(clip, tmp_path, monkeypatch):
    """Frames that come while the model works are left out, and what it saw last stands still."""
    import time

    class Slow(Camera):
        def read(self):
            time.sleep(0.01)
            return super().read()

    monkeypatch.setattr(video, "captured", lambda source: Slow(clip))

    def slowly(images):
        for image in images:
            time.sleep(0.1)
            yield found(image)

    entries, skipped = predict(detector(predict_each=slowly), ["camera:0"], tmp_path / "out")
    assert skipped == [] and 2 <= len(entries) <= 12  # of thirty
    assert entries[0]["picture"] == "camera:0" and entries[0]["overlay"] == "camera_0_overlay.mp4"
    times = [entry["time"] for entry in entries]
    assert times == sorted(times) and 0.05 < times[-1] < 3
    frames, rate = read_video(tmp_path / "out" / "camera_0_overlay.mp4")
    assert rate == 20 and len(frames) >= max(len(entries), round(times[-1] * 20) + 1)


def test_a_picture_and_a_video_may_have_one_name(clip, tmp_path):
    folder = tmp_path / "telephone"
    (folder / "folder.mp4").mkdir(parents=True)
    for file in (folder / "clip.avi", folder / "._clip.avi"):  # the second is what macOS leaves on others' disks
        shutil.copy(clip, file)
    (folder / "._clip.avi").write_bytes(b"x")
    Image.fromarray(moving(0)).save(folder / "clip.png")
    entries, _ = predict(detector(), [folder], tmp_path / "out", save="overlay,yolo")
    assert {entry["overlay"] for entry in entries} == {"clip_overlay.png", "clip_overlay.mp4"} and len(entries) == 10
    Image.fromarray(moving(0)).save(folder / "folder.mp4" / "within.png")
    assert len(predict(detector(), [f"{folder}/folder.mp4"], tmp_path / "within")[0]) == 1
    shutil.copy(folder / "clip.png", folder / "clip_000003.png")
    with pytest.raises(InputError, match="another input is named clip_000003 too"):
        predict(detector(), [folder], tmp_path / "out", save="overlay,yolo")
    assert len(predict(detector(), [folder], tmp_path / "out")[0]) == 11
    shutil.copy(clip, folder / "clip.mov")
    with pytest.raises(InputError, match="another input is named clip too"):
        predict(detector(), [folder], tmp_path / "out")
    with pytest.raises(InputError, match="has a rate of its own: --fps is for pictures"):
        predict(detector(), [clip], tmp_path / "out", fps=5)
