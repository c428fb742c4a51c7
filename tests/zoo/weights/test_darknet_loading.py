"""The same file goes into what `darknet.build` makes of a .cfg and into the zoo's own builder."""

import struct
from functools import cache

import keras
import numpy as np
import pytest

import zoo
from tests.checks import quick
from tests.zoo.weights import darknet_cfg
from zoo import InputError
from zoo.backbones.darknet import darknet19, fast_yolo_backbone, tiny_darknet, yolo_v1_backbone
from zoo.backbones.vgg import vgg16
from zoo.weights import darknet, load
from zoo.weights.darknet_weights import weighted

WIDTH = 1 / 16
TOY = {"width": WIDTH, "input_shape": (64, 64, 3)}
GRID = {"width": WIDTH, "input_shape": (128, 128, 3)}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Writes a .cfg and a .weights file of random numbers; returns the model of both, the file, its numbers.

    Once for each .cfg: what it returns is to be left as it is.
    """

    @cache
    def make(cfg):
        folder = tmp_path_factory.mktemp("darknet")
        path = folder / "toy.cfg"
        path.write_text(cfg)
        numbers = darknet_cfg.numbers(darknet.build(path))
        weights = darknet_cfg.write(folder / "toy.weights", numbers)
        return darknet.build(path, weights), weights, numbers

    return make


def pictures(model, sides=(64, 64)):
    size = [side or other for side, other in zip(model.input_shape[1:3], sides, strict=True)]
    return np.random.default_rng(1).integers(0, 256, (2, *size, 3)).astype("float32")


def outputs_agree(model, expected, sides=(64, 64)):
    """Asserts equal outputs that say something: they vary, and neither vanish nor explode."""
    images = pictures(model, sides)
    ours, theirs = (keras.ops.convert_to_numpy(one(images)["grid"]) for one in (model, expected))
    assert 1e-2 < np.ptp(theirs) < 1e4
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


def copied(model):
    return [keras.ops.convert_to_numpy(value).copy() for value in model.weights]


def unchanged(model, before):
    for a, b in zip(copied(model), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("cfg", "model"),
    [
        (darknet_cfg.yolo_v2(3, WIDTH), lambda: zoo.yolo_v2(3, **TOY)),
        pytest.param(
            darknet_cfg.yolo_v2(3, WIDTH, size=(64, 96)),
            lambda: zoo.yolo_v2(3, width=WIDTH),
            marks=pytest.mark.full,
        ),
        (darknet_cfg.tiny_yolo_v2(3, WIDTH), lambda: zoo.tiny_yolo_v2(3, **TOY)),
        (darknet_cfg.yolo_v1_released(WIDTH), lambda: zoo.yolo_v1(2, released=True, **GRID)),
        (darknet_cfg.yolo_v1(WIDTH), lambda: zoo.yolo_v1(2, **GRID)),
        (darknet_cfg.fast_yolo(WIDTH), lambda: zoo.fast_yolo(2, **GRID)),
    ],
    ids=["yolo_v2", "yolo_v2 of any size", "tiny_yolo_v2", "yolo_v1 released", "yolo_v1", "fast_yolo"],
)
def test_detectors(pair, cfg, model):
    expected, file, numbers = pair(cfg)
    model = model()
    report = load(model, file)
    assert sum(int(np.prod(shape)) for shape in report.loaded.values()) == numbers.size
    assert not report.missing and not report.unused
    outputs_agree(model, expected, sides=expected.image_size)
    assert model.resizing == "stretch"


def test_the_boxes_of_yolo_are_darknets(pair):
    """The scores' order is that of the cells, whichever way the vector goes."""
    expected, file, _ = pair(darknet_cfg.yolo_v1_released(WIDTH))
    model = zoo.yolo_v1(2, released=True, weights=file, **GRID)
    ours, theirs = (one.predict(pictures(one), verbose=0) for one in (model, expected))
    assert theirs["count"].min() > 0
    np.testing.assert_array_equal(ours["labels"], theirs["labels"])
    np.testing.assert_allclose(ours["boxes"], theirs["boxes"], atol=1e-2)


def test_passthrough_comes_after_the_two_convolutions_it_runs_beside():
    names = [layer.name for layer, _ in weighted(zoo.yolo_v2(3, **TOY))]
    assert names[:18] == [layer.name for layer, _ in weighted(darknet19(**TOY))]
    assert names[18:] == ["head_conv1", "head_conv2", "passthrough_conv", "head_conv3", "grid"]


@pytest.mark.parametrize("width", [1, 1 / 8, 1 / 20, 1 / 32])
def test_passthrough_at_any_width(width, undrawn):
    channels = zoo.yolo_v2(3, width=width).get_layer("passthrough_stack").output.shape[3]
    assert channels == {1: 256, 1 / 8: 32, 1 / 20: 16, 1 / 32: 16}[width]


