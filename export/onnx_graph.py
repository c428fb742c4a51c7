"""Walks through an ONNX graph and what its branches and loop bodies hold."""

import onnx


def graphs(graph):
    """Yields a graph, and those of the branches and loop bodies within."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from graphs(attribute.g)


def reads(node):
    """Yields the names of a node's inputs, and of what its branches or loop body read from around it."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from reads(inner)
