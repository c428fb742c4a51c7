import keras
import numpy as np
import pytest

from tests.checks import core_in_full, parameters
from zoo import InputError
from zoo.backbones.alexnets import alexnet

TOY = {"width": 1 / 48, "include_top": True, "num_classes": 7}


@pytest.mark.parametrize(
    ("form", "size", "count"),
    [("torchvision", 224, 61_100_840), ("bvlc", 227, 60_965_224), ("caffenet", 227, 60_965_224)],
)
def test_parameters_equal_the_release(form, size, count, undrawn):
    assert parameters(alexnet(form=form, include_top=True, input_shape=(size, size, 3))) == count


@core_in_full
@pytest.mark.parametrize(("form", "size"), [("torchvision", 224), ("bvlc", 227), ("caffenet", 227)])
def test_feature_maps_have_the_sizes_of_the_release(form, size):
    model = alexnet(form=form, input_shape=(size, size, 3), **TOY)
    maps = model.predict(np.zeros((1, size, size, 3), "uint8"), verbose=0)
    assert maps.pop("logits").shape == (1, 7)
    sizes = {"conv1": 55, "pool1": 27, "conv2": 27, "pool2": 13, "conv3": 13, "conv4": 13, "conv5": 13, "pool5": 6}
    assert {name: m.shape[1:3] for name, m in maps.items()} == {name: (n, n) for name, n in sizes.items()}


def test_two_columns_meet_in_the_third_convolution_alone():
    model = alexnet(form="bvlc", width=1 / 8, input_shape=(67, 67, 3))
    groups = {layer.name: layer.groups for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    assert groups == {"conv1": 1, "conv2": 2, "conv3": 1, "conv4": 2, "conv5": 2}
    assert model.get_layer("conv2").kernel.shape == (5, 5, 6, 32)


@core_in_full
def test_bvlc_normalises_before_it_pools_and_caffenet_afterwards():
    images = np.random.default_rng(0).integers(0, 255, (1, 67, 67, 3), "uint8")
    bvlc, caffenet = (alexnet(form=form, width=1 / 8, input_shape=(67, 67, 3)) for form in ("bvlc", "caffenet"))
    caffenet.set_weights(bvlc.get_weights())
    ours, theirs = (model.predict(images, verbose=0) for model in (bvlc, caffenet))
    np.testing.assert_array_equal(ours["conv1"], theirs["conv1"])
    conv1 = keras.ops.convert_to_tensor(ours["conv1"])
    norm = caffenet.get_layer("norm1")
    pool = keras.layers.MaxPooling2D(3, 2)  # 15 cells: no window stands out
    np.testing.assert_allclose(ours["pool1"], pool(norm(conv1)), rtol=1e-5)
    np.testing.assert_allclose(theirs["pool1"], norm(pool(conv1)), rtol=1e-5)
    assert np.abs(ours["pool1"] - theirs["pool1"]).max() > 1e-3


@core_in_full
def test_saves_and_learns(every_way, tmp_path):
    body = alexnet(form="bvlc", width=1 / 8, input_shape=(67, 67, 3))
    model = keras.Model(body.input, keras.layers.GlobalAveragePooling2D()(body.output["conv5"]))
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    x = np.random.default_rng(0).uniform(0, 255, (2, 67, 67, 3)).astype("float32")
    y = np.arange(64.0).reshape(2, 32)
    losses = [float(model.train_on_batch(x, y)) for _ in range(3)]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), loaded(x))


@pytest.mark.parametrize(("form", "side"), [("torchvision", 63), ("bvlc", 39)])
def test_smallest_picture(form, side):
    model = alexnet(form=form, width=1 / 48, input_shape=(side, side, 3))
    assert model.output["pool5"].shape[1:3] == (1, 1)
    with pytest.raises(InputError, match=f"{side} pixels"):
        alexnet(form=form, input_shape=(side - 1, 224, 3))


def test_errors():
    with pytest.raises(InputError, match=r"fixed input_shape.*None"):
        alexnet(include_top=True)
    with pytest.raises(InputError, match="torchvision, bvlc, caffenet, received 'caffe'"):
        alexnet(form="caffe")