@pytest.mark.parametrize("cfg", [darknet_cfg.yolo_v2(3, WIDTH), darknet_cfg.yolo_v1_released(WIDTH)])
def test_into_what_a_cfg_described(pair, cfg, tmp_path):
    """Also after `keras.saving.load_model`."""
    expected, file, _ = pair(cfg)
    expected.save(tmp_path / "toy.keras")
    model = keras.saving.load_model(tmp_path / "toy.keras")
    model.set_weights([np.zeros_like(value) for value in copied(model)])
    load(model, file)
    unchanged(model, copied(expected))


def test_sections_in_a_cfgs_own_order(pair):
    """Two branches, whose sections alternate, and the later one is routed last."""
    cfg = darknet_cfg.net(8, 8) + darknet_cfg.convolutional(2) + darknet_cfg.convolutional(3)
    cfg += "[route]\nlayers=0\n" + darknet_cfg.convolutional(3) + "[route]\nlayers=1\n"
    cfg += darknet_cfg.convolutional(4) + "[route]\nlayers=3\n" + darknet_cfg.convolutional(4)
    model, _, _ = pair(f"{cfg}[route]\nlayers=5,7\n{darknet_cfg.linear(2)}")
    names = [layer.name for layer, _ in weighted(model)]
    assert names == [f"convolutional{i}" for i in (0, 1, 3, 5, 7, 9)]


def test_a_classifier_and_its_backbone(pair):
    expected, file, _ = pair(darknet_cfg.darknet19(5, WIDTH))
    model, body = darknet19(include_top=True, num_classes=5, **TOY), darknet19(**TOY)
    assert not load(model, file).missing
    logits = keras.ops.convert_to_numpy(model(pictures(model))["logits"])
    np.testing.assert_allclose(logits, np.asarray(expected(pictures(model)))[:, 0, 0], rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="the file is cut short or of another network; partial=True"):
        load(body, file)
    report = load(body, file, partial=True)
    assert report.unused == {"rest": (5 + 5 * 64,)} and not report.missing
    unchanged(body, copied(model)[: len(body.weights)])


@pytest.mark.parametrize(
    ("cfg", "builder"),
    [
        (darknet_cfg.yolo_v1_released(WIDTH), lambda **toy: yolo_v1_backbone(batch_norm=True, **toy)),
        (darknet_cfg.tiny_yolo_v2(3, WIDTH), tiny_darknet),
    ],
)
def test_a_detectors_file_goes_into_a_backbone(pair, cfg, builder):
    expected, file, _ = pair(cfg)
    model = builder(**TOY)
    assert not load(model, file, partial=True).missing
    for ours, (theirs, _) in zip(weighted(model), weighted(expected), strict=False):
        np.testing.assert_array_equal(ours[0].kernel, theirs.kernel)


@pytest.mark.parametrize("header", [darknet_cfg.HEADER, struct.pack("<iiii", 0, 1, 0, 64)], ids=["20", "16"])
def test_the_first_layers_start_a_detector(pair, header, tmp_path):
    """As darknet19_448.conv.23 does: Darknet-19 up to its top, whose sections 0 to 22 have 18 convolutions."""
    _, _, numbers = pair(darknet_cfg.darknet19(5, WIDTH))
    file = darknet_cfg.write(tmp_path / "darknet19_448.conv.23", numbers[: -(5 + 5 * 64)], header)
    model, start = zoo.yolo_v2(3, **TOY), darknet19(weights=file, **TOY)
    report = load(model, file)
    unchanged(zoo.yolo_v2(3, weights=file, **TOY).get_layer("stage6_conv5"), copied(start.get_layer("stage6_conv5")))
    kernels = [layer.kernel for layer, _ in weighted(model)]
    for (layer, _), kernel in zip(weighted(start), kernels, strict=False):
        np.testing.assert_array_equal(layer.kernel, kernel)
    assert not report.unused
    assert {name.split("/")[0] for name in report.missing} == {
        *(f"{name}{end}" for name in ("head_conv1", "head_conv2", "head_conv3") for end in ("", "_bn")),
        *("passthrough_conv", "passthrough_conv_bn", "grid"),
    }
    assert report.missing["head_conv1/kernel"] == (64, 64, 3, 3)
    assert model.resizing == "letterbox"  # it is still to be trained, with letterboxed pictures


@pytest.mark.parametrize(("classes", "rest"), quick([(1, 40 * 65), (5, 40 * 65)], (1, 40 * 65)))
def test_another_number_of_classes_keeps_the_last_layer(pair, classes, rest):
    """More or fewer than the file's three."""
    expected, file, _ = pair(darknet_cfg.yolo_v2(3, WIDTH))
    model = zoo.yolo_v2(classes, **TOY)
    head = [np.array(value) for value in model.get_layer("grid").get_weights()]
    report = load(model, file, partial=True)
    assert report.unused == {"rest": (rest,)}
    assert report.missing.keys() == {"grid/bias", "grid/kernel"}
    unchanged(model.get_layer("grid"), head)
    np.testing.assert_array_equal(model.get_layer("head_conv3").kernel, expected.get_layer("convolutional29").kernel)


