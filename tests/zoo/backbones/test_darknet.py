import keras
import numpy as np
import pytest

from tests.checks import core_in_full, parameters
from zoo.backbones.darknet import conv_leaky, darknet19, fast_yolo_backbone, tiny_darknet, yolo_v1_backbone


def convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def test_parameters_are_those_of_the_released_configurations(undrawn):
    """Counted section by section from darknet19.cfg, tiny-yolo-voc.cfg, yolov1.cfg and yolo-tiny.cfg."""
    assert parameters(darknet19(include_top=True)) == 20_842_376
    assert parameters(tiny_darknet()) == 6_294_416
    assert parameters(yolo_v1_backbone()) == 60_155_968
    assert parameters(yolo_v1_backbone(batch_norm=True)) == 60_155_968 + 13_184
    assert parameters(fast_yolo_backbone()) == 25_168_800


def test_depths_are_those_of_the_papers():
    builders = (darknet19, tiny_darknet, yolo_v1_backbone, fast_yolo_backbone)
    assert [len(convolutions(build(width=1 / 16))) for build in builders] == [18, 7, 24, 9]


def test_feature_maps_have_their_strides():
    def shapes(build, size=64):
        return {name: x.shape[1:] for name, x in build(width=1 / 16, input_shape=(size, 2 * size, 3)).output.items()}

    powers = (1, 2, 4, 8, 16)
    halves = {f"stride{s}": (64 // s, 128 // s) for s in (*powers, 32)}
    filters = (2, 4, 8, 16, 32, 64)
    assert shapes(darknet19) == {k: (*v, f) for (k, v), f in zip(halves.items(), filters, strict=True)}
    filters = (1, 2, 4, 8, 16, 64)
    assert shapes(tiny_darknet) == {k: (*v, f) for (k, v), f in zip(halves.items(), filters, strict=True)}
    assert shapes(yolo_v1_backbone, 448)["stride64"] == (7, 14, 64)
    assert shapes(fast_yolo_backbone, 448)["stride64"] == (7, 14, 64)


@core_in_full
def test_classifier_takes_any_size():
    model = darknet19(include_top=True, num_classes=5, width=1 / 16)
    assert model.predict(np.zeros((2, 32, 64, 3)), verbose=0)["logits"].shape == (2, 5)


@pytest.mark.core
def test_a_strided_convolution_pads_as_darknet():
    """The first window is centred on the first pixel; Keras's "same" would centre it on the next."""
    image = keras.Input((4, 4, 1))
    model = keras.Model(image, conv_leaky(image, 1, 3, stride=2, batch_norm=False, name="conv"))
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1] = 1
    model.get_layer("conv").set_weights([kernel, np.zeros(1)])
    pixels = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(model(pixels)[0, ..., 0], [[0, 2], [8, 10]])


@pytest.mark.core
def test_slope_below_zero_is_a_tenth():
    image = keras.Input((1, 1, 1))
    model = keras.Model(image, conv_leaky(image, 1, 1, batch_norm=False, name="conv"))
    model.get_layer("conv").set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    np.testing.assert_allclose(np.ravel(model(np.reshape([-2.0, 3.0], (2, 1, 1, 1)))), [-0.2, 3])
