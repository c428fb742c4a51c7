"""LiteRT."""

import os
from threading import Lock

import numpy as np

from export.artifact import Artifact
from export.inputs import check_inputs
from export.predictor import Predictor
from export.quiet import native_stderr_held


class TFLitePredictor(Predictor):
    """A .tflite file in LiteRT with its XNNPACK kernels; its interpreter serves one thread at a time."""

    def __init__(self, path, threads=None, card=None):
        from ai_edge_litert.interpreter import Interpreter

        card = card or Artifact.read(path)
        with native_stderr_held():  # it announces its delegate
            self.interpreter = Interpreter(str(path), num_threads=threads or os.cpu_count())
            self.interpreter.allocate_tensors()
            self.runner = self.interpreter.get_signature_runner()
        details = self.runner.get_input_details()
        inputs = {name: (np.dtype(one["dtype"]).name, one["shape"].tolist()) for name, one in details.items()}
        super().__init__(card, *check_inputs(path, inputs, card))
        self.scales = {name: output["quantization"] for name, output in self.runner.get_output_details().items()}
        self.turn = Lock()

    def call(self, inputs):
        """Runs the network."""
        with self.turn:
            outputs = self.runner(**inputs)
        return {name: dequantize(array, *self.scales[name]) for name, array in outputs.items()}


def dequantize(array, scale, zero_point):
    """Turns an integer output with a scale back into float32; others pass."""
    return array if scale == 0 else np.float32(scale) * (array.astype(np.float32) - zero_point)