@pytest.mark.parametrize("classes", quick([1, 5], 5))
def test_another_number_of_classes_of_yolo(pair, classes):
    _, file, _ = pair(darknet_cfg.yolo_v1_released(WIDTH))
    report = load(zoo.yolo_v1(classes, released=True, **GRID), file, partial=True)
    assert report.missing.keys() == {"output/bias", "output/kernel"}


def test_backbones_take_weights(pair, tmp_path):
    """Each the file of a network that begins with it, cut where it ends."""
    for cfg, builder, arguments in (
        (darknet_cfg.tiny_yolo_v2(3, WIDTH), tiny_darknet, {}),
        (darknet_cfg.yolo_v1_released(WIDTH), yolo_v1_backbone, {"batch_norm": True}),
        (darknet_cfg.fast_yolo(WIDTH), fast_yolo_backbone, {}),
    ):
        expected, _, numbers = pair(cfg)
        count = sum(int(np.prod(value.shape)) for value in builder(**arguments, **TOY).weights)
        file = darknet_cfg.write(tmp_path / "a.weights", numbers[:count])
        model = builder(weights=file, **arguments, **TOY)
        ours, theirs = (weighted(one) for one in (model, expected))
        np.testing.assert_array_equal(ours[-1][0].kernel, theirs[len(ours) - 1][0].kernel)


def test_another_head_stays_as_it_is(pair):
    """A localizer has layers that no Darknet file has: the numbers of the classifier's top do not go there."""
    _, file, _ = pair(darknet_cfg.darknet19(5, WIDTH))
    model = zoo.localizer(2, backbone="darknet19", **TOY)
    report = load(model, file, partial=True)
    assert report.unused == {"rest": (5 + 5 * 64,)}
    assert {name.split("/")[0] for name in report.missing} == {
        *("where_map", "what_map", "presence", "sides", "classes")
    }


@pytest.mark.parametrize("partial", [False, True])
def test_damaged_files_change_nothing(pair, tmp_path, partial):
    _, _, numbers = pair(darknet_cfg.yolo_v2(3, WIDTH))
    model = zoo.yolo_v2(3, **TOY)
    before = copied(model)
    for place, number, message in [
        (0, np.nan, "stage1_conv1_bn/beta holds NaN or infinity"),
        (7, -1.0, "variance below 0 in stage1_conv1_bn: the file is damaged or of another network"),
        (7, np.inf, "stage1_conv1_bn/.* holds NaN or infinity"),
        (-1, np.inf, "grid/kernel holds NaN or infinity"),
    ]:
        damaged = numbers.copy()
        damaged[place] = number
        with pytest.raises(InputError, match=message):
            load(model, darknet_cfg.write(tmp_path / "toy.weights", damaged), partial=partial)
        unchanged(model, before)
    assert model.resizing == "letterbox"


def test_other_sizes_change_nothing(pair, tmp_path):
    _, _, numbers = pair(darknet_cfg.tiny_yolo_v2(3, WIDTH))
    model = zoo.tiny_yolo_v2(3, **TOY)
    before = copied(model)
    for change in (-1, 1):
        other = darknet_cfg.write(tmp_path / "toy.weights", np.resize(numbers, numbers.size + change))
        counts = rf"holds {numbers.size + change:,} numbers, the network takes {numbers.size:,}: "
        with pytest.raises(InputError, match=counts):
            load(model, other)
        unchanged(model, before)


def test_networks_that_darknet_does_not_have(tmp_path):
    file = darknet_cfg.write(tmp_path / "a.weights", np.zeros(9))
    for model in (vgg16(**TOY), zoo.grid_detector(2, width=WIDTH), zoo.unet(2, width=1 / 32)):
        with pytest.raises(InputError, match=f"Darknet has no counterpart of {model.name}: its weights cannot"):
            load(model, file, partial=True)


def test_files_of_our_own_keep_their_suffix(tmp_path):
    """`.weights.h5` is the zoo's, which each builder's `weights` takes too."""
    for builder, arguments in (
        (zoo.yolo_v2, {"num_classes": 2, **TOY}),
        (zoo.tiny_yolo_v2, {"num_classes": 2, **TOY}),
        (zoo.yolo_v1, {"num_classes": 2, **GRID}),
        (zoo.fast_yolo, {"num_classes": 2, **GRID}),
        (zoo.grid_detector, {"num_classes": 2, "width": WIDTH}),
    ):
        saved = builder(**arguments)
        saved.save_weights(tmp_path / "a.weights.h5")
        unchanged(builder(**arguments, weights=tmp_path / "a.weights.h5"), copied(saved))


def test_the_released_yolo_lite(zoo_data):
    folder = zoo_data / "weights" / "yolo_lite_voc"
    cfg, file = (folder / f"tiny-yolov2-trial3-noBatch.{suffix}" for suffix in ("cfg", "weights"))
    model = darknet.build(cfg)
    report = load(model, file)
    assert not report.missing and not report.unused
    unchanged(model, copied(darknet.build(cfg, file)))
