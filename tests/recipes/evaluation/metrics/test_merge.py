"""Figures of parts that were measured apart, merged: those of the whole, for every task."""

import numpy as np
import pytest

from recipes.data.sources.outlines import encoded_masks
from recipes.evaluation.metrics import FIGURES, evaluator

SIZE, NAMES = (40, 50), ("left_shoulder", "right_hip", "nose")


def picture(rng, ties=False):
    """Returns a prediction and an example with the keys of all tasks; some have no object, or no detection."""
    objects, found = rng.integers(0, 4), rng.integers(0, 6)
    corners = rng.integers(0, 20, (objects, 2))
    boxes = np.concatenate([corners, corners + rng.integers(6, 20, (objects, 2))], axis=1).astype("float32")
    spots = np.concatenate([rng.uniform(0, 40, (objects, 3, 2)), rng.integers(0, 3, (objects, 3, 1))], axis=-1)
    crowds = rng.random(objects) < 0.2
    example = {"boxes": boxes, "labels": rng.integers(0, 2, objects), "keypoints": spots, "crowds": crowds}
    example |= {"ignored": crowds | (rng.random(objects) < 0.2), "image": np.zeros((*SIZE, 3), "uint8")}
    example |= {"runs": encoded_masks(rng.random((objects, *SIZE)) < 0.7), "segmentation": rng.integers(0, 2, SIZE)}
    near = boxes[rng.integers(0, objects, found)] if objects else np.tile(np.float32([3, 3, 9, 9]), (found, 1))
    near = near + rng.normal(0, 1, near.shape)
    scores = rng.integers(0, 3, found) / 4 if ties else rng.random(found)
    prediction = {"boxes": near, "scores": scores, "labels": rng.integers(0, 2, found)}
    prediction |= {"masks": rng.random((found, 7, 7)), "keypoints": rng.uniform(0, 40, (found, 3, 3))}
    prediction |= {"box": rng.uniform([0, 0, 20, 20], [10, 10, 40, 40]), "probs": rng.random(2)}
    prediction |= {"score": rng.random(), "points": rng.uniform(0, 40, (3, 2)), "logits": rng.random((*SIZE, 2))}
    return prediction, example


def measured(task, pictures):
    measure = evaluator(task, ("cat", "dog"), NAMES)
    for prediction, example in pictures:
        measure.update(prediction, example)
    return measure


@pytest.mark.parametrize("task", FIGURES)
def test_halves_have_the_figures_of_the_whole(task):
    pictures = [picture(np.random.default_rng([3, i])) for i in range(9)]
    whole = measured(task, pictures)
    assert any(value not in (None, 0, 1) for value in whole.scores().values())
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        merged = evaluator(task, ("cat", "dog"), NAMES)
        parts = [measured(task, pictures[:4]), measured(task, pictures[4:]), measured(task, [])]
        before = [part.scores() for part in parts]
        for part in order:
            merged.merge(parts[part])
        assert merged.scores() == whole.scores() and [part.scores() for part in parts] == before
        if order == (0, 1, 2):
            assert merged.curves() == whole.curves()
    more = picture(np.random.default_rng(5))
    whole.update(*more)
    merged.update(*more)
    assert merged.scores() == whole.scores()


@pytest.mark.parametrize("task", ["detection", "masks_and_keypoints"])
def test_equal_scores_stand_in_the_order_of_pictures(task):
    pictures = [picture(np.random.default_rng([4, i]), ties=True) for i in range(9)]
    merged = measured(task, pictures[:5])
    merged.merge(measured(task, pictures[5:]))
    assert merged.scores() == measured(task, pictures).scores()


def test_other_evaluators_are_refused():
    cats = evaluator("detection", ("cat",))
    for other in (evaluator("detection", ("dog",)), evaluator("localization", ("cat",))):
        with pytest.raises(ValueError, match="received .*'cat'.* and "):
            cats.merge(other)
