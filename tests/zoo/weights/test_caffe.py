"""Each network runs twice: in NumPy as its prototxt says, and ours with the weights written to a .caffemodel."""

import keras
import numpy as np
import pytest

from tests.checks import core_in_full
from tests.zoo.weights.caffe_reference import Caffe, lrn, max_pool, padded, pixels, relu, switches, unpool, windows
from tests.zoo.weights.caffe_writer import caffemodel
from zoo import InputError, fast_rcnn_vgg16, segnet, segnet_basic, unet, weights
from zoo.backbones.alexnets import alexnet
from zoo.backbones.inception import INCEPTIONS, googlenet
from zoo.backbones.vgg import STAGES, vgg16
from zoo.backbones.zfnet import zf
from zoo.segmentation.deeplab_largefov import deeplab_largefov
from zoo.segmentation.fcn import fcn
from zoo.weights import caffe
from zoo.weights.matching import layers_with_weights

VGG_MEAN = 103.939, 116.779, 123.68
MEAN = 104.00699, 116.66877, 122.67892


def load(model, arrays, path, format="layer", partial=False):
    path.write_bytes(caffemodel(arrays, format))
    return weights.load(model, path, partial=partial)


def loads(model, net, image, expected, path, format="layer"):
    """Asserts that all of the file is loaded and that the logits are the `expected` ones, `(C, H, W)` or `(C,)`."""
    report = load(model, net.arrays, path, format)
    assert report.loaded.keys() == net.arrays.keys() and not report.unused and not report.missing
    logits = keras.ops.convert_to_numpy(model(image[None])["logits"])[0]
    expected = np.moveaxis(expected, 0, -1)
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def picture(height, width):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype("float32")


def vgg(net, x, width, pad=1):
    """VGG16's convolutions and poolings; returns pool5, pool4, pool3."""
    pools = []
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        for j in range(1, convolutions + 1):
            x = relu(net.conv(x, f"conv{i}_{j}", int(filters * width), 3, pad=pad if i == j == 1 else 1))
        x = max_pool(x)
        pools.append(x)
    return pools[:1:-1]


def test_the_first_kernel_by_hand(tmp_path):
    """A kernel that takes 1 x blue + 2 x green + 3 x red of the pixel to the left."""
    kernel = np.zeros((2, 3, 3, 3), "float32")
    kernel[0, :, 1, 0] = 1, 2, 3
    model = vgg16(width=1 / 32)
    report = load(model, {"conv1_1/0": kernel, "conv1_1/1": [0.5, 0.0]}, tmp_path / "net.caffemodel", partial=True)
    assert list(report.loaded) == ["conv1_1/0", "conv1_1/1"] and len(report.missing) == 24
    layer = model.get_layer("block1_conv1")
    x = np.zeros((1, 1, 3, 3), "float32")
    x[0, 0, 1] = 10, 20, 30  # red, green, blue
    assert keras.ops.convert_to_numpy(layer(x))[0, 0, 2].tolist() == [30 + 2 * 20 + 3 * 10 + 0.5, 0.0]


@pytest.mark.parametrize("format", ["layer", "layers", "layers of 2013"])
def test_vgg16(tmp_path, format):
    net, image = Caffe(), picture(64, 96)
    x = vgg(net, pixels(image, VGG_MEAN), 1 / 32)[0]
    x = relu(net.inner_product(x, "fc6", 128))
    x = net.inner_product(relu(net.inner_product(x, "fc7", 128)), "fc8", 5)
    model = vgg16(include_top=True, num_classes=5, width=1 / 32, input_shape=(64, 96, 3))
    loads(model, net, image, x, tmp_path / "vgg.caffemodel", format)


