import keras
import numpy as np
import pytest

from tests.checks import core_in_full
from zoo import InputError, weights
from zoo.backbones.alexnets import alexnet
from zoo.backbones.inception import googlenet
from zoo.backbones.normalization import set_convention
from zoo.backbones.vgg import vgg16
from zoo.segmentation.fcn import fcn
from zoo.segmentation.segnet import segnet
from zoo.segmentation.transplant import transplant

TOY = {"width": 1 / 16, "include_top": True, "num_classes": 5}


def toy(backbone="vgg16", stride=32):
    return fcn(3, backbone=backbone, stride=stride, width=1 / 16)


@core_in_full
@pytest.mark.parametrize(
    ("backbone", "classifier", "first"),
    [
        ("vgg16", lambda: vgg16(input_shape=(224, 224, 3), **TOY), "block1_conv1"),
        ("alexnet", lambda: alexnet(form="caffenet", input_shape=(227, 227, 3), **TOY), "conv1"),
    ],
)
def test_dense_layers_of_a_classifier_become_convolutions(backbone, classifier, first):
    classifier, model = classifier(), toy(backbone)
    set_convention(classifier, "torchvision")
    assert transplant(model, classifier) == ["score_fr", "upscore32"]
    assert model.get_layer("normalize").scale == classifier.get_layer("normalize").scale
    pool5 = classifier.get_layer("flatten").input
    crop = np.random.default_rng(0).normal(size=(2, *pool5.shape[1:])).astype("float32")
    dense = keras.ops.reshape(crop, (2, -1))
    for name in ("fc1", "fc2"):
        dense = classifier.get_layer(name)(dense)
    convolved = model.get_layer("fc7")(model.get_layer("fc6")(crop))
    assert convolved.shape[1:3] == (1, 1)
    np.testing.assert_allclose(convolved[:, 0, 0], dense, rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(
        model.get_layer(first).get_weights(), classifier.get_layer(first).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_classifier_without_dense_layers_in_its_middle():
    classifier = googlenet(batch_norm=False, **TOY)
    model = toy("googlenet", 16)
    kept = ["score_fr", "upscore2", "score_inception4e", "upscore16"]
    assert sorted(transplant(model, classifier)) == sorted(kept)
    np.testing.assert_array_equal(
        model.get_layer("inception5b_5x5").kernel, classifier.get_layer("inception5b_5x5").kernel
    )


def test_the_classifiers_own_scores_stay_behind():
    model = segnet(5, width=1 / 16)
    classifier = googlenet(batch_norm=False, **TOY)
    with pytest.raises(InputError, match="googlenet has no layer of segnet's"):
        transplant(model, classifier)


def test_each_stage_begins_with_the_one_before(tmp_path):
    coarse, finer = toy(stride=16), toy(stride=8)
    coarse.get_layer("score_fr").bias.assign([1.0, 2.0, 3.0])
    coarse.save_weights(tmp_path / "fcn16s.weights.h5")
    report = weights.load(finer, tmp_path / "fcn16s.weights.h5", partial=True)
    assert {name.split("/")[0] for name in report.missing} == {"upscore_pool4", "score_pool3", "upscore8"}
    np.testing.assert_array_equal(finer.get_layer("score_fr").bias, [1, 2, 3])
    np.testing.assert_array_equal(finer.get_layer("fc6").kernel, coarse.get_layer("fc6").kernel)


def test_refused_sources_change_nothing():
    model = toy()
    before = model.get_weights()
    with pytest.raises(InputError, match=r"'block1_conv1' has shapes .*\(4,\)\] in fcn, .*\(2,\)\] in vgg16"):
        transplant(model, vgg16(width=1 / 32))
    with pytest.raises(InputError, match="googlenet has no layer of fcn's"):
        transplant(model, googlenet(**TOY))
    for value, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, kept)
