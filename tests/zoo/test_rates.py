import numpy as np
import pytest

import zoo
from zoo import InputError, rates
from zoo.backbones import resnet18

TOY = {"width": 1 / 16}


def toy(name, **arguments):
    return zoo.build(name, num_classes=2, **TOY, **arguments)


@pytest.mark.parametrize("name", ["faster_rcnn_vgg16", "rcnn_vgg16"])
def test_layers_are_frozen_wherever_they_stand(name):
    """In the model, or in the network that it applies to regions."""
    model = toy(name)
    count = len(model.trainable_variables)
    assert rates.freeze(model, "block[12]_*") == [f"block{i}_conv{j}" for i in (1, 2) for j in (1, 2)]
    assert len(model.trainable_variables) == count - 8


def test_frozen_batch_normalisation_keeps_its_statistics():
    model = resnet18(**TOY, input_shape=(32, 32, 3))
    assert rates.freeze(model, ("conv1", "res2_*"))[:2] == ["conv1", "conv1_bn"]
    norms = [model.get_layer(name) for name in ("conv1_bn", "res2_block1_conv1_bn", "res3_block1_conv1_bn")]
    before = [np.array(norm.moving_mean) for norm in norms]
    model(np.full((2, 32, 32, 3), 200.0), training=True)
    changed = [bool((np.array(norm.moving_mean) != then).any()) for norm, then in zip(norms, before, strict=True)]
    assert changed == [False, False, True]


@pytest.mark.parametrize("name", sorted(rates.PAPERS))
def test_the_papers_patterns_match_their_networks(name):
    """All but R-CNN's new layer, which fine-tuning alone has: `recipes.training.rcnn.finetune.with_softmax`."""
    model, paper = toy(name), rates.PAPERS[name]
    rates.freeze(model, paper.freeze)
    known = {pattern: one for pattern, one in paper.multipliers.items() if (name[:5], pattern) != ("rcnn_", "logits")}
    rates.check_patterns(known, model.trainable_variables)


def test_the_papers_factors_by_hand():
    model = toy("fcn32s_vgg16")
    found = {v.path: rates.factor(v, rates.PAPERS["fcn32s_vgg16"].multipliers) for v in model.trainable_variables}
    kernel, bias, score, score_bias = (
        found[name] for name in ("fc7/kernel", "fc7/bias", "score_fr/kernel", "score_fr/bias")
    )
    assert (kernel, bias, score, score_bias) == (1, 2, 1, 2)  # voc-fcn32s/train.prototxt
    found = rates.PAPERS["deeplab_largefov"].multipliers
    assert {v.name: rates.factor(v, found) for v in toy("deeplab_largefov").get_layer("logits").weights} == {
        "kernel": 10,
        "bias": 20,
    }
    assert rates.PAPERS["faster_rcnn_vgg16"].freeze == ("block[12]_*",)


def test_patterns_that_match_no_layer_are_one_line():
    with pytest.raises(InputError, match="freeze: 'conv1_1' matches no layer: there are block1_conv1, block1_conv2"):
        rates.freeze(toy("fcn32s_vgg16"), ("block1_*", "conv1_1"))
