"""Fast, Faster, Mask and Keypoint R-CNN: counts, shapes, losses, and the contracts that all models share."""

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from tests.checks import core_in_full, learns, parameters, quick, saves_and_loads
from zoo.detection import region_model
from zoo.detection.faster_rcnn import faster_rcnn
from zoo.detection.keypoint_rcnn import keypoint_rcnn
from zoo.detection.mask_rcnn import mask_rcnn
from zoo.detection.region_losses import region_losses
from zoo.weights.matching import layers_with_weights

SIDE = 64
TOY = {
    "width": 1 / 16,
    "input_shape": (SIDE, SIDE, 3),
}
FRAME = {"anchor_sizes": (8, 16, 24, 32, 48), "num_proposals": 20}
ONE_MAP = {"anchor_sizes": (16, 32, 48), "num_proposals": 20}
TRAINED = "faster_rcnn_vgg16", "faster_rcnn_resnet50_c4", "mask_rcnn_resnet18_fpn", "keypoint_rcnn_resnet18_fpn"


def pictures(count=2):
    return np.random.default_rng(0).integers(0, 255, (count, SIDE, SIDE, 3)).astype("float32")


def targets(empty=False):
    boxes, labels = np.zeros((2, 3, 4), "float32"), -np.ones((2, 3), "int32")
    if not empty:
        boxes[0, :2] = [[4, 6, 30, 40], [30, 20, 60, 62]]
        labels[0, :2] = [0, 1]
    return {
        "boxes": boxes,
        "labels": labels,
        "masks": np.ones((2, 3, 8, 8), "uint8"),
        "keypoints": np.tile(np.float32([20, 24, 2]), (2, 3, 2, 1)),
    }


def toy(name, **arguments):
    known = {"num_keypoints": 2} if "keypoint" in name else {}
    frame = {} if name.startswith("fast_") else FRAME if name.endswith("fpn") else ONE_MAP
    model = zoo.build(name, num_classes=2, **known, **TOY, **frame, **arguments)
    model.region_samples = 16
    return model


@pytest.mark.parametrize(
    "name, trainable, total",
    [
        ("fast_rcnn_vgg16", 134_690_729, 134_690_729),
        ("faster_rcnn_vgg16", 137_078_239, 137_078_239),
        ("faster_rcnn_zf", 59_294_751, 59_294_751),
    ],
)
def test_parameters_equal_the_papers_for_voc(name, trainable, total, undrawn):
    model = zoo.build(name, num_classes=20)
    assert (parameters(model), model.count_params()) == (trainable, total)


@pytest.mark.parametrize(
    "name, num_classes, trainable, total",
    [
        ("faster_rcnn_resnet50_fpn", 90, 41_755_286, 41_861_526),
        ("mask_rcnn_resnet50_fpn", 90, 44_401_393, 44_507_633),
        ("keypoint_rcnn_resnet50_fpn", 1, 59_137_258, 59_243_498),
    ],
)
def test_parameters_equal_torchvisions(name, num_classes, trainable, total, undrawn):
    model = zoo.build(name, num_classes=num_classes, frozen_batch_norm=True)
    assert (parameters(model), model.count_params()) == (trainable, total)


def test_predictions_have_the_shapes_of_their_task(every_way):
    found = toy("mask_rcnn_resnet18_fpn").predict(pictures(), verbose=0)
    shapes = {"boxes": (2, 100, 4), "scores": (2, 100), "labels": (2, 100), "count": (2,), "masks": (2, 100, 28, 28)}
    assert {name: array.shape for name, array in found.items()} == shapes
    found = toy("keypoint_rcnn_resnet18_fpn").predict(pictures(), verbose=0)
    assert found["keypoints"].shape == (2, 100, 2, 3) and "masks" not in found


