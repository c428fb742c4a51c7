import keras
import numpy as np
import pytest

from tests.checks import core_in_full, learns, parameters, saves_and_loads
from tests.zoo.weights.caffe_reference import Caffe, max_pool, pixels, relu, switches, unpool
from tests.zoo.weights.caffe_writer import caffemodel
from zoo import InputError, weights
from zoo.backbones.vgg import STAGES
from zoo.segmentation.deconvnet import Deconvolution, deconvnet


def toy(height=64, width=64):
    return deconvnet(3, width=1 / 16, input_shape=(height, width, 3))


def pictures(height, width, count=2):
    return np.random.default_rng(0).integers(0, 255, (count, height, width, 3), "uint8")


def shapes(model, names):
    return [model.get_layer(name).output.shape[1:] for name in names.split()]


def test_parameters_and_maps_equal_the_authors_release(undrawn):
    model = deconvnet(21)
    assert parameters(model) == 251_805_653
    assert shapes(model, "fc6 fc7 deconv_fc6") == [(1, 1, 4096), (1, 1, 4096), (7, 7, 512)]
    assert shapes(model, "unpool5 deconv5_1 deconv5_3") == [(14, 14, 512)] * 3
    assert shapes(model, "unpool4 deconv4_2 deconv4_3") == [(28, 28, 512), (28, 28, 512), (28, 28, 256)]
    assert shapes(model, "unpool3 deconv3_2 deconv3_3") == [(56, 56, 256), (56, 56, 256), (56, 56, 128)]
    assert shapes(model, "unpool2 deconv2_1 deconv2_2") == [(112, 112, 128), (112, 112, 128), (112, 112, 64)]
    assert shapes(model, "unpool1 deconv1_1 deconv1_2") == [(224, 224, 64)] * 3
    assert model.output["logits"].shape == (None, 224, 224, 21)


def test_fc6_sees_the_whole_of_small_pictures_and_parts_of_large_ones():
    small, large = toy(96, 128), toy(224, 320)
    assert shapes(small, "fc6 deconv_fc6") == [(1, 1, 256), (3, 4, 32)]
    assert small.get_layer("fc6").kernel.shape == (3, 4, 32, 256)
    assert shapes(large, "fc6 deconv_fc6") == [(1, 4, 256), (7, 10, 32)]
    assert large.get_layer("fc6").kernel.shape == (7, 7, 32, 256)


@core_in_full
@pytest.mark.parametrize("size", [(32, 96), (45, 70)])
def test_any_size(size, every_way):
    assert toy(*size).predict(pictures(*size), verbose=0)["logits"].shape == (2, *size, 3)


def test_unpooling_has_the_switches_of_the_pooling():
    model = toy()
    for i in range(1, 6):
        _, switches, like = model.get_layer(f"unpool{i}").input
        pool = model.get_layer(f"block{i}_pool")
        assert switches is pool.output[1] and like is pool.input


@pytest.mark.core
def test_a_deconvolution_by_hand():
    """Each pixel paints the kernel around itself."""
    layer = Deconvolution(1, 3, padding="same")
    x = np.zeros((1, 3, 4, 2), "float32")
    layer.build(x.shape)
    kernel = np.zeros((3, 3, 1, 2), "float32")
    kernel[..., 0, 1] = np.arange(9).reshape(3, 3)
    layer.set_weights([kernel, np.array([0.5], "float32")])
    x[0, 0, 1, 1] = 1.0
    painted = keras.ops.convert_to_numpy(layer(x))[0, ..., 0]
    assert painted.tolist() == [[3.5, 4.5, 5.5, 0.5], [6.5, 7.5, 8.5, 0.5], [0.5] * 4]


@pytest.mark.core
def test_a_deconvolution_is_keras_transposed_convolution():
    layer, theirs = (kind(5, 3, padding="same") for kind in (Deconvolution, keras.layers.Conv2DTranspose))
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 4)).astype("float32")
    theirs.build(x.shape)
    layer.build(x.shape)
    theirs.bias.assign(np.arange(5.0))
    layer.set_weights(theirs.get_weights())
    np.testing.assert_allclose(layer(x), theirs(x), rtol=1e-4, atol=1e-5)


@core_in_full
def test_the_authors_weights_fit(tmp_path):
    """In NumPy as their prototxt says, and ours with the weights in a .caffemodel."""
    net, image = Caffe(), pictures(64, 64)[0]

    def bn_relu(x, name):
        return relu(net.bn(x, name))

    x, pools = pixels(image, (104.00699, 116.66877, 122.67892)), []
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        for j in range(1, convolutions + 1):
            x = bn_relu(net.conv(x, f"conv{i}_{j}", filters // 16, 3, pad=1), f"bn{i}_{j}")
        pools.append((switches(x), x))
        x = max_pool(x)
    x = bn_relu(net.conv(x, "fc6", 256, 2), "bnfc6")
    x = bn_relu(net.conv(x, "fc7", 256, 1), "bnfc7")
    x = bn_relu(net.deconv(x, "fc6-deconv", 32, 2), "fc6-deconv-bn")
    for i, filters in ((5, (32, 32, 32)), (4, (32, 32, 16)), (3, (16, 16, 8)), (2, (8, 4)), (1, (4, 4))):
        x = unpool(x, *pools[i - 1])
        for j, count in enumerate(filters, 1):
            x = bn_relu(net.deconv(x, f"deconv{i}_{j}", count, 3, pad=1), f"debn{i}_{j}")
    x = net.conv(x, "seg-score-voc", 3, 1)

    path, model = tmp_path / "deconvnet.caffemodel", toy()
    path.write_bytes(caffemodel(net.arrays, "layers"))
    report = weights.load(model, path)
    assert not report.unused and not report.missing and report.loaded.keys() == net.arrays.keys()
    logits = keras.ops.convert_to_numpy(model(image[None])["logits"])[0]
    np.testing.assert_allclose(logits, np.moveaxis(x, 0, -1), rtol=1e-3, atol=1e-3 * np.abs(x).max())


def test_vgg16s_weights_begin_it(tmp_path):
    net, x = Caffe(), np.zeros((3, 32, 32), "float32")
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        for j in range(1, convolutions + 1):
            x = net.conv(x, f"conv{i}_{j}", filters // 16, 3, pad=1)
        x = max_pool(x)
    for name, units in (("fc6", 256), ("fc7", 256), ("fc8", 5)):
        x = net.inner_product(x, name, units)
    path, model = tmp_path / "vgg16.caffemodel", toy(32, 32)
    path.write_bytes(caffemodel(net.arrays, "layers"))
    report = weights.load(model, path, partial=True)
    assert list(report.unused) == ["fc8/0", "fc8/1"] and "fc6-deconv/0" in report.missing
    np.testing.assert_array_equal(model.get_layer("fc7").get_weights()[0][0, 0], net.arrays["fc7/0"].T)


@core_in_full
def test_saves_and_loads(tmp_path):
    saves_and_loads(toy(), pictures(64, 64), tmp_path / "model.keras")


@core_in_full
def test_learns(every_way):
    images = pictures(64, 64)
    learns(toy(), images, images[..., 0] // 86, steps=4)


def test_errors():
    with pytest.raises(InputError, match=r"deconvnet takes a fixed input_shape such as \(224, 224, 3\)"):
        deconvnet(3, input_shape=(None, None, 3))
    with pytest.raises(InputError, match="32 pixels a side or more, received 224x31"):
        deconvnet(3, input_shape=(224, 31, 3))
