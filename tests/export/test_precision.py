"""Which operators stay in float, on graphs drawn by hand: `(name, inputs, outputs)`, products in capitals."""

import pytest

from export.precision import Operator, float_operators


def kept(*rows, others=(), outputs=("out",)):
    """Returns the names that stay in float, of operators that make a tensor of their own name in lower case."""
    operators = [
        Operator(name, tuple(inputs.split()), (name.lower(),), product=name.isupper(), moves=name in ("rows", "flat"))
        for name, inputs in rows
    ]
    return float_operators(operators, "picture", others, outputs)


def test_a_plain_network_keeps_its_last_product():
    assert kept(("scale", "picture k"), ("CONV", "scale w"), ("relu", "conv"), ("OUT", "relu w")) == {"scale", "OUT"}


def test_what_follows_the_last_products_is_float():
    found = kept(
        ("CONV", "picture w"),
        ("LOGITS", "conv w"),
        ("DELTAS", "conv w"),
        ("add", "deltas anchors"),
        ("out", "logits add"),
    )
    assert found == {"LOGITS", "DELTAS", "add", "out"}


TWO_STAGES = (
    ("CONV", "picture w"),
    ("skip", "conv picture"),
    ("relu", "skip"),
    ("RPN", "relu w"),
    ("DELTAS", "rpn w"),
    ("decode", "deltas anchors"),
    ("rows", "relu"),
    ("flat", "rows"),
    ("places", "decode strides"),
    ("gather", "flat places"),
    ("FC", "gather w"),
    ("fcrelu", "fc"),
    ("BOXES", "fcrelu w"),
    ("moved", "boxes decode"),
    ("again", "moved flat"),
    ("MASK", "again w"),
    ("MASKS", "mask w"),
    ("out", "masks moved"),
)


def test_geometry_between_two_stages_is_float():
    geometry = {"DELTAS", "decode", "places", "gather", "BOXES", "moved", "again", "MASKS", "out"}
    # The feature map is gathered in float; it is made in integers, as the first stage reads it too.
    assert kept(*TWO_STAGES) == geometry | {"flat", "rows"}


def test_regions_that_come_from_outside_are_geometry():
    rows = [row for row in TWO_STAGES if row[0] not in ("RPN", "DELTAS", "decode")]
    rows = [(name, inputs.replace("decode", "proposals")) for name, inputs in rows]
    found = kept(*rows, others=("proposals",))
    assert found >= {"places", "gather", "BOXES", "moved", "flat", "rows"} and "FC" not in found
    assert found.isdisjoint({"CONV", "skip", "relu"})


@pytest.mark.parametrize("weights", ["w", "relu"])
def test_a_product_of_two_features_is_not_learned(weights):
    found = kept(("CONV", "picture w"), ("relu", "conv"), ("PRODUCT", f"relu {weights}"), ("out", "product"))
    assert found == ({"PRODUCT", "out"} if weights == "w" else {"CONV", "relu", "PRODUCT", "out"})


def test_an_empty_graph():
    assert kept(outputs=("picture",)) == set()