@pytest.mark.parametrize(
    "name",
    [
        "faster_rcnn_vgg16",
        pytest.param("faster_rcnn_resnet50_c4", marks=pytest.mark.full),
        pytest.param("mask_rcnn_resnet18_fpn", marks=pytest.mark.core),
        "keypoint_rcnn_resnet18_fpn",
    ],
)
def test_learns(name, every_way):
    model = toy(name)
    model.region_samples = 64  # all regions there are, so that no draw moves the loss
    steps = 6 if name.endswith("c4") else 2  # its batch normalisation, of 2 pictures, is as noisy as a step is long
    learns(model, pictures(), targets(), steps=steps, learning_rate=3e-4)
    assert {metric.name for metric in model.metrics} >= set(model.loss_names)


@pytest.mark.parametrize("name", quick(TRAINED, "mask_rcnn_resnet18_fpn"))
def test_comes_back(name, tmp_path):
    model = toy(name)
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    model.score_threshold, model.negative_iou = 0.2, (0.1, 0.4)
    loaded = saves_and_loads(model, pictures(), tmp_path / "model.keras")
    assert (loaded.score_threshold, loaded.negative_iou, loaded.region_samples) == (0.2, (0.1, 0.4), 16)


def test_c4_shares_its_fifth_stage_and_upsamples_to_14(undrawn):
    plain, masks = (
        zoo.build(f"{name}_resnet50_c4", num_classes=80, width=1 / 8) for name in ("faster_rcnn", "mask_rcnn")
    )
    # 7x7x2048 by a 2x2 transposed convolution to 14x14x256, then 81 masks; here an eighth as wide.
    assert masks.count_params() - plain.count_params() == (4 * 256 + 1) * 32 + (32 + 1) * 81
    assert masks.output["masks"].shape == (None, 100, 14, 14)


def test_c4_draws_its_masks_from_the_features_of_its_boxes():
    model = toy("mask_rcnn_resnet50_c4")
    features = np.arange(32.0).reshape(32, 1, 1, 1).repeat(7, axis=1)
    (own,) = model.first_rows([ops.convert_to_tensor(features)], {"boxes": np.zeros((2, 16, 4))}, 3)
    assert ops.convert_to_numpy(own)[:, 0, 0, 0].tolist() == [0, 1, 2, 16, 17, 18]