def test_alexnet(tmp_path):
    net, image = Caffe(), picture(227, 227)
    x = max_pool(lrn(relu(net.conv(pixels(image, MEAN), "conv1", 12, 11, stride=4))), 3)
    x = max_pool(lrn(relu(net.conv(x, "conv2", 32, 5, pad=2, group=2))), 3)
    x = relu(net.conv(x, "conv3", 48, 3, pad=1))
    x = relu(net.conv(x, "conv4", 48, 3, pad=1, group=2))
    x = max_pool(relu(net.conv(x, "conv5", 32, 3, pad=1, group=2)), 3)
    assert x.shape == (32, 6, 6)
    x = relu(net.inner_product(x, "fc6", 512))
    x = net.inner_product(relu(net.inner_product(x, "fc7", 512)), "fc8", 5)
    model = alexnet(form="bvlc", include_top=True, num_classes=5, width=1 / 8, input_shape=(227, 227, 3))
    loads(model, net, image, x, tmp_path / "alexnet.caffemodel", "layers")


def test_googlenet(tmp_path):
    net, image, width = Caffe(), picture(64, 64), 1 / 8
    x = max_pool(relu(net.conv(pixels(image, (104, 117, 123)), "conv1/7x7_s2", 8, 7, pad=3, stride=2)), 3)
    x = relu(net.conv(lrn(x), "conv2/3x3_reduce", 8, 1))
    x = max_pool(lrn(relu(net.conv(x, "conv2/3x3", 24, 3, pad=1))), 3)
    for module, counts in INCEPTIONS.items():
        one, reduce3, three, reduce5, five, projection = (int(count * width) for count in counts)
        name = module.replace("inception", "inception_")
        branches = [
            net.conv(x, f"{name}/1x1", one, 1),
            net.conv(relu(net.conv(x, f"{name}/3x3_reduce", reduce3, 1)), f"{name}/3x3", three, 3, pad=1),
            net.conv(relu(net.conv(x, f"{name}/5x5_reduce", reduce5, 1)), f"{name}/5x5", five, 5, pad=2),
            net.conv(max_pool(x, 3, 1, pad=1), f"{name}/pool_proj", projection, 1),
        ]
        x = relu(np.concatenate(branches))
        if name in ("inception_3b", "inception_4e"):
            x = max_pool(x, 3)
    x = net.inner_product(x.mean((1, 2)), "loss3/classifier", 5)
    model = googlenet(batch_norm=False, include_top=True, num_classes=5, width=width, input_shape=(64, 64, 3))
    loads(model, net, image, x, tmp_path / "googlenet.caffemodel")


def test_fcn8s(tmp_path):
    net, image = Caffe(), picture(40, 52)
    pool5, pool4, pool3 = vgg(net, pixels(image, MEAN), 1 / 32, pad=100)
    x = relu(net.conv(relu(net.conv(pool5, "fc6", 128, 7)), "fc7", 128, 1))
    x = net.deconv(net.conv(x, "score_fr", 3, 1), "upscore2", 3, 4, stride=2, bias=False)
    x += crop(net.conv(pool4, "score_pool4", 3, 1), 5, x)
    x = net.deconv(x, "upscore_pool4", 3, 4, stride=2, bias=False)
    x += crop(net.conv(pool3, "score_pool3", 3, 1), 9, x)
    x = crop(net.deconv(x, "upscore8", 3, 16, stride=8, bias=False), 31, image.transpose(2, 0, 1))
    loads(fcn(3, stride=8, width=1 / 32), net, image, x, tmp_path / "fcn8s.caffemodel")


