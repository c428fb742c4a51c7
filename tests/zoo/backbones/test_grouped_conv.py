import keras
import numpy as np
import pytest

from zoo.backbones.grouped_conv import GroupedConv2D

pytestmark = pytest.mark.core
GROUPS = 4


def one_by_one(x, kernel, bias, *, strides, padding):
    """A convolution a group, as Keras computes each."""
    parts = zip(np.split(x, GROUPS, axis=-1), np.split(kernel, GROUPS, axis=-1), strict=True)
    convolved = [keras.ops.conv(part, k, strides=strides, padding=padding) for part, k in parts]
    return keras.ops.concatenate(convolved, axis=-1) + bias


@pytest.mark.parametrize(("strides", "padding"), [(1, "same"), (2, "valid")])
def test_is_one_convolution_a_group(strides, padding):
    x = np.random.default_rng(0).normal(size=(2, 7, 10, 8)).astype("float32")
    layer = GroupedConv2D(12, 3, strides=strides, padding=padding, groups=GROUPS)
    found = layer(x)
    expected = one_by_one(x, np.array(layer.kernel), np.array(layer.bias), strides=strides, padding=padding)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("strides", "padding"), [(1, "same"), (2, "valid")])
def test_has_the_gradients_of_one_convolution_a_group(strides, padding):
    """A step of plain descent, once through our layer and once through a convolution a group."""
    x = np.random.default_rng(0).normal(size=(2, 7, 9, 8)).astype("float32")
    options = {"strides": strides, "padding": padding}
    grouped = stepped(x, lambda y: GroupedConv2D(12, 3, groups=GROUPS, name="grouped", **options)(y))
    parts = stepped(x, lambda y: split(y, options))
    kernels = [parts.get_layer(f"part{i}").kernel for i in range(GROUPS)]
    np.testing.assert_allclose(
        grouped.get_layer("grouped").kernel, np.concatenate(list(map(np.array, kernels)), -1), atol=1e-5
    )
    np.testing.assert_allclose(grouped.get_layer("below").kernel, parts.get_layer("below").kernel, atol=1e-5)


def split(x, options):
    parts = keras.ops.split(x, GROUPS, axis=-1)
    convolved = [keras.layers.Conv2D(3, 3, name=f"part{i}", **options)(part) for i, part in enumerate(parts)]
    return keras.layers.Concatenate()(convolved)


def stepped(x, above):
    """A model of a convolution and what is above it, after one step from weights drawn by shape and order."""
    image = keras.Input(x.shape[1:])
    model = keras.Model(image, above(keras.layers.Conv2D(8, 1, name="below")(image)))
    rng = np.random.default_rng(1)
    model.get_layer("below").kernel.assign(rng.normal(size=(1, 1, 8, 8)))
    kernel = rng.normal(size=(3, 3, 2, 12))
    for layer in model.layers:
        if layer.name == "grouped":
            layer.kernel.assign(kernel)
        elif layer.name.startswith("part"):
            i = int(layer.name[-1])
            layer.kernel.assign(kernel[..., 3 * i : 3 * i + 3])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(x, np.ones(model.compute_output_shape(x.shape)))
    return model


@pytest.mark.parametrize("activation", [None, "relu"])
def test_predicts_in_a_graph_that_merges_bias_and_activation(traced, activation):
    image = keras.Input((6, 6, 4))
    layer = GroupedConv2D(8, 3, groups=2, bias_initializer="ones", activation=activation)
    model = keras.Model(image, layer(image))
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), layer(x), rtol=1e-4, atol=1e-5)
