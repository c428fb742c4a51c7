"""What one call of a layer costs: multiply-adds, and bytes of what it returns."""

import math
import re

from keras import layers

from zoo.backbones.darknet_layers import LocallyConnected2D
from zoo.detection.region_layers import ClassMasks

KERNELS = "kernel", "depthwise_kernel", "pointwise_kernel"


def multiply_adds(operation, inputs, outputs):
    """Counts the multiply-adds of a convolution or matrix product; all else is 0, as is usual.

    Args:
        operation: a layer.
        inputs: list of the specs of what it takes, all sides known.
        outputs: likewise of what it returns.
    Returns:
        Their number: of a convolution its kernel's numbers at every place of its result, of a transposed one at every
        place of what it takes.
    """
    kernels = [getattr(operation, name).shape for name in KERNELS if hasattr(operation, name)]
    if not kernels:
        return 0
    if isinstance(operation, ClassMasks):  # of each region the mask of one class
        return math.prod(inputs[0].shape)
    if isinstance(operation, LocallyConnected2D):  # a kernel of its own at every place
        return inputs[0].shape[0] * math.prod(kernels[0])
    moved = inputs if isinstance(operation, (layers.Conv2DTranspose, layers.Conv1DTranspose)) else outputs
    return math.prod(moved[0].shape[:-1]) * sum(map(math.prod, kernels))


def size(spec):
    """Returns the bytes of a tensor, all of whose sides are known."""
    bits = re.search(r"\d+", spec.dtype)
    return math.prod(spec.shape) * (int(bits[0]) // 8 if bits else 1)


class Memory:
    """Adds up what the calls of a graph return, in the order of the graph.

    Attributes:
        whole: bytes of all of it, what a step of training keeps for the way back.
    """

    def __init__(self, inputs):
        self.kept = list(inputs)  # so that no two have one id
        self.sizes = {id(spec): size(spec) for spec in inputs}
        self.born, self.needed = dict.fromkeys(self.sizes, 0), {}
        self.calls, self.whole = 0, sum(self.sizes.values())

    def add(self, inputs, outputs):
        """Adds one call: the lists of specs that it takes and returns."""
        self.calls += 1
        for spec in inputs:
            self.needed[id(spec)] = self.calls
        for spec in outputs:
            if id(spec) not in self.sizes:
                self.kept.append(spec)
                self.sizes[id(spec)], self.born[id(spec)] = size(spec), self.calls
                self.whole += self.sizes[id(spec)]

    def most(self, outputs):
        """Returns the most bytes that lie in memory at once if each tensor goes after its last use.

        Args:
            outputs: list of the specs that the graph returns, which stay.
        """
        change = [0] * (self.calls + 2)
        stay = {id(spec) for spec in outputs}
        for key, count in self.sizes.items():
            change[self.born[key]] += count
            change[self.calls + 1 if key in stay else self.needed.get(key, self.born[key]) + 1] -= count
        most = now = 0
        for step in change:
            now += step
            most = max(most, now)
        return most
