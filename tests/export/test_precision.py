"""Which operators stay in float, on graphs drawn by hand: `(name, inputs, outputs)`, products in capitals."""

import pytest

from export.precision import Operator, precision_of


def found(*rows, others=(), outputs=("out",)):
    """Returns the `Precision` of operators that make a tensor of their own name in lower case."""
    operators = [
        Operator(name, tuple(inputs.split()), (name.lower(),), product=name.isupper(), moves=name in ("rows", "flat"))
        for name, inputs in rows
    ]
    return precision_of(operators, "picture", others, outputs)


def kept(*rows, **options):
    """Returns the names that stay in float."""
    return found(*rows, **options).kept


def test_a_plain_network_keeps_its_last_product():
    assert kept(("scale", "picture k"), ("CONV", "scale w"), ("relu", "conv"), ("OUT", "relu w")) == {"scale", "OUT"}


def test_what_follows_the_last_products_is_float():
    names = kept(
        ("CONV", "picture w"),
        ("LOGITS", "conv w"),
        ("DELTAS", "conv w"),
        ("add", "deltas anchors"),
        ("out", "logits add"),
    )
    assert names == {"LOGITS", "DELTAS", "add", "out"}


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
    names = kept(*rows, others=("proposals",))
    assert names >= {"places", "gather", "BOXES", "moved", "flat", "rows"} and "FC" not in names
    assert names.isdisjoint({"CONV", "skip", "relu"})


@pytest.mark.parametrize("weights", ["w", "relu"])
def test_a_product_of_two_features_is_not_learned(weights):
    names = kept(("CONV", "picture w"), ("relu", "conv"), ("PRODUCT", f"relu {weights}"), ("out", "product"))
    assert names == ({"PRODUCT", "out"} if weights == "w" else {"CONV", "relu", "PRODUCT", "out"})


def test_layers_that_may_become_integers():
    assert found(*TWO_STAGES).layers == ("CONV", "RPN", "FC", "MASK")
    assert found(*TWO_STAGES).measured == ("deltas",)  # others work on proposals, which differ with them


CHAIN = (
    ("CONV", "picture w"),
    ("relu", "conv"),
    ("NEXT", "relu w"),
    ("pool", "next"),
    ("both", "relu pool"),
    ("THIRD", "both w"),
    ("clip", "third"),
    ("OUT", "clip w"),
)


@pytest.mark.parametrize(
    "layers, names",
    [
        ((), {"OUT"}),
        (("CONV",), {"OUT", "CONV", "relu"}),
        (("NEXT",), {"OUT", "NEXT", "pool"}),
        (("CONV", "NEXT"), {"OUT", "CONV", "relu", "NEXT", "pool", "both"}),
        (("THIRD",), {"OUT", "THIRD", "clip"}),
    ],
)
def test_what_follows_float_layers_alone_is_float(layers, names):
    assert found(*CHAIN).with_layers(layers) == names


def test_an_empty_graph():
    assert kept(outputs=("picture",)) == set()