@core_in_full
@pytest.mark.parametrize("objects", [0, 1, 2, 3, 5, 12])
def test_heads_over_objects_get_no_more_rows_than_they_need(objects, monkeypatch):
    monkeypatch.setattr(region_model, "FEWEST_ROWS", 2)
    model, seen = toy("mask_rcnn_resnet18_fpn"), []
    model.region_samples, model.positive_fraction = 24, 0.5
    labels = np.zeros((2, 24), "int32")
    labels[1, :objects], labels[0, : objects // 2] = 2, 1
    drawn = {"boxes": np.zeros((2, 24, 4)), "labels": labels, "matched": np.arange(48, dtype="int32").reshape(2, 24)}
    drawn = {name: ops.convert_to_tensor(array) for name, array in drawn.items()}

    def loss(reads, boxes, labels, matched):
        seen.append(labels.shape[1])
        return ops.sum(labels * (1 + matched))

    total = int(model.over_objects(loss, [], drawn))
    assert total == np.sum(labels * (1 + np.arange(48).reshape(2, 24)))
    assert seen[-1] == min(n for n in (12, 6, 3, 2) if n >= objects) or keras.backend.backend() == "jax"


def test_training_runs_the_heads_over_drawn_regions_alone(monkeypatch):
    model, seen = toy("mask_rcnn_resnet50_c4"), []
    head = type(model.get_layer("region_features"))
    call = head.call

    def noted(layer, inputs, **kwargs):
        if layer.name == "region_features":
            seen.append(tuple(inputs[1].shape))
        return call(layer, inputs, **kwargs)

    monkeypatch.setattr(head, "call", noted)
    mean = next(v for v in model.variables if v.path.endswith("res5_block1_conv1_bn/moving_mean"))
    model.compile("sgd")
    model.train_on_batch(pictures(), targets())
    assert seen == [(2, 16, 4)] and np.any(np.array(mean) != 0)
    assert set(model(pictures(), training=True)) == {
        "maps",
        "proposals",
        "objectness",
        "rpn_deltas",
        "anchors",
        "inside",
    }


@pytest.mark.parametrize(
    "name, expected",
    [
        ("faster_rcnn_vgg16", {"count": (300, 2000), "candidates": (6000, 12000), "least_side": 16.0}),
        ("faster_rcnn_zf", {"count": (300, 2000), "candidates": (6000, 12000), "least_side": 16.0}),
        ("mask_rcnn_resnet50_c4", {"count": (1000, 2000), "candidates": (6000, 12000), "least_side": 1e-3}),
        ("mask_rcnn_resnet18_fpn", {"count": (1000, 2000), "candidates": (1000, 2000), "least_side": 1e-3}),
    ],
)
def test_proposals_and_suppression_are_the_releases(name, expected):
    model = zoo.build(name, num_classes=2, width=1 / 16)
    layer = model.get_layer("proposals")
    assert {key: getattr(layer, key) for key in expected} == expected
    assert model.iou_threshold == (0.5 if "resnet" in name else 0.3)
    assert (model.score_threshold, model.max_detections) == (0.05, 100)
    assert model.region_samples == (512 if "resnet" in name else 128)
    assert model.anchor_samples == 256 and model.negative_iou == (0.0, 0.5)
    assert ("inside" in model.output) == (not name.endswith("fpn"))
    if name.endswith("fpn"):
        return
    anchors = model.get_layer("anchors")
    assert (anchors.stride, anchors.offset, anchors.base) == (16, 0.5, 16)
    assert [round(area**0.5) for area in anchors.areas] == ([32, 64] if "c4" in name else []) + [128, 256, 512]
    assert layer.short_first == ("c4" not in name) and model.get_layer("inside").border == 0
    reader = model.get_layer("region_features" if "c4" in name else "box_head")
    if "c4" in name:
        assert list(reader.get_layer("roi_align").strides) == [16]
    else:
        assert reader.get_layer("roi_pool").stride == 16


def test_pyramids_pad_to_multiples_of_32():
    model = zoo.faster_rcnn_resnet18_fpn(2, width=1 / 16, input_shape=(97, 75, 3))
    assert model.get_layer("pad").output.shape[1:3] == (128, 96)


def test_fast_rcnn_has_the_constants_of_its_trunk():
    pyramid, plain = (zoo.build(f"fast_rcnn_{name}", num_classes=2, width=1 / 16) for name in ("resnet18_fpn", "zf"))
    assert (pyramid.region_samples, pyramid.box_beta, pyramid.iou_threshold) == (512, 1 / 9, 0.5)
    assert (pyramid.negative_iou, plain.negative_iou) == ((0.0, 0.5), (0.1, 0.5))
    assert (plain.region_samples, plain.box_beta, plain.iou_threshold) == (64, 1.0, 0.3)


def test_thresholds_and_numbers_of_proposals_are_arguments():
    thresholds = {"score_threshold": 0.25, "iou_threshold": 0.4, "max_detections": 7}
    for name in ("fast_rcnn_zf", "faster_rcnn_zf", "mask_rcnn_resnet18_fpn", "keypoint_rcnn_resnet18_fpn"):
        model = zoo.build(name, num_classes=2, width=1 / 16, **thresholds)
        assert {key: getattr(model, key) for key in thresholds} == thresholds
    counts = [zoo.faster_rcnn_zf(2, width=1 / 16, num_proposals=n).get_layer("proposals").count for n in (9, (4, 30))]
    assert counts == [(9, 18), (4, 30)]
    assert zoo.faster_rcnn_zf(2, width=1 / 16, num_proposals=np.int64(9)).get_layer("proposals").count == (9, 18)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_proposals": 0}, "num_proposals is a whole number of 1 or more, received 0"),
        ({"num_proposals": 2.5}, "num_proposals is a whole number of 1 or more, received 2.5"),
        ({"num_proposals": (4, 0)}, "num_proposals is a whole number of 1 or more, received 0"),
        ({"num_proposals": (4,)}, "num_proposals is a number, or that and training's, received"),
        ({"anchor_sizes": (16, float("nan"))}, "anchor_sizes are pixels above 0, received"),
        ({"anchor_sizes": "abc"}, "anchor_sizes are pixels above 0, received abc"),
        ({"anchor_sizes": ()}, "anchor_sizes are pixels above 0, received"),
        ({"region_samples": 0}, "region_samples is a whole number of 1 or more, received 0"),
        ({"score_threshold": "0.5"}, "score_threshold lies between 0 and 1, received '0.5'"),
        ({"iou_threshold": float("nan")}, "iou_threshold lies between 0 and 1, received nan"),
        ({"max_detections": 1.5}, "max_detections is a whole number of 1 or more, received 1.5"),
    ],
)
def test_numbers_out_of_their_range_are_named(arguments, message):
    with pytest.raises(zoo.InputError, match=message):
        zoo.faster_rcnn_zf(2, width=1 / 16, **arguments)


