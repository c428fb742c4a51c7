"""Where the names of `zoo.weights` come from, written by `python -m website`."""

from zoo.weights import darknet as darknet
from zoo.weights.loading import load as load
