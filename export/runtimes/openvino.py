"""OpenVINO."""

import numpy as np

from export.artifact import Artifact
from export.inputs import check_inputs
from export.predictor import Predictor


class OpenVinoPredictor(Predictor):
    """An .xml file, and its .bin, in OpenVINO on the CPU."""

    def __init__(self, path, threads=None, card=None):
        import openvino

        card = card or Artifact.read(path)
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}  # bfloat16 where it likes
        if threads is not None:
            options["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        model = core.read_model(path)
        # Of what is compiled the outputs may have names of inner tensors.
        self.outputs = [port.get_any_name() for port in model.outputs]
        self.network = core.compile_model(model, "CPU", options)
        inputs = {
            port.get_any_name(): (
                port.get_element_type().to_dtype().name,
                [side.get_length() if side.is_static else None for side in port.get_partial_shape()],
            )
            for port in self.network.inputs
        }
        super().__init__(card, *check_inputs(path, inputs, card))

    def call(self, inputs):
        """Runs the network, each call in a request of its own."""
        found = self.network.infer_new_request(inputs)
        return {name: np.array(found[i]) for i, name in enumerate(self.outputs)}
