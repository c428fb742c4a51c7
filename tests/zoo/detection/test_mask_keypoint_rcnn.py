"""Masks and keypoints of one model: counts, shapes, losses, and that its heads are those of the two models."""

import keras
import numpy as np
import pytest

import zoo
from tests.checks import learns, parameters, saves_and_loads
from tests.zoo.detection.test_faster_rcnn import SIDE, pictures, targets, toy
from zoo.detection.mask_keypoint_rcnn import mask_keypoint_rcnn
from zoo.weights import torchvision

NAME = "mask_keypoint_rcnn_resnet18_fpn"


def test_parameters_are_those_of_keypoint_rcnn_and_a_mask_head(undrawn):
    # Four 3x3 convolutions of 256, a transposed 2x2 one, and 1x1 to a mask of the class and one of the background.
    mask_head = 4 * (9 * 256 + 1) * 256 + (4 * 256 + 1) * 256 + (256 + 1) * 2
    assert mask_head == 2_623_234
    model = zoo.mask_keypoint_rcnn_resnet50_fpn(frozen_batch_norm=True)
    assert parameters(model) == 59_137_258 + mask_head == 61_760_492
    assert model.count_params() == 59_243_498 + mask_head
    assert model.output["keypoints"].shape == (None, 100, 17, 3)


def test_predictions_are_those_of_both_tasks(every_way):
    model = toy(NAME)
    assert model.task == "masks_and_keypoints"
    found = model.predict(pictures(), verbose=0)
    assert {name: array.shape for name, array in found.items()} == {
        "boxes": (2, 100, 4),
        "scores": (2, 100),
        "labels": (2, 100),
        "count": (2,),
        "masks": (2, 100, 28, 28),
        "keypoints": (2, 100, 2, 3),
    }


@pytest.mark.core
def test_heads_answer_as_in_the_models_of_one_head():
    both = toy(NAME, score_threshold=0.0)
    found = both.predict(pictures(), verbose=0)
    assert found["count"].min() > 0
    ours = {variable.path: np.array(variable) for variable in both.weights}
    for name in ("mask_rcnn_resnet18_fpn", "keypoint_rcnn_resnet18_fpn"):
        one = toy(name, score_threshold=0.0)
        for variable in one.weights:
            if "seed_generator" not in variable.path:
                variable.assign(ours[variable.path])
        for key, values in one.predict(pictures(), verbose=0).items():
            np.testing.assert_allclose(found[key], values, rtol=1e-5, atol=1e-4, err_msg=key)


@pytest.mark.full
def test_every_term_falls():
    model = toy(NAME)
    model.region_samples = 64  # all regions there are, so that no draw moves the loss
    model.anchor_samples = 4096
    model.compile(keras.optimizers.Adam(3e-4))
    first = model.test_on_batch(pictures(), targets(), return_dict=True)
    for _ in range(10):
        model.train_on_batch(pictures(), targets())
    last = model.test_on_batch(pictures(), targets(), return_dict=True)
    terms = {"objectness_loss", "rpn_box_loss", "class_loss", "box_loss", "mask_loss", "keypoint_loss"}
    assert {name for name in first if last[name] < first[name]} == {"loss", *terms}
    assert last["loss"] == pytest.approx(sum(last[name] for name in terms), rel=1e-5)


@pytest.mark.core
def test_learns(every_way):
    model = toy(NAME)
    model.region_samples = 64
    learns(model, pictures(), targets(), learning_rate=3e-4)


def test_a_picture_without_objects_is_trained_through():
    model = toy(NAME)
    model.compile("sgd")
    losses = model.train_on_batch(pictures(), targets(empty=True), return_dict=True)
    assert np.isfinite(list(losses.values())).all()
    assert losses["mask_loss"] == losses["keypoint_loss"] == losses["box_loss"] == 0 < losses["class_loss"]


def test_it_comes_back(tmp_path):
    model = toy(NAME)
    model.keypoint_names, model.skeleton, model.flip_pairs = ("left", "right"), ((0, 1),), ((0, 1),)
    loaded = saves_and_loads(model, pictures(), tmp_path / "model.keras")
    assert (loaded.keypoint_names, loaded.skeleton, loaded.flip_pairs) == (("left", "right"), ((0, 1),), ((0, 1),))
    assert loaded.region_samples == 16


def test_pictures_of_another_size():
    model = zoo.build(NAME, num_keypoints=3, width=1 / 16, num_proposals=8, max_detections=5, score_threshold=0.0)
    for height, width in ((64, 96), (97, 75)):
        image = np.random.default_rng(0).uniform(0, 255, (1, height, width, 3)).astype("float32")
        found = model.predict(image, verbose=0)
        assert (found["masks"].shape, found["keypoints"].shape) == ((1, 5, 28, 28), (1, 5, 3, 3))
        boxes, points = found["boxes"][0, :, None], found["keypoints"][0, ..., :2]
        assert found["count"][0] > 0 and (boxes <= [width, height] * 2).all()
        assert (points >= boxes[..., :2] - 1e-3).all() and (points <= boxes[..., 2:] + 1e-3).all()


def test_layers_have_torchvisions_names_but_those_of_the_other_head():
    names = {}
    for model in (toy(NAME), toy("mask_rcnn_resnet18_fpn"), toy("keypoint_rcnn_resnet18_fpn")):
        names[model.name] = {want.name: want.shape for want in torchvision.wanted(model)}
    both, masks, points = names.values()
    assert both == masks | points
    further = {name for name in both if name not in points}
    assert further and all(name.startswith("roi_heads.mask_") for name in further)
    assert all(name.startswith("roi_heads.keypoint_") for name in both if name not in masks)


def test_it_stands_on_a_pyramid():
    for backbone in ("zf", "resnet50_c4"):
        with pytest.raises(zoo.InputError, match=f"with keypoints stands on a pyramid, received .* '{backbone}'"):
            mask_keypoint_rcnn(2, backbone=backbone, input_shape=(SIDE, SIDE, 3))