def test_proposals_of_a_method_are_some():
    with pytest.raises(zoo.InputError, match="num_proposals is a whole number of 1 or more, received 0"):
        zoo.fast_rcnn_zf(2, width=1 / 16, num_proposals=0)


@pytest.mark.parametrize("samples", [1, 3])
def test_few_regions_are_drawn(samples):
    model = toy("mask_rcnn_resnet18_fpn")
    model.region_samples = samples
    model.compile("sgd")
    assert np.isfinite(model.train_on_batch(pictures(), targets())).all()


def test_fast_rcnn_looks_at_the_regions_it_is_given(every_way, tmp_path):
    model = toy("fast_rcnn_resnet18_fpn", proposals="uniform", num_proposals=4)
    regions = np.zeros((2, 4, 4), "float32")
    regions[:, :2] = [[3, 5, 29, 41], [30, 20, 60, 60]]
    model.score_threshold = 0.0
    found = model.predict({"image": pictures(), "proposals": regions}, verbose=0)
    # Two regions of two classes each; rows without area are no regions.
    np.testing.assert_array_equal(found["count"], 4)
    # Regions as small as these read the finest level alone.
    learns(model, {"image": pictures(), "proposals": regions}, targets(), still=("fpn_p3", "fpn_p4", "fpn_p5"))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.proposals, loaded.num_proposals) == ("uniform", 4)


