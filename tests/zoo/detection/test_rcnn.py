from functools import cache

import keras
import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full, parameters
from zoo.backbones.normalization import CONVENTIONS
from zoo.detection.rcnn import rcnn_alexnet, rcnn_small, rcnn_vgg16
from zoo.detection.region_features import CHUNK
from zoo.errors import InputError

REGIONS = np.array([[[8, 8, 28, 28], [9, 8, 29, 28], [40, 30, 60, 40], [0, 0, 0, 0]]], "float32")


def toy(num_classes=2, num_proposals=4, **arguments):
    """An R-CNN over 16 x 16 pixels."""
    arguments = {"crop_size": 16, "context": 2, "width": 1 / 4, "units": 32, "input_shape": (48, 64, 3), **arguments}
    return rcnn_small(num_classes, num_proposals=num_proposals, **arguments)


@cache
def network():
    """The toy of the tests that leave it as it is."""
    return toy()


def pictures(count=1):
    return np.random.default_rng(0).integers(0, 255, (count, 48, 64, 3)).astype("float32")


def predicted(model, margins, deltas=None, regions=REGIONS, **others):
    deltas = np.zeros((*np.shape(margins), 4)) if deltas is None else deltas
    outputs = {"margins": margins, "deltas": deltas, "regions": regions, **others}
    found = model.predictions({name: ops.convert_to_tensor(array, "float32") for name, array in outputs.items()})
    return {name: ops.convert_to_numpy(array)[0] for name, array in found.items()}


def test_parameters(undrawn):
    # Without their last layers CaffeNet has 56,868,224, torchvision's AlexNet 57,003,840 and VGG16 134,260,544; an
    # SVM and four regressions a class.
    assert parameters(rcnn_alexnet(20)) == 57_687_524 == 56_868_224 + 20 * 4097 + 80 * 9217
    assert parameters(rcnn_alexnet(20, form="torchvision")) == 57_003_840 + 20 * 4097 + 80 * 9217
    assert parameters(rcnn_vgg16(20)) == 134_260_544 + 20 * 4097 + 80 * 25089


def test_alexnet_is_the_releases_caffenet():
    """227 pixels of which 16 on each side lie around the region; pooled before it is normalised, in two groups."""
    layer = rcnn_alexnet(2, width=1 / 16).get_layer("regions")
    assert (layer.size, layer.context) == (227, 16)
    network = layer.network
    assert [one.name for one in network.layers].index("pool1") < [one.name for one in network.layers].index("norm1")
    assert network.get_layer("conv2").groups == 2
    assert network.output["pool5"].shape == (None, 6 * 6 * 16)
    scale, offset = network.get_layer("normalize").scale, network.get_layer("normalize").offset
    assert (scale, offset) == CONVENTIONS["ilsvrc12"]
    assert rcnn_alexnet(2, form="torchvision", width=1 / 16).get_layer("regions").size == 224


def test_weights_of_another_form_are_refused():
    with pytest.raises(InputError, match="no torchvision/IMAGENET1K_V1 for rcnn_alexnet: published for alexnet"):
        rcnn_alexnet(2, width=1 / 16, weights="torchvision/IMAGENET1K_V1")


@pytest.mark.core
def test_scores_are_sigmoids_of_margins_and_overlapping_regions_lose():
    found = predicted(network(), [[[1.0, -1.0], [2.0, -9.0], [0.0, -100.0], [50.0, 50.0]]])
    # The second region beats the first in the first class; the second class sees the first region; the empty row and
    # the classes that never fire are not there.
    assert found["count"] == 3
    np.testing.assert_allclose(found["scores"][:4], [1 / (1 + np.exp(-2)), 0.5, 1 / (1 + np.exp(1)), 0], rtol=1e-5)
    np.testing.assert_array_equal(found["labels"][:4], [0, 0, 1, -1])
    np.testing.assert_allclose(found["boxes"][:3], REGIONS[0, [1, 2, 0]], atol=1e-4)


