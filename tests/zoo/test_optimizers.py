import keras
import numpy as np
import pytest

from zoo import InputError
from zoo.optimizers import SGD, Adam, AdamW


def variables():
    """A kernel, the bias beside it, and their gradients."""
    kernel, bias = keras.Variable([[2.0, -4.0]], name="kernel"), keras.Variable([1.0], name="bias")
    return [kernel, bias], [keras.ops.convert_to_tensor([[0.5, 0.25]]), keras.ops.convert_to_tensor([0.1])]


def values(variables):
    return [keras.ops.convert_to_numpy(variable).tolist() for variable in variables]


def test_without_momentum_and_ahead():
    weights, gradients = variables()
    SGD(0.1, 0.0, weight_decay=0.5).apply(gradients, weights)
    assert values(weights) == [[pytest.approx([1.85, -3.825])], pytest.approx([0.94])]
    weights, gradients = variables()
    SGD(0.1, 0.5, nesterov=True).apply(gradients, weights)
    assert values(weights) == [[pytest.approx([1.925, -4.0375])], pytest.approx([0.985])]


def test_sgd_comes_back_from_its_config_with_what_does_not_decay():
    sgd = SGD(0.1, weight_decay=0.5, excluded=("bias",))
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(sgd))
    weights, gradients = variables()
    back.apply(gradients, weights)
    assert values(weights) == [[pytest.approx([1.85, -3.825])], pytest.approx([0.99])]


def test_a_compiled_step_moves_as_by_hand():
    """Within `fit`'s step, which on JAX has no state: the second step's velocity is that of the first."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(SGD(0.1, 0.5, weight_decay=0.5), loss=lambda y, x: x)
    for weight in (1 - 0.1 * 2.5, 0.75 - 0.1 * (0.5 * 2.5 + 2 + 0.375)):  # the gradient is the input, 2
        model.train_on_batch(np.array([[2.0]]), np.array([[0.0]]))
        assert float(model.weights[0][0, 0]) == pytest.approx(weight)


def dense():
    """Two layers whose kernels and biases have a gradient of 1 each, after the first step of a loss that sums."""
    ones = {"kernel_initializer": "ones", "bias_initializer": "ones"}
    image = keras.Input((1,))
    branches = [keras.layers.Dense(1, name=name, **ones)(image) for name in ("body", "logits")]
    return keras.Model(image, keras.layers.Add()(branches))


def moved(model, optimizer):
    """Returns by path how far a step of a gradient of 1 moves each weight."""
    model.compile(optimizer, loss=lambda y, x: x)
    before = [np.array(weight) for weight in model.weights]
    model.train_on_batch(np.ones((1, 1)), np.zeros((1, 1)))
    steps = [float(np.sum(then - np.array(now))) for then, now in zip(before, model.weights, strict=True)]
    return {"/".join(weight.path.split("/")[-2:]): step for weight, step in zip(model.weights, steps, strict=True)}


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_every_pattern_that_matches_multiplies_the_rate(kind):
    """Caffe's 1 and 2 in the body, 10 and 20 in the new layer; Adam's first step is the rate."""
    found = moved(dense(), kind(0.001, multipliers={"bias": 2, "logits": 10.0}, weight_decay=0.0))
    expected = {"body/kernel": 0.001, "body/bias": 0.002, "logits/kernel": 0.01, "logits/bias": 0.02}
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("kind", "decay"), [(SGD, 0.5), (Adam, 0.5), (AdamW, 0.5)])
def test_decay_has_the_rate_of_its_layer(kind, decay):
    """Of a kernel of 1: coupled, a gradient of 1.5; decoupled, half the rate besides. A rate of 0 moves neither."""
    optimizer = kind(0.001, multipliers={"b*/kernel": 0, "logits": 10}, weight_decay=decay, excluded=("bias",))
    found = moved(dense(), optimizer)
    assert found["body/kernel"] == 0
    assert found["logits/kernel"] == pytest.approx(0.015, rel=1e-3)
    assert (found["body/bias"], found["logits/bias"]) == pytest.approx((0.001, 0.01), rel=1e-3)


def test_factors_come_back_with_a_saved_model(tmp_path):
    model = dense()
    model.compile(Adam(0.001, multipliers={"logits": 3.0}), loss="mse")
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.multipliers == {"logits": 3.0}
    assert sorted(loaded.optimizer.factors) == [1, 1, 3, 3]


@pytest.mark.parametrize(
    ("multipliers", "message"),
    [
        ({"fc8": 10}, "multipliers: 'fc8' matches nothing that learns: there are .*body/kernel"),
        ({"bias": -1}, "multipliers: 'bias' has the factor -1: give a number from 0 on"),
        ({"bias": "2"}, "multipliers: 'bias' has the factor '2'"),
        ({"bias": float("inf")}, "multipliers: 'bias' has the factor inf"),
        ({"bias": True}, "multipliers: 'bias' has the factor True"),
        ("bias", "multipliers are factors by pattern, as in {'bias': 2}, received 'bias'"),
    ],
)
def test_wrong_factors_are_one_line(multipliers, message):
    with pytest.raises(InputError, match=message) as error:
        SGD(0.1, multipliers=multipliers).build(dense().trainable_variables)
    assert "\n" not in str(error.value)


def test_one_part_of_names_may_be_excluded_from_decay():
    assert SGD(0.1, excluded="bias").excluded == ("bias",) and SGD(0.1, excluded=None).excluded == ()


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_gathered_gradients_move_as_their_mean(kind):
    """The rate is that of the update, not of the batch, and so is the moving average; clipped is the mean."""

    def rate():
        return keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.1, 0.01])

    arguments = {"weight_decay": 0.5, "global_clipnorm": 0.3, "use_ema": True, "ema_momentum": 0.5}
    (gathered, first), (whole, second) = variables(), variables()
    several = kind(rate(), gradient_accumulation_steps=2, **arguments)
    single = kind(rate(), **arguments)
    for scale in (1.0, 2.0):
        for part in (0.5, 1.5):
            several.apply([scale * part * gradient for gradient in first], gathered)
        single.apply([scale * gradient for gradient in second], whole)
        for ours, theirs in zip(gathered, whole, strict=True):
            np.testing.assert_allclose(values([ours]), values([theirs]), rtol=1e-5)
    averages = (one._model_variables_moving_average for one in (several, single))
    for ours, theirs in zip(*averages, strict=True):
        np.testing.assert_allclose(values([ours]), values([theirs]), rtol=1e-5)
    assert float(several.learning_rate) == pytest.approx(0.01)
