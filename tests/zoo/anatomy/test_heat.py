import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.anatomy.heat import NotFound, chosen, heat

needs_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="its gradients")


class OneMap(zoo.ZooModel):
    """The brightness of 4x4 cells is the logit of class 1 of every pixel; class 0 has a logit of 50."""

    task = "segmentation"
    class_names = ("dark", "bright")


def bright_cells():
    image = layers.Input((16, 24, 3), name="image")
    x = layers.AveragePooling2D(4, name="cells")(image)
    x = layers.Conv2D(1, 1, activation="relu", kernel_initializer="ones", name="stage1_conv1")(x)
    logits = layers.Conv2D(2, 1, name="logits")(x)
    up = layers.UpSampling2D(4, name="up")(logits)
    model = OneMap(image, {"logits": up}, name="cells")
    model.get_layer("logits").set_weights([np.array([[[[0.0, 1.0]]]]), np.array([50.0, 0.0])])
    return model


@needs_tensorflow
def test_the_bright_cell_is_what_bright_looks_at():
    pixels = np.zeros((1, 16, 24, 3), "float32")
    pixels[0, 4:8, 8:12], pixels[0, 12:16, 20:24] = 100, 50
    found = heat(bright_cells(), pixels, 1)
    wanted = np.zeros((4, 6))
    wanted[1, 2], wanted[3, 5] = 1, 0.5
    np.testing.assert_allclose(found.cells, wanted, atol=1e-6)
    assert (found.layer, found.stride, found.label, found.box) == ("stage1_conv1", (4, 4), 1, None)
    assert found.score == pytest.approx(2 / 24)
    assert heat(bright_cells(), pixels).label == 1
    assert heat(bright_cells(), pixels, 1, layer="stage1_conv1").cells.shape == (4, 6)
    with pytest.raises(zoo.InputError, match="has no layer 'nowhere' that returns a map"):
        heat(bright_cells(), pixels, 1, layer="nowhere")
    with pytest.raises(NotFound, match="finds no bright in the picture"):
        heat(bright_cells(), pixels * 0, 1)


@needs_tensorflow
def test_an_object_that_is_not_found_is_told_as_such():
    model = zoo.tiny_yolo_v2(2, width=1 / 8, input_shape=(64, 96, 3), score_threshold=1.0)
    model.class_names = ("cat", "dog")
    for label, what in ((None, "object"), (1, "dog")):
        with pytest.raises(NotFound, match=f"finds no {what} in the picture"):
            heat(model, np.zeros((1, 64, 96, 3), "float32"), label)


@needs_tensorflow
@pytest.mark.parametrize(
    ("model", "layer"),
    [
        (lambda: zoo.tiny_yolo_v2(2, width=1 / 8, input_shape=(64, 96, 3), score_threshold=0.0), None),
        (lambda: zoo.localizer(2, width=1 / 8, input_shape=(64, 96, 3)), None),
        (
            lambda: zoo.faster_rcnn_resnet18_fpn(2, width=1 / 8, num_proposals=9, score_threshold=0.0),
            "res5_block2_relu",
        ),
    ],
)
def test_each_task_has_a_map_of_what_it_looks_at(model, layer):
    model = model()
    model.score_threshold = 0.0
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 64, 96, 3)).astype("float32")
    found = heat(model, pixels)
    assert found.cells.max() == pytest.approx(1) and found.cells.min() >= 0
    assert found.cells.shape == (64 / found.stride[0], 96 / found.stride[1])
    assert found.box.shape == (4,) and layer in (None, found.layer)


@needs_tensorflow
def test_regions_by_themselves_have_no_map():
    model = zoo.rcnn_small(2, num_proposals=3, input_shape=(40, 60, 3))
    inputs = {"image": np.zeros((1, 40, 60, 3), "float32"), "proposals": np.zeros((1, 3, 4), "float32")}
    with pytest.raises(zoo.InputError, match="looks at each region by itself"):
        heat(model, inputs)


@pytest.mark.parametrize(
    ("build", "size", "layer"),
    [
        (lambda: zoo.segnet(2, width=1 / 16, input_shape=(64, 96, 3)), (64, 96), "encoder5_conv3_relu"),
        (lambda: zoo.fcn32s_googlenet(2, width=1 / 8), (64, 96), "inception5b"),
        (lambda: zoo.unet(2, width=1 / 16, depth=2), (64, 96), "bottom_dropout"),
    ],
)
def test_the_last_map_of_the_backbone_is_looked_at(build, size, layer):
    assert chosen(build(), size)[0] == layer