@pytest.mark.core
def test_each_class_mends_boxes_its_own_way_unless_switched_off():
    model, deltas = toy(), np.zeros((1, 4, 2, 4))
    deltas[0, 2, 0] = [0.1, -0.2, 0, np.log(2)]
    margins = np.full((1, 4, 2), -100.0)
    margins[0, 2] = 3, 1
    found = predicted(model, margins, deltas)
    np.testing.assert_allclose(found["boxes"][:2], [[42, 23, 62, 43], [40, 30, 60, 40]], atol=1e-3)
    model.box_regression = False
    np.testing.assert_allclose(predicted(model, margins, deltas)["boxes"][:2], REGIONS[0, [2, 2]], atol=1e-3)


@core_in_full
def test_mended_boxes_end_at_the_pictures_border():
    deltas = np.zeros((1, 4, 2, 4))
    deltas[0, 0, 1] = [-1.0, 2.0, 0.0, 0.0]  # a width to the left and two heights down
    margins = np.full((1, 4, 2), -9.0)
    margins[0, 0, 1] = 9.0
    found = predicted(network(), margins, deltas, size=[48.0, 64.0])
    np.testing.assert_allclose(found["boxes"][0], [0, 48, 8, 48])
    assert {"size"} < set(network().output) and tuple(network().output["size"].shape) == (2,)


def test_thresholds_are_arguments():
    model = toy(score_threshold=0.25, iou_threshold=0.4, max_detections=7)
    assert (model.score_threshold, model.iou_threshold, model.max_detections) == (0.25, 0.4, 7)


def test_no_proposal_no_detection():
    found = predicted(network(), np.full((1, 4, 2), 9.0), regions=np.zeros((1, 4, 4)))
    assert found["count"] == 0 and (found["labels"] == -1).all() and (found["boxes"] == 0).all()


@core_in_full
def test_many_regions_go_through_the_network_a_few_at_a_time():
    count = CHUNK + 7
    model = toy(num_proposals=count)
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 30, (2, count, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 20, (2, count, 2))], axis=-1).astype("float32")
    layer, images = model.get_layer("regions"), pictures(2)
    features = layer([images, boxes])
    crops = layer.warp(images, boxes.reshape(-1, 4), np.repeat([0, 1], count))
    for name, expected in layer.network(crops, training=False).items():
        expected = ops.convert_to_numpy(expected).reshape(2, count, -1)
        np.testing.assert_allclose(ops.convert_to_numpy(features[name]), expected, atol=1e-4)


@core_in_full
def test_saves_and_loads(tmp_path):
    model = toy(proposals="edge_boxes")
    inputs = {"image": pictures(2), "proposals": np.repeat(REGIONS, 2, axis=0)}
    before = model.predict(inputs, verbose=0)
    model.box_regression = False
    after = model.predict(inputs, verbose=0)
    assert np.abs(after["boxes"] - before["boxes"]).max() > 0
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.proposals, loaded.num_proposals, loaded.num_classes) == ("edge_boxes", 4, 2)
    assert loaded.box_regression is False and loaded.iou_threshold == 0.3
    np.testing.assert_array_equal(loaded.predict(inputs, verbose=0)["boxes"], after["boxes"])


@pytest.mark.full
def test_three_sizes_in_turn():
    """On TensorFlow the second size is traced with sides that are not known."""
    model = toy(input_shape=(None, None, 3))
    for height, width in [(48, 64), (61, 47), (96, 80)]:
        images = np.random.default_rng(0).integers(0, 255, (1, height, width, 3)).astype("float32")
        inputs = {"image": images, "proposals": REGIONS}
        found, expected = model.predict(inputs, verbose=0), model.predictions(model(inputs))
        assert found["count"][0] > 0
        np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=1e-3)
        np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-5)


def test_wrong_arguments(tmp_path):
    with pytest.raises(InputError, match="num_proposals is a whole number of 1 or more, received 0"):
        toy(num_proposals=0)
    (tmp_path / "broken.weights.h5").write_bytes(b"nothing")
    with pytest.raises(InputError, match="broken.weights.h5: no weights file of Keras"):
        rcnn_alexnet(2, width=1 / 16, weights=str(tmp_path / "broken.weights.h5"))