def test_fcn32s_over_alexnet(tmp_path):
    net, image = Caffe(), picture(40, 52)
    x = lrn(max_pool(relu(net.conv(pixels(image, MEAN), "conv1", 12, 11, pad=100, stride=4)), 3))
    x = lrn(max_pool(relu(net.conv(x, "conv2", 32, 5, pad=2, group=2)), 3))
    x = relu(net.conv(x, "conv3", 48, 3, pad=1))
    x = relu(net.conv(x, "conv4", 48, 3, pad=1, group=2))
    x = max_pool(relu(net.conv(x, "conv5", 32, 3, pad=1, group=2)), 3)
    x = relu(net.conv(relu(net.conv(x, "fc6", 512, 6)), "fc7", 512, 1))
    x = net.deconv(net.conv(x, "score_fr", 3, 1), "upscore", 3, 63, stride=32, bias=False)
    x = crop(x, 18, image.transpose(2, 0, 1))
    model = fcn(3, stride=32, backbone="alexnet", width=1 / 8)
    loads(model, net, image, x, tmp_path / "fcn.caffemodel")


def test_deeplab_largefov(tmp_path):
    net, image, width = Caffe(), picture(33, 41), 1 / 32
    x = pixels(image, MEAN)
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        hole = 2 if i == 5 else 1
        for j in range(1, convolutions + 1):
            x = relu(net.conv(x, f"conv{i}_{j}", int(filters * width), 3, pad=hole, dilation=hole))
        x = max_pool(x, 3, 2 if i < 4 else 1, pad=1)
    x = windows(padded(x, 1), 3).mean((3, 4))
    x = relu(net.conv(x, "fc6", 32, 3, pad=12, dilation=12))
    x = net.conv(relu(net.conv(x, "fc7", 32, 1)), "fc8_voc12", 3, 1)
    assert x.shape == (3, 5, 6)
    x = aligned(aligned(x, 33, axis=1), 41, axis=2)
    loads(deeplab_largefov(3, width=width), net, image, x, tmp_path / "deeplab.caffemodel")


def aligned(x, size, axis):
    """Interpolates along an axis, the first and the last value on the first and the last pixel."""
    places = np.linspace(0, x.shape[axis] - 1, size)
    return np.apply_along_axis(lambda line: np.interp(places, np.arange(len(line)), line), axis, x)


def crop(x, offset, like):
    return x[:, offset : offset + like.shape[1], offset : offset + like.shape[2]]


def test_the_classifiers_file_gives_an_fcn_its_body(tmp_path):
    net = Caffe()
    x = vgg(net, pixels(picture(224, 224), VGG_MEAN), 1 / 64)[0]
    net.inner_product(net.inner_product(net.inner_product(x, "fc6", 64), "fc7", 64), "fc8", 5)
    model = fcn(3, stride=32, width=1 / 64)
    report = load(model, net.arrays, tmp_path / "vgg.caffemodel", partial=True)
    assert list(report.unused) == ["fc8/0", "fc8/1"]
    assert list(report.missing) == ["score_fr/0", "score_fr/1", "upscore/0"]
    expected = net.arrays["fc6/0"].reshape(64, 8, 7, 7)
    np.testing.assert_array_equal(model.get_layer("fc6").kernel, expected.transpose(2, 3, 1, 0))


def test_the_classifiers_file_gives_a_detector_its_body(tmp_path):
    net = Caffe()
    x = vgg(net, pixels(picture(224, 224), VGG_MEAN), 1 / 64)[0]
    net.inner_product(net.inner_product(net.inner_product(x, "fc6", 64), "fc7", 64), "fc8", 5)
    model = fast_rcnn_vgg16(3, width=1 / 64, input_shape=(64, 64, 3))
    report = load(model, net.arrays, tmp_path / "vgg.caffemodel", partial=True)
    assert list(report.unused) == ["fc8/0", "fc8/1"] and caffe.convention(model, None) == "caffe"
    assert {name.partition("/")[0] for name in report.missing} == {"class_logits", "box_deltas"}
    (fc6,) = (layer for layer in layers_with_weights(model) if layer.name == "fc6")
    crop = np.random.default_rng(2).normal(size=(8, 7, 7)).astype("float32")
    expected = relu(net.arrays["fc6/0"] @ crop.ravel() + net.arrays["fc6/1"])
    np.testing.assert_allclose(fc6(crop.transpose(1, 2, 0).reshape(1, -1))[0], expected, rtol=1e-4, atol=1e-4)


