"""Reading weights that others published."""

from zoo.weights import darknet

__all__ = ["darknet"]
