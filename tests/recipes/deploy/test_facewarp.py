import numpy as np
import pytest
from PIL import Image

from recipes.deploy.facewarp import COMMON_FACE, EXPRESSIONS, caricature, facewarp, frame, pull
from zoo.errors import InputError


class Finder:
    """Finds the face it was given, wherever it looks."""

    task = "points"

    def __init__(self, points, score=0.9):
        self.points, self.score = points, score

    def predict_each(self, pictures):
        return ({"score": np.float32(self.score), "points": self.points.astype("float32")} for _ in pictures)


def in_picture(face, centre=(100, 80), size=40.0, degrees=0.0):
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return size * face @ np.array([[cos, sin], [-sin, cos]]) + centre


@pytest.fixture
def portrait(tmp_path):
    # The red channel is x, the green one y: a warped pixel tells where it came from.
    y, x = np.mgrid[:220, :200]
    Image.fromarray(np.stack([x, y, 0 * x], axis=-1).astype("uint8")).save(tmp_path / "portrait.png")
    return tmp_path / "portrait.png"


@pytest.mark.parametrize(
    "expression",
    ["surprise", *(pytest.param(name, marks=pytest.mark.full) for name in EXPRESSIONS if name != "surprise")],
)
def test_writes_before_and_after(portrait, tmp_path, expression):
    face = COMMON_FACE + np.random.default_rng(0).normal(0, 0.04, (68, 2))
    warped = facewarp(Finder(in_picture(face)), portrait, tmp_path / "out.png", expression=expression)
    before, sheet = np.asarray(Image.open(portrait)), np.asarray(Image.open(tmp_path / "out.png"))
    np.testing.assert_array_equal(sheet[:, :200], before)
    np.testing.assert_array_equal(sheet[:, -200:], warped)
    changed = np.abs(warped.astype(int) - before).max(axis=-1) > 1
    assert 0.01 < changed.mean() < 0.6
    assert not changed[[0, -1]].any() and not changed[:, [0, -1]].any()  # the picture around the face stays


def test_strength_zero_leaves_the_picture(portrait, tmp_path):
    warped = facewarp(Finder(in_picture(COMMON_FACE)), portrait, tmp_path / "out.png", strength=0.0)
    np.testing.assert_allclose(warped.astype(int), np.asarray(Image.open(portrait)), atol=1)


def test_pull_moves_a_landmark_where_it_should():
    y, x = np.mgrid[:60, :60]
    image = np.stack([x, y, 0 * x], axis=-1).astype("uint8")
    before = np.array([[15.5, 15.5], [45.5, 15.5], [15.5, 45.5], [45.5, 45.5], [30.5, 30.5]])
    after = before + np.array([[0, 0]] * 4 + [[6, -4]])
    warped = pull(image, before, after)
    np.testing.assert_allclose(warped[26, 36, :2], [30, 30], atol=1)  # the middle went 6 right and 4 up
    np.testing.assert_allclose(warped[15, 15, :2], [15, 15], atol=1)
    np.testing.assert_allclose(warped[21, 26, :2], [23, 23], atol=1)  # halfway to a corner: 3 and 2


def test_closed_lips_are_no_hole(portrait, tmp_path):
    closed = COMMON_FACE.copy()
    closed[65:68] = closed[[63, 62, 61]]
    facewarp(Finder(in_picture(closed)), portrait, tmp_path / "out.png")


def test_the_frame_of_a_turned_face_is_its_own():
    points = in_picture(COMMON_FACE, degrees=30)
    centre, turn = frame(points)
    np.testing.assert_allclose(centre, (100, 80), atol=1e-9)
    np.testing.assert_allclose((points - centre) @ turn.T, COMMON_FACE, atol=1e-9)


def test_a_smile_lifts_the_corners_of_the_mouth_and_widens_it():
    moved = EXPRESSIONS["smile"](COMMON_FACE)
    assert moved[48, 1] < 0 and moved[54, 1] < 0  # y runs downwards
    assert moved[48, 0] < 0 < moved[54, 0]
    assert np.all(moved[27:36] == 0)


def test_a_caricature_adds_what_is_unlike_the_common_face():
    np.testing.assert_allclose(caricature(COMMON_FACE * (0.8, 1.1)), 0, atol=1e-9)  # a turned head is no trait
    nosy = COMMON_FACE.copy()
    nosy[30, 1] += 0.2
    added = caricature(nosy)
    assert added[30, 1] > 0.09 > np.abs(added).max(axis=1)[[*range(30), *range(31, 68)]].max()


def test_no_face_is_found(portrait, tmp_path):
    with pytest.raises(InputError, match=r"portrait.png: no face found \(score 0.49\)"):
        facewarp(Finder(in_picture(COMMON_FACE), score=0.49), portrait, tmp_path / "out.png")
    with pytest.raises(InputError, match="no face found"):  # all points in one place
        facewarp(Finder(np.full((68, 2), 50.0)), portrait, tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_wrong_input(portrait, tmp_path):
    face = Finder(in_picture(COMMON_FACE))
    with pytest.raises(InputError, match="unknown expression 'frown': choose one of smile, surprise, caricature"):
        facewarp(face, portrait, tmp_path / "out.png", expression="frown")
    before = portrait.read_bytes()
    with pytest.raises(InputError, match="is the picture itself, which would be lost: name another file"):
        facewarp(face, portrait, portrait)
    assert portrait.read_bytes() == before
    with pytest.raises(InputError, match="out.gif: a .png or .jpg file is written"):
        facewarp(face, portrait, tmp_path / "out.gif")
    with pytest.raises(InputError, match="68 landmarks"):
        facewarp(Finder(face.points[:14]), portrait, tmp_path / "out.png")
    with pytest.raises(InputError, match="missing.png"):
        facewarp(face, tmp_path / "missing.png", tmp_path / "out.png")