def test_segnet(tmp_path):
    """Pixels as they are, and sides that are odd at several depths."""
    net, image, width = Caffe(), picture(36, 44), 1 / 16
    x, pools = pixels(image), []
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        for j in range(1, convolutions + 1):
            x = relu(net.bn(net.conv(x, f"conv{i}_{j}", int(filters * width), 3, pad=1), f"conv{i}_{j}_bn"))
        pools.append((switches(x), x))
        x = max_pool(x)
    for i in range(5, 0, -1):
        x = unpool(x, *pools[i - 1])
        for j in range(STAGES[i - 1][1], 0, -1):
            if (i, j) == (1, 1):
                break
            filters = int((STAGES[i - 1] if j > 1 else STAGES[i - 2])[0] * width)
            x = relu(net.bn(net.conv(x, f"conv{i}_{j}_D", filters, 3, pad=1), f"conv{i}_{j}_D_bn"))
    x = net.conv(x, "conv1_1_D", 3, 3, pad=1)
    loads(segnet(3, width=width, input_shape=(36, 44, 3)), net, image, x, tmp_path / "segnet.caffemodel")


def test_zf(tmp_path):
    net = Caffe()
    for i, (inputs, filters, size) in enumerate([(3, 6, 7), (6, 16, 5), (16, 24, 3), (24, 24, 3), (24, 16, 3)], 1):
        net.conv(np.zeros((inputs, size, size), "float32"), f"conv{i}", filters, size)
    (tmp_path / "zf.caffemodel").write_bytes(caffemodel(net.arrays, "layer"))
    model = zf(width=1 / 16, weights=tmp_path / "zf.caffemodel")
    kernel = net.arrays["conv1/0"][:, ::-1].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(model.get_layer("conv1").kernel, kernel)
    np.testing.assert_array_equal(model.get_layer("conv5").bias, net.arrays["conv5/1"])


@core_in_full
def test_segnet_basic(tmp_path):
    net, image = Caffe(), picture(20, 28)
    x, pools = lrn(pixels(image)), []
    for i in range(1, 5):
        x = relu(net.bn(net.conv(x, f"conv{i}", 4, 7, pad=3), f"conv{i}_bn"))
        pools.append((switches(x), x))
        x = max_pool(x)
    for i in range(4, 0, -1):
        x = net.bn(net.conv(unpool(x, *pools[i - 1]), f"conv_decode{i}", 4, 7, pad=3), f"conv_decode{i}_bn")
    x = net.conv(x, "conv_classifier", 3, 1)
    loads(segnet_basic(3, width=1 / 16), net, image, x, tmp_path / "segnet.caffemodel")


def test_a_wrong_file_leaves_the_model_unchanged(tmp_path):
    net, path = Caffe(), tmp_path / "vgg.caffemodel"
    vgg(net, pixels(picture(32, 32)), 1 / 32)
    model = vgg16(width=1 / 32)
    before = model.get_weights()
    whole = net.arrays
    cut = {name: values for name, values in whole.items() if not name.startswith("conv3_2/")}
    narrow = whole | {"conv5_3/0": whole["conv5_3/0"][:, :-1]}
    for arrays, message in [
        (cut, r"of another model: no conv3_2/0 \(8, 8, 3, 3\), no conv3_2/1 \(8,\)"),
        (narrow, r"conv5_3/0 is \(16, 15, 3, 3\) in place of \(16, 16, 3, 3\)"),
        (whole | {"conv5_3/1": np.full(16, np.nan)}, "conv5_3/1 holds NaN"),
    ]:
        with pytest.raises(InputError, match=message):
            load(model, arrays, path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_networks_that_caffe_lacks():
    with pytest.raises(InputError, match="Caffe has no counterpart of unet"):
        caffe.wanted(unet(2, width=1 / 32))
