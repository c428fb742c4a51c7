import keras
import numpy as np
import pytest

from zoo import InputError
from zoo.weights.matching import Report, Want, assign

KERNEL, BIAS = np.arange(6, dtype="f4").reshape(2, 3), np.array([7, 8], "f4")


def wants(name="fc"):
    """Returns what a dense layer of three inputs and two outputs wants."""
    layer = keras.layers.Dense(2, kernel_initializer="zeros", name=name)
    layer.build((None, 3))
    return [
        Want(layer.kernel, f"{name}.weight", np.transpose, (2, 3)),
        Want(layer.bias, f"{name}.bias", np.asarray, (2,)),
    ]


def values(wanted):
    return [keras.ops.convert_to_numpy(want.variable) for want in wanted]


def test_all_fits():
    wanted = wants()
    report = assign(wanted, {"fc.weight": KERNEL, "fc.bias": BIAS, "steps": np.array(3)}, "a.pth")
    assert report == Report("a.pth", {"fc.weight": (2, 3), "fc.bias": (2,)}, {"steps": ()}, {}, ("fc",), ())
    assert report.in_short() == "a.pth: 1 of 1 layers begin with it"
    assert str(report) == "a.pth: 2 tensors loaded\n  unused steps ()"
    np.testing.assert_array_equal(values(wanted)[0], KERNEL.T)
    np.testing.assert_array_equal(values(wanted)[1], BIAS)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"fc.weight": KERNEL},
            r"a.pth is of another model: no fc.bias \(2,\); nothing else in it fits",
        ),
        ({"fc.weight": KERNEL, "fc.bias": np.ones(3)}, r"fc.bias is \(3,\) in place of \(2,\); nothing else"),
        ({"other": BIAS}, r"no fc.weight \(2, 3\), no fc.bias \(2,\); nothing else in it fits"),
        ({}, "nothing else in it fits"),
        ({"fc.weight": KERNEL, "fc.bias": np.array([1, 2])}, "a.pth: fc.bias holds int64, weights are floats"),
        ({"fc.weight": KERNEL * np.nan, "fc.bias": BIAS}, "a.pth: fc.weight holds NaN or infinity"),
    ],
)
def test_what_does_not_fit_changes_nothing(tensors, message):
    wanted = wants()
    with pytest.raises(InputError, match=message):
        assign(wanted, tensors, "a.pth")
    assert not any(value.any() for value in values(wanted))


def test_partial_leaves_the_rest():
    """By whole layers: of one whose bias alone fits, nothing is taken."""
    wanted, asked = [*wants(), *wants("top")], []
    tensors = {"fc.weight": KERNEL, "fc.bias": BIAS, "top.weight": np.ones((3, 3), "f4"), "top.bias": BIAS}

    def partial(loaded, missing):
        asked.append([[want.name for want in some] for some in (loaded, missing)])
        return True

    report = assign(wanted, tensors, "a.pth", partial)
    assert asked == [[["fc.weight", "fc.bias"], ["top.weight", "top.bias"]]]
    assert report.missing == {"top.weight": (2, 3), "top.bias": (2,)}
    assert report.unused == {"top.weight": (3, 3), "top.bias": (2,)}
    assert report.in_short() == "a.pth: 1 of 2 layers begin with it; as built: top"
    assert [bool(value.any()) for value in values(wanted)] == [True, True, False, False]
    with pytest.raises(InputError, match="nothing else in it fits"):
        assign(wants(), {"other": BIAS}, "a.pth", lambda loaded, missing: True)


def test_a_deeper_network_is_another():
    """Whose further block would be left out; whole numbers, as PyTorch counts batches, are no block."""
    tensors = {"block1.weight": KERNEL, "block1.bias": BIAS, "block1.steps": np.array(3)}
    assert assign(wants("block1"), tensors, "a.pth").taken == ("block1",)
    wanted = wants("block1")
    with pytest.raises(InputError, match="a.pth is of another network, this one has no block1.more.bias"):
        assign(wanted, tensors | {"block1.more.bias": BIAS}, "a.pth")
    assert not values(wanted)[0].any()


def test_a_long_list_is_cut():
    wanted = [want for i in range(9) for want in wants(f"layer{i}")]
    with pytest.raises(InputError, match=r"no layer1.weight \(2, 3\) and 15 more; nothing else"):
        assign(wanted, {}, "a.pth")
