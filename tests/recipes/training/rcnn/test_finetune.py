from types import SimpleNamespace

import numpy as np
import pytest

from recipes.data import Augment
from recipes.training.rcnn.finetune import batches, finetune
from tests.recipes.training.rcnn.toys import regions
from zoo.detection.rcnn import rcnn_small
from zoo.errors import InputError

PICTURES = np.stack([np.full((40, 40, 3), grey, np.uint8) for grey in (50, 200)])


def recipe(**fields):
    fields = {"seed": 3, "batch_size": 128, "augment": Augment(flip=0.0), **fields}
    return SimpleNamespace(**fields)


def toy():
    return rcnn_small(2, crop_size=16, context=2, width=1 / 8, units=32, num_proposals=4, input_shape=(40, 40, 3))


def test_a_batch_has_32_objects_and_96_background_however_few_there_are():
    # Rows 0 and 1 show objects of the classes 0 and 1; the third is too far off, the last is nothing.
    found = regions([0, -1, -1, -1], [[1, 0], [0.1, 0.5], [0.49, 0], [0, 0]], pictures=[0, 1, 0, 1])
    crops, labels = next(batches(toy().get_layer("regions"), recipe(), found, PICTURES))
    assert crops.shape == (128, 16, 16, 3)
    assert set(labels[:32]) == {1, 2} and set(labels[32:]) == {0}
    np.testing.assert_allclose(crops[:, 8, 8, 0][labels == 1], 50)
    np.testing.assert_allclose(crops[:, 8, 8, 0][labels == 2], 200)


def test_batches_go_on_where_a_run_stopped():
    boxes = np.random.default_rng(0).uniform(0, 20, (40, 4)) + [0, 0, 20, 20]
    found = regions([-1] * 40, [[i / 40, 0] for i in range(40)], boxes)
    noise = np.random.default_rng(0).integers(0, 255, PICTURES.shape).astype(np.uint8)
    layer, chosen = toy().get_layer("regions"), recipe(batch_size=8, augment=Augment(flip=0.5, vertical_flip=0.5))
    stream = batches(layer, chosen, found, noise)
    seen = [next(stream) for _ in range(3)]
    resumed = next(batches(layer, chosen, found, noise, first=2))
    np.testing.assert_array_equal(resumed[0], seen[2][0])
    np.testing.assert_array_equal(resumed[1], seen[2][1])
    assert np.abs(seen[0][0] - seen[1][0]).max() > 0


def test_flips_mirror_crops():
    found = regions([0, -1], [[1, 0], [0, 0]])
    ramp = np.broadcast_to(np.arange(40, dtype=np.uint8)[None, None, :, None], (1, 40, 40, 3))
    layer = toy().get_layer("regions")
    plain, flipped = (
        next(batches(layer, recipe(batch_size=4, augment=Augment(flip=flip)), found, ramp))[0] for flip in (0.0, 1.0)
    )
    np.testing.assert_array_equal(flipped, plain[:, :, ::-1])


def test_without_background_there_is_nothing_to_tell_objects_from():
    with pytest.raises(InputError, match="all 2 regions overlap an object: raise num_proposals"):
        finetune(toy(), recipe(), regions([0, 1], [[1, 0], [0, 1]]), PICTURES, None)
