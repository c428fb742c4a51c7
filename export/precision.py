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


@dataclass(frozen=True)
class Precision:
    """Which operators stay in float32.

    Attributes:
        kept: names of what comes before the first learned products; the nearest ones before the outputs; what is
            computed from these, or from inputs that are no pictures, up to the next learned product; and what moves
            values for these alone.
        layers: names of the other learned products, in order: those that may become integers.
        measured: tensors by which to tell how near integers come: what the last learned products make, other than
            those that work on what was decided from others, as the second stage of a detector on its proposals.
        operators: all operators.
    """

    kept: frozenset
    layers: tuple
    measured: tuple
    operators: tuple

    def with_layers(self, layers):
        """Returns the names that stay in float if these of the `layers` do, too, with what follows them alone."""
        floats = {*self.kept, *layers}
        makers = {tensor: operator.name for operator in self.operators for tensor in operator.outputs}
        products = {*self.layers}
        for operator in self.operators:
            before = {makers[tensor] for tensor in operator.inputs if tensor in makers}
            if layers and operator.name not in products and before and before <= floats:
                floats.add(operator.name)
        return floats


def precision_of(operators, picture, others, outputs):
    """Finds the operators that stay in float32.

    Args:
        operators: list of `Operator`, each after those whose outputs it reads.
        picture: the graph's input tensor that is the picture.
        others: its other input tensors.
        outputs: its output tensors.
    Returns:
        A `Precision`.
    """
    learned = learned_products(operators, {picture, *others})
    features = computed_from(made_by(learned), operators)
    preparing = {o for o in operators if o not in learned and features.isdisjoint(o.inputs)}
    last = leading_to(outputs, operators, learned) - preparing

    between = [o for o in operators if o not in learned]
    geometry = computed_from(made_by(last) | {*others}, between)
    deciding = {o for o in between if not geometry.isdisjoint(o.inputs)}

    kept = preparing | last | deciding
    kept |= moving_for(kept - learned, operators)
    decided = computed_from(made_by(last & learned), operators)
    return Precision(
        kept=frozenset(o.name for o in kept),
        layers=tuple(o.name for o in operators if o in learned - kept),
        measured=tuple(
            tensor for o in operators if o in last & learned and decided.isdisjoint(o.inputs) for tensor in o.outputs
        ),
        operators=tuple(operators),
    )


def learned_products(operators, inputs):
    """Returns the products of what varies with the graph's inputs and what does not: the weights."""
    varying = computed_from(inputs, operators)
    return {o for o in operators if o.product and not varying.issuperset(o.inputs)}


def computed_from(tensors, operators):
    """Returns the tensors, and all that the operators, in order, compute from them."""
    computed = set(tensors)
    for operator in operators:
        if not computed.isdisjoint(operator.inputs):
            computed.update(operator.outputs)
    return computed


def made_by(operators):
    """Returns the tensors that operators make."""
    return {tensor for operator in operators for tensor in operator.outputs}


def leading_to(tensors, operators, learned):
    """Returns the operators that compute the tensors, back to the nearest learned products, these included."""
    makers = {tensor: operator for operator in operators for tensor in operator.outputs}
    found, waiting = set(), list(tensors)
    while waiting:
        operator = makers.get(waiting.pop())
        if operator is not None and operator not in found:
            found.add(operator)
            waiting.extend(() if operator in learned else operator.inputs)
    return found


def moving_for(kept, operators):
    """Returns the operators that only move values, and these for none but the `kept` ones and each other."""
    readers, found = defaultdict(set), set()
    for operator in reversed(operators):
        read_by = set().union(*(readers[tensor] for tensor in operator.outputs))
        if operator.moves and read_by and read_by <= kept | found:
            found.add(operator)
        for tensor in operator.inputs:
            readers[tensor].add(operator)
    return found
