"""Reading weights that others published."""

from zoo.weights import darknet
from zoo.weights.loading import load

__all__ = ["darknet", "load"]
