import keras
import numpy as np
import pytest

from tests.checks import core_in_full, learns, quick, saves_and_loads
from zoo import InputError
from zoo.layers import CropLike
from zoo.segmentation.fcn import STRIDES, TRUNKS, fcn, fcn8s_vgg16, fcn16s_vgg16, fcn32s_alexnet, fcn32s_vgg16

EVERY = [(backbone, stride) for backbone in TRUNKS for stride in STRIDES]
MIRRORED = {"vgg16": 26 + 32, "alexnet": 27 + 32, "googlenet": 29 + 32}
"""Pixels a side at which the first and last cells stand as far from the picture's border."""


def toy(backbone="vgg16", stride=8, **arguments):
    return fcn(3, backbone=backbone, stride=stride, width=1 / 16, **arguments)


def pictures(height, width, count=1):
    return np.random.default_rng(0).integers(0, 255, (count, height, width, 3), "uint8")


def symmetric(model):
    """Makes every kernel its own mirror image, and draws those of the scores, which begin at zero."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel, *bias = layer.get_weights()
            if layer.name.startswith("score"):
                kernel = rng.normal(size=kernel.shape)
            layer.set_weights([(kernel + kernel[::-1]) / 2, *bias])
    return model


@pytest.mark.parametrize(
    ("builder", "count"),
    [
        (fcn32s_vgg16, 136_152_917),
        (fcn16s_vgg16, 134_815_994),
        (fcn8s_vgg16, 134_489_759),
        (fcn32s_alexnet, 58_704_590),
    ],
)
def test_parameters_equal_the_authors_release(builder, count, undrawn):
    assert builder(21).count_params() == count


def test_maps_have_the_sizes_of_the_release_at_500_pixels():
    sides = {
        **{"block1_pool": 349, "block2_pool": 175, "block3_pool": 88, "block4_pool": 44, "block5_pool": 22},
        **{"fc7": 16, "upscore2": 34, "upscore_pool4": 70, "upscore8": 568},
    }
    model = toy(input_shape=(500, 500, 3))
    assert {name: model.get_layer(name).output.shape[1] for name in sides} == sides
    assert toy(stride=16, input_shape=(500, 500, 3)).get_layer("upscore16").output.shape[1] == 560
    assert toy(stride=32, input_shape=(500, 500, 3)).get_layer("upscore32").output.shape[1] == 544
    sides = {"conv1": 173, "pool1": 86, "pool2": 43, "pool5": 21, "fc7": 16, "upscore32": 543}
    model = toy("alexnet", 32, input_shape=(500, 500, 3))
    assert {name: model.get_layer(name).output.shape[1] for name in sides} == sides


@pytest.mark.parametrize(
    ("backbone", "stride", "offsets", "kernels"),
    [
        ("vgg16", 32, {"logits": 19}, {"upscore32": 64}),
        ("vgg16", 16, {"crop_pool4": 5, "logits": 27}, {"upscore2": 4, "upscore16": 32}),
        (
            "vgg16",
            8,
            {"crop_pool4": 5, "crop_pool3": 9, "logits": 31},
            {"upscore2": 4, "upscore_pool4": 4, "upscore8": 16},
        ),
        ("alexnet", 32, {"logits": 18}, {"upscore32": 63}),
    ],
)
def test_crops_and_kernels_are_the_releases(backbone, stride, offsets, kernels):
    found = toy(backbone, stride).layers
    crops = {layer.name: layer.cropping for layer in found if isinstance(layer, keras.layers.Cropping2D)}
    assert crops == {f"{name}_offset": ((offset, 0), (offset, 0)) for name, offset in offsets.items()}
    ups = {layer.name: layer.kernel_size[0] for layer in found if isinstance(layer, keras.layers.Conv2DTranspose)}
    assert ups == kernels


@pytest.mark.parametrize(("backbone", "stride"), quick(EVERY, ("vgg16", 8), ("alexnet", 32), ("googlenet", 16)))
def test_a_mirrored_picture_has_mirrored_scores(backbone, stride):
    """With kernels that are their own mirror image, any cell in another place than we think would show."""
    side = MIRRORED[backbone]
    model = symmetric(toy(backbone, stride, input_shape=(side, 40, 3)))
    images = pictures(side, 40)
    scores = model.predict(images, verbose=0)["logits"]
    mirrored = model.predict(images[:, ::-1], verbose=0)["logits"]
    assert np.abs(scores).max() > 0.1
    np.testing.assert_allclose(mirrored[:, ::-1], scores, atol=1e-4 * np.abs(scores).max())


@pytest.mark.parametrize("backbone", quick(TRUNKS, "alexnet"))
def test_any_picture_size(backbone, every_way):
    model = toy(backbone)
    for size in [(1, 1), (33, 64), (78, 47)]:
        assert model.predict(pictures(*size), verbose=0)["logits"].shape == (1, *size, 3)
    for side in range(1, 97, 19):
        for layer in toy(backbone, input_shape=(side, 500, 3)).layers:
            if isinstance(layer, CropLike):
                x, like = layer.input
                assert x.shape[1] >= like.shape[1] and x.shape[2] >= like.shape[2]


@core_in_full
@pytest.mark.parametrize(("backbone", "stride"), quick([("vgg16", 8), ("alexnet", 32)], ("alexnet", 32)))
def test_saves_and_loads(backbone, stride, tmp_path):
    model = symmetric(toy(backbone, stride, input_shape=(32, 48, 3)))
    saves_and_loads(model, pictures(32, 48, count=2), tmp_path / "model.keras")


@pytest.mark.core
@pytest.mark.parametrize(("backbone", "stride"), quick([("vgg16", 8), ("alexnet", 32)], ("vgg16", 8)))
def test_learns(backbone, stride, every_way):
    images = pictures(32, 32, count=2)
    images[:, :, :16] //= 4
    model, labels = toy(backbone, stride, input_shape=(32, 32, 3)), np.where(images[..., 0] > 63, 1, 0)
    learns(
        model, images, labels, learning_rate=1e-5
    )  # pixels are not scaled, and so the scores of random kernels large


@pytest.mark.full
def test_the_last_upsampling_stays_bilinear_and_those_before_it_learn():
    model = toy(stride=16, input_shape=(32, 32, 3))
    ups = [model.get_layer(name) for name in ("upscore2", "upscore16")]
    before = [np.array(up.kernel) for up in ups]
    learns(model, pictures(32, 32), np.zeros((1, 32, 32), "int32"), steps=3)
    intermediate, last = (np.abs(np.array(up.kernel) - was).max() for up, was in zip(ups, before, strict=True))
    assert intermediate > 0 and last == 0
    assert before[1][0, 0, 0, 0] == pytest.approx(1 / 32**2)


@pytest.mark.parametrize("stride", STRIDES)
def test_only_the_last_upsampling_is_fixed(stride):
    model = toy("alexnet", stride, input_shape=(32, 32, 3))
    assert [layer.name for layer in model.layers if not layer.trainable] == [f"upscore{stride}"]


@pytest.mark.full
def test_a_model_saved_when_all_upsampling_learned_still_loads(tmp_path):
    model = toy("googlenet", 32, input_shape=(32, 32, 3))
    model.get_layer("upscore32").trainable = True
    images = pictures(32, 32)
    model.compile("sgd")
    model.train_on_batch(images, np.zeros((1, 32, 32), "int32"))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("upscore32").trainable and int(loaded.optimizer.iterations) == 1
    np.testing.assert_array_equal(loaded(images)["logits"], model(images)["logits"])


def test_errors():
    with pytest.raises(InputError, match="32, 16, 8, received 4"):
        fcn(2, stride=4)
    with pytest.raises(InputError, match="'resnet50': choose one of vgg16, alexnet, googlenet"):
        fcn(2, backbone="resnet50")
    with pytest.raises(InputError, match=r"\(height, width, channels\), received \(32, 32\)"):
        fcn(2, input_shape=(32, 32))
