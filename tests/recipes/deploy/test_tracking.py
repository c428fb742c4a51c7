import numpy as np
import pytest

from recipes.deploy.predict import predict
from recipes.deploy.tracking import Tracks, draw_tracks
from tests.recipes.blobs import detector, found, moving, picture, read_video, write_video
from zoo.errors import InputError

pytest.importorskip("supervision", reason="it is an extra: pip install 'regionzoo[track]'")


def test_things_keep_their_identity_through_a_video(tmp_path):
    clip = write_video(tmp_path / "clip.avi", [moving(number) for number in range(12)])
    for _ in range(2):  # identities of a second video begin anew
        entries, _ = predict(detector(), [clip], tmp_path / "out", track="bytetrack")
        by_class = {name: [] for name in ("red", "green")}
        for entry in entries[2:]:
            for one in entry["objects"]:
                by_class[one["class"]].append(one["track"])
        assert {*by_class["red"]} | {*by_class["green"]} == {1, 2}
        assert len({*by_class["red"]}) == len({*by_class["green"]}) == 1 and len(by_class["red"]) == 10
        assert all(one["track"] is None for one in entries[0]["objects"])
    assert len(read_video(tmp_path / "out" / "clip_overlay.mp4")[0]) == 12


def test_a_known_thing_is_followed_where_its_score_is_low():
    def faint(images):
        for number, image in enumerate(images):
            seen = found(image)
            yield {**seen, "scores": seen["scores"] * (0.4 if number in (5, 6) else 1)}

    from recipes.deploy.choosing import Choice

    tracks, kept = Tracks("bytetrack", 0.5, 10), []
    for prediction in faint(moving(number) for number in range(9)):
        objects, seen = Choice(0.5)(prediction, "detection", (48, 64), tracks)
        kept.append(len(objects["tracks"]))
        assert len(seen["boxes"]) == kept[-1]
    assert kept == [2] * 9


def test_pictures_are_followed_in_their_order(tmp_path):
    from PIL import Image

    for number in range(4):
        Image.fromarray(moving(number)).save(tmp_path / f"f{number}.png")
    entries, _ = predict(detector(), [str(tmp_path / "f*.png")], tmp_path / "out", track="bytetrack")
    assert {one["track"] for one in entries[3]["objects"]} == {1, 2}
    assert entries[3]["overlay"] == "f3_overlay.png"


def test_no_thing_and_unknown_methods():
    tracks = Tracks("bytetrack", 0.5, None)
    for _ in range(2):
        assert tracks({"boxes": np.zeros((0, 4)), "scores": np.zeros(0)}).tolist() == []
    with pytest.raises(InputError, match="--track knows bytetrack, received 'sort'"):
        Tracks("sort", 0.5, 10)


def test_identities_are_drawn_in_colours_of_their_own():
    image = picture((60, 90))
    seen = {"boxes": np.float32([[5, 20, 30, 50]]), "labels": np.int32([0]), "scores": np.float32([0.9])}
    drawn = [draw_tracks(image, seen, [track], ("red",)) for track in (1, 2, 0)]
    assert not np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    assert not image.any()
