"""Which operators of a graph stay in float32 when the others become integers.

Integers serve the features: the learned products (convolutions, matrix products) and what lies between them. In float
stay what prepares the picture, the products that make the outputs, and all geometry: whatever is computed from those
products' results. In a two-stage detector geometry lies in the middle too, where proposals are decoded and features
gathered.
"""

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Operator:
    """An operator of a graph, of any format.

    Attributes:
        name: unlike all others.
        inputs: names or numbers of the tensors it reads, those of its branches included.
        outputs: likewise of those it makes.
        product: whether it is a convolution or matrix product.
        moves: whether it only gives values another place: a concatenation, a new shape.
    """

    name: str
    inputs: tuple
    outputs: tuple
    product: bool
    moves: bool


def float_operators(operators, picture, others, outputs):
    """Finds the operators that stay in float32.

    Args:
        operators: list of `Operator`, each after those whose outputs it reads.
        picture: the graph's input tensor that is the picture.
        others: its other input tensors.
        outputs: its output tensors.
    Returns:
        Set of names: what comes before the first learned products; the nearest ones before the outputs; what is
        computed from these, or from `others`, up to the next learned product; and what moves values for these alone.
    """
    varying, features, learned, found = {picture, *others}, set(), set(), set()
    for operator in operators:
        if operator.product and not varying.issuperset(operator.inputs):
            learned.add(operator.name)
        if not varying.isdisjoint(operator.inputs):
            varying.update(operator.outputs)
        if operator.name in learned or not features.isdisjoint(operator.inputs):
            features.update(operator.outputs)
        else:
            found.add(operator.name)

    producers = {tensor: operator for operator in operators for tensor in operator.outputs}
    geometry, waiting = set(others), list(outputs)
    while waiting:
        operator = producers.get(waiting.pop())
        if operator is not None and operator.name not in found:
            found.add(operator.name)
            geometry.update(operator.outputs)
            waiting.extend(() if operator.name in learned else operator.inputs)

    for operator in operators:
        if operator.name not in learned and not geometry.isdisjoint(operator.inputs):
            found.add(operator.name)
            geometry.update(operator.outputs)

    readers = defaultdict(set)
    for operator in reversed(operators):
        read_by = set().union(*(readers[tensor] for tensor in operator.outputs))
        if operator.moves and read_by and read_by <= found - learned:
            found.add(operator.name)
        for tensor in operator.inputs:
            readers[tensor].add(operator.name)
    return found
