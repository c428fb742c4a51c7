import numpy as np
import pytest

from recipes.training.rcnn import svm
from recipes.training.rcnn.features import scale_of
from recipes.training.rcnn.svm import margins, mine, train_svms
from tests.recipes.training.rcnn.toys import regions
from zoo.errors import InputError


def toy(objects=30, background=300):
    """Features in which two classes and the background lie apart, and the regions they are of."""
    rng = np.random.default_rng(0)
    centres = np.array([[3, 0, 1, 0], [0, 3, 1, 0], [0, 0, 1, 3]])
    kinds = np.repeat([0, 1, 2], [objects, objects, background])
    features = (centres[kinds] + rng.normal(0, 0.2, (len(kinds), 4))).astype(np.float16)
    overlaps = np.eye(3)[kinds][:, :2]
    return features, regions(np.where(kinds < 2, kinds, -1), overlaps), kinds


def test_separates_what_can_be_separated():
    features, found, kinds = toy()
    weights, biases = train_svms(features, found, ("first", "second"))
    judged = margins(features, weights, biases)
    assert judged.shape == (len(kinds), 2) and judged.dtype == np.float32
    np.testing.assert_array_equal(judged > 0, np.eye(3, dtype=bool)[kinds][:, :2])


def test_negatives_are_hard_ones_and_new_ones_are_mined(monkeypatch):
    monkeypatch.setattr(svm, "FIRST", 5)
    features, found, kinds = toy()
    features[-40:] = features[:40] * 0.5  # half way to the first class, and unlikely among the first five
    found.overlaps[-40:] = 0
    weights, biases = train_svms(features, found, ("first", "second"))
    monkeypatch.setattr(svm, "ROUNDS", 0)
    unmined = margins(features, *train_svms(features, found, ("first", "second")))
    mined = margins(features, weights, biases)
    assert mined[-40:, 0].max() < unmined[-40:, 0].max()
    assert mined[:30, 0].min() > mined[-40:, 0].max()


def test_mining_by_hand():
    judged = np.array([2.0, -0.5, -3.0, -1.1, 0.7, -1.3])
    negatives = np.array([1, 2, 3, 4, 5])
    # Of the held the last is easy; of the others the second and fifth are hard.
    np.testing.assert_array_equal(mine(judged, negatives, np.array([3, 5])), [1, 3, 4])
    held = np.array([1, 4, 5])
    assert mine(judged, negatives, held) is held


def test_a_region_between_object_and_background_is_left_out():
    features, found, kinds = toy()
    features[-1] = features[0] * 3
    found.overlaps[-1] = 0.3, 0.31
    weights, biases = train_svms(features, found, ("first", "second"))
    assert margins(features[-1:], weights, biases)[0, 0] > 0


def test_a_class_without_objects_never_fires(capsys):
    features, found, _ = toy()
    found = regions(found.objects, np.pad(found.overlaps, ((0, 0), (0, 1))))
    weights, biases = train_svms(features, found, ("first", "second", "ghost"))
    assert "no object of class ghost: its SVM never fires" in capsys.readouterr().out
    np.testing.assert_array_equal(margins(features, weights, biases)[:, 2], svm.NEVER)


def test_what_cannot_be_learned():
    features, found, _ = toy()
    with pytest.raises(InputError, match="every region overlaps an object of class first: raise num_proposals"):
        train_svms(features, regions(found.objects, np.ones_like(found.overlaps)), ("first", "second"))
    for broken in (features * 0, features * np.float16("nan")):
        with pytest.raises(InputError, match="mean length of (0.0|nan)"):
            scale_of(broken)


def test_scale_by_hand():
    assert scale_of(np.float16([[3, 4], [0, 15]])) == pytest.approx(2)  # 5 and 15 long, 10 on average, to be 20
