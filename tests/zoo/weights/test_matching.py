import keras
import numpy as np
import pytest

from zoo import InputError
from zoo.weights.matching import Report, Want, assign

KERNEL, BIAS = np.arange(6, dtype="f4").reshape(2, 3), np.array([7, 8], "f4")


def wants():
    """Returns what a dense layer of three inputs and two outputs wants."""
    kernel, bias = keras.Variable(np.zeros((3, 2))), keras.Variable(np.zeros(2))
    return [Want(kernel, "fc.weight", np.transpose, (2, 3)), Want(bias, "fc.bias", np.asarray, (2,))]


def values(wanted):
    return [keras.ops.convert_to_numpy(want.variable) for want in wanted]


def test_all_fits():
    wanted = wants()
    report = assign(wanted, {"fc.weight": KERNEL, "fc.bias": BIAS, "steps": np.array(3)}, "a.pth")
    assert report == Report("a.pth", {"fc.weight": (2, 3), "fc.bias": (2,)}, {"steps": ()}, {})
    assert str(report) == "a.pth: 2 tensors loaded\n  unused steps ()"
    np.testing.assert_array_equal(values(wanted)[0], KERNEL.T)
    np.testing.assert_array_equal(values(wanted)[1], BIAS)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"fc.weight": KERNEL},
            r"a.pth is of another model: no fc.bias \(2,\); partial=True leaves these as they are",
        ),
        ({"fc.weight": KERNEL, "fc.bias": np.ones(3)}, r"fc.bias is \(3,\) in place of \(2,\); partial=True"),
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
    wanted = wants()
    report = assign(wanted, {"fc.weight": KERNEL, "fc.bias": np.ones(3, "f4")}, "a.pth", partial=True)
    assert (report.loaded, report.unused, report.missing) == (
        {"fc.weight": (2, 3)},
        {"fc.bias": (3,)},
        {"fc.bias": (2,)},
    )
    assert values(wanted)[0].any() and not values(wanted)[1].any()
    with pytest.raises(InputError, match="nothing else in it fits"):
        assign(wants(), {"other": BIAS}, "a.pth", partial=True)


def test_a_long_list_is_cut():
    wanted = [Want(None, f"layer{i}", None, (1,)) for i in range(9)]
    with pytest.raises(InputError, match=r"no layer2 \(1,\) and 6 more; nothing else"):
        assign(wanted, {}, "a.pth")
