import json
import math

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.anatomy.info import info

FOUR = 4  # bytes of a float32


def rows_of(found):
    return {row.name: row for row in found.layers}


def test_a_small_network_by_hand():
    """A 3x3 convolution of stride 1, pooling, one of stride 2, and a transposed one: fields, operations, bytes."""
    image = layers.Input((8, 12, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="a")(image)
    x = layers.MaxPooling2D(name="pool")(x)
    x = layers.Conv2D(5, 3, strides=2, padding="same", dilation_rate=1, name="b")(x)
    x = layers.Conv2DTranspose(2, 4, strides=4, name="up")(x)
    found = info(keras.Model(image, {"logits": x}, name="small"))
    rows = rows_of(found)
    assert {name: row.flop for name, row in rows.items()} == {
        "a": 2 * 8 * 12 * 27 * 4,
        "pool": 0,
        "b": 2 * 2 * 3 * 36 * 5,
        "up": 2 * 2 * 3 * 5 * 16 * 2,
    }
    assert {name: (row.field[0], row.stride[0]) for name, row in rows.items()} == {
        "a": (3, 1),
        "pool": (4, 2),
        "b": (8, 4),
        "up": (8, 1),
    }
    sizes = {"image": 8 * 12 * 3, "a": 8 * 12 * 4, "pool": 4 * 6 * 4, "b": 2 * 3 * 5, "up": 8 * 12 * 2}
    assert found.activations == FOUR * sum(sizes.values()) and found.peak == FOUR * (sizes["image"] + sizes["a"])
    assert found.parameters == found.trainable == 27 * 4 + 4 + 36 * 5 + 5 + 16 * 2 * 5 + 2
    assert (found.field, found.stride, found.flop) == ((8, 8), (4, 4), sum(row.flop for row in rows.values()))
    assert json.loads(json.dumps(found.to_dict()))["layers"][0]["shapes"] == [[1, 8, 12, 4]]
    assert repr(found).startswith("Info(name='small'") and "Row(" not in repr(found)


def test_shared_layers_count_as_often_as_they_are_called_and_networks_within_too():
    image = layers.Input((None, None, 3), name="image")
    conv = layers.Conv2D(3, 1, use_bias=False, name="shared")
    x = layers.Input((None, None, 3))
    inner = keras.Model(x, conv(conv(x)), name="inner")
    found = info(keras.Model(image, {"y": inner(conv(image))}), image_size=(5, 7))
    assert [row.name for row in found.layers] == ["shared"] * 3
    assert found.flop == 3 * 2 * 35 * 9 and found.parameters == 9
    assert [row.parameters for row in found.layers] == [9, 0, 0]


def test_the_whole_picture_is_seen_behind_a_dense_layer():
    image = layers.Input((4, 4, 3))
    x = layers.Dense(2, name="dense")(layers.Flatten(name="flat")(image))
    found = info(keras.Model(image, {"y": x}))
    assert rows_of(found)["dense"].field == (math.inf, math.inf) and found.flop == 2 * 48 * 2
    assert found.to_dict()["layers"][1]["field"] == ["whole", "whole"]


@pytest.mark.parametrize(
    ("build", "layer", "field", "stride"),
    [
        (lambda: zoo.backbones.vgg16(width=1 / 16), "block5_conv3", 196, 16),  # Araujo et al. 2019, less pool5's 16
        (lambda: zoo.backbones.resnet50(width=1 / 16), "res5_block3_conv3", 427, 32),  # its stride is in the 3x3
    ],
)
def test_receptive_fields_are_those_known_of_the_backbones(build, layer, field, stride):
    row = rows_of(info(build(), image_size=(64, 96)))[layer]
    assert (row.field, row.stride) == ((field, field), (stride, stride))


def test_regions_count_as_often_as_they_are_looked_at():
    """Doubling the proposals doubles what the box head costs; the mask head looks at detections."""

    def flop(num_proposals, max_detections):
        model = zoo.mask_rcnn_resnet18_fpn(
            2, width=1 / 16, num_proposals=num_proposals, max_detections=max_detections, input_shape=(64, 96, 3)
        )
        rows = rows_of(info(model))
        assert rows["fc6"].field is None
        return rows["fc6"].flop, rows["mask_conv1"].flop, rows["mask_logits"].flop

    few, many = flop(10, 5), flop(20, 15)
    assert many == (2 * few[0], 3 * few[1], 3 * few[2])
    assert few[2] == 2 * 5 * 14 * 14 * 4 * 16


@pytest.mark.parametrize(("regions", "computed", "at_once"), [(3, 3, 3), (130, 132, 44)])
def test_a_network_over_regions_counts_for_all_of_them_and_holds_a_chunk(regions, computed, at_once):
    counted = info(zoo.rcnn_small(2, num_proposals=regions, input_shape=(40, 60, 3)))
    layer = next(
        one for one in zoo.rcnn_small(2, num_proposals=3, input_shape=(40, 60, 3)).layers if hasattr(one, "network")
    )
    alone = info(layer.network)
    within = [row for row in counted.layers if row.name in rows_of(alone)]
    assert sum(row.flop for row in within) == computed * alone.flop > 0
    assert {row.shapes[0][0] for row in within} == {at_once}


@pytest.mark.full
@pytest.mark.parametrize(
    ("build", "gflop"),
    [
        (lambda: zoo.mask_rcnn_resnet50_fpn(90, input_shape=(800, 1088, 3)), 457.9),  # as counted in its ONNX file
        (lambda: zoo.tiny_yolo_v2(20, input_shape=(416, 416, 3)), 6.97),  # Darknet prints 6.97 Bn
    ],
)
def test_operations_are_those_counted_elsewhere(build, gflop):
    assert info(build()).flop / 1e9 == pytest.approx(gflop, rel=2e-3)


def test_what_becomes_of_a_picture_is_said():
    segnet = zoo.segnet_basic(2, width=1 / 16, input_shape=(32, 64, 3))
    assert info(segnet).input_rule == {
        "pixels": "RGB, 0 to 255",
        "size": "32x64 by letterbox",
        "normalisation": "local response normalisation",
    }
    yolo = info(zoo.tiny_yolo_v2(2, width=1 / 16)).input_rule
    assert yolo["size"] == "any" and yolo["normalisation"] == "0.00392157 x"
    scaled = zoo.fast_rcnn_resnet18_fpn(2, width=1 / 16, num_proposals=7)
    assert info(scaled).image_size == (224, 224)
    scaled.sides = (96, 160)
    assert info(scaled).image_size == (96, 96) and info(scaled, (32, 64)).image_size == (32, 64)
    scaled.sides = None
    rcnn = info(scaled).input_rule
    assert rcnn["regions"] == "7 of selective_search_fast" and rcnn["normalisation"].count(",") == 2


def test_what_cannot_be_counted_is_one_line():
    with pytest.raises(zoo.InputError, match="takes pictures of 32x64, received 64x64"):
        info(zoo.segnet(2, width=1 / 16, input_shape=(32, 64, 3)), (64, 64))

    class Own(keras.Model):
        pass

    with pytest.raises(zoo.InputError, match="is no functional model"):
        info(Own(name="own"))
    assert np.isfinite(info(zoo.unet(2, width=1 / 16, depth=1)).flop)
