"""Walks through an ONNX graph and what its branches and loop bodies hold."""

from graphlib import TopologicalSorter

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
        yield from (value.name for value in attribute.g.output)


def in_order(graph):
    """Puts a graph's nodes into an order in which each follows what it and its branches and loop bodies read.

    ONNX Runtime's quantizer sorts by what nodes read themselves, and puts a branch before what stands in it alone.
    """
    makers = {name: i for i, node in enumerate(graph.node) for name in node.output}
    before = {
        i: {makers[name] for name in reads(node) if name in makers}.difference([i])
        for i, node in enumerate(graph.node)
    }
    nodes = [graph.node[i] for i in TopologicalSorter(before).static_order()]
    ordered = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(ordered)