def test_older_files_have_each_map_as_an_output_of_its_own():
    model = toy("faster_rcnn_resnet18_fpn")
    config = model.get_config()
    maps = config["output_layers"].pop("maps")
    config["output_layers"] |= {f"map{i}": layer for i, layer in enumerate(maps)}
    loaded = type(model).from_config(config)
    assert loaded.output.keys() == model.output.keys()
    assert [x.shape[1] for x in loaded.output["maps"]] == [SIDE // stride for stride in (4, 8, 16, 32)]


def test_pictures_without_objects_are_trained_through():
    model = toy("mask_rcnn_resnet18_fpn")
    model.compile("sgd")
    losses = model.train_on_batch(pictures(), targets(empty=True), return_dict=True)
    assert np.isfinite(list(losses.values())).all()
    assert losses["box_loss"] == losses["rpn_box_loss"] == losses["mask_loss"] == 0 < losses["class_loss"]


@pytest.mark.core
def test_nothing_is_found_where_no_score_passes():
    model = toy("mask_rcnn_resnet18_fpn")
    model.score_threshold = 1.0
    found = model.predict(pictures(), verbose=0)
    assert not found["count"].any() and (found["labels"] == -1).all()
    assert not found["masks"].any() and not found["boxes"].any()


def test_frozen_batch_normalisation_stays_as_it_is():
    model = toy("faster_rcnn_resnet18_fpn", frozen_batch_norm=True)
    before = [np.array(v) for v in model.variables if "_bn" in v.path]
    model.compile("sgd")
    model.train_on_batch(pictures(), targets())
    after = [np.array(v) for v in model.variables if "_bn" in v.path]
    assert before and all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_half_precision_keeps_anchors_offsets_and_scores_exact():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = toy("faster_rcnn_resnet18_fpn")
    finally:
        keras.config.set_dtype_policy("float32")
    kinds = {name: output.dtype for name, output in model.output.items() if name != "maps"}
    assert set(kinds.values()) == {"float32", "int32"} and model.output["maps"][0].dtype == "bfloat16"
    model.compile("sgd")
    assert np.isfinite(model.train_on_batch(pictures(), targets())).all()


def test_the_mask_of_the_objects_own_class_learns():
    model, truth = toy("mask_rcnn_resnet18_fpn"), targets()
    truth["labels"][0, :2] = 1
    (layer,) = (layer for layer in layers_with_weights(model) if layer.name == "mask_logits")
    before = np.array(layer.kernel)
    model.compile(keras.optimizers.SGD(0.1))
    model.train_on_batch(pictures(), truth)
    moved = np.any(np.array(layer.kernel) != before, axis=(0, 1, 2))
    assert moved.tolist() == [False, False, True]  # the background, then the classes


@pytest.mark.full
def test_regions_drawn_follow_the_seed():
    def losses(seed):
        keras.utils.set_random_seed(seed)
        model = toy("faster_rcnn_resnet18_fpn")
        model.region_samples, model.anchor_samples = 4, 4
        model.compile("sgd")
        return [model.train_on_batch(pictures(), targets(), return_dict=True) for _ in range(2)]

    assert losses(1) == losses(1)


@pytest.mark.core
def test_region_losses_by_hand():
    logits = np.zeros((1, 3, 3), "float32")
    deltas = np.zeros((1, 3, 12), "float32")
    deltas[0, 0, 8:] = [0.25, 0, 0, 0]  # of class 2
    drawn = {
        "boxes": np.float32([[[0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 0, 0]]]),
        "labels": np.int32([[2, 0, 0]]),
        "matched": np.int32([[1, 0, 0]]),
        "drawn": np.float32([[1, 1, 0]]),
    }
    boxes = np.float32([[[20, 20, 30, 30], [1, 0, 11, 10]]])
    tensors = [{k: ops.convert_to_tensor(v) for k, v in d.items()} for d in (drawn, {"boxes": boxes})]
    outputs = {"class_logits": ops.convert_to_tensor(logits), "box_deltas": ops.convert_to_tensor(deltas)}
    found = region_losses(outputs, *tensors, beta=1.0)
    assert float(found["class_loss"]) == pytest.approx(np.log(3), rel=1e-6)
    # The object lies a tenth of a width to the right, times 10: an error of 0.75, over two regions drawn.
    assert float(found["box_loss"]) == pytest.approx(0.5 * 0.75**2 / 2, rel=1e-5)


def test_unknown_backbones_and_sizes_are_named():
    with pytest.raises(zoo.InputError, match="unknown backbone 'vgg11': choose one of vgg16, zf"):
        faster_rcnn(2, backbone="vgg11")
    with pytest.raises(zoo.InputError, match="Mask R-CNN stands on a pyramid or C4, received the backbone 'zf'"):
        mask_rcnn(2, backbone="zf")
    with pytest.raises(zoo.InputError, match="Keypoint R-CNN stands on a pyramid, received .* 'resnet50_c4'"):
        keypoint_rcnn(backbone="resnet50_c4")
    with pytest.raises(zoo.InputError, match="five levels"):
        zoo.faster_rcnn_resnet18_fpn(2, anchor_sizes=(8, 16))
