"""ONNX Runtime."""

from export.artifact import Artifact
from export.embedded import ONNX_KEY
from export.inputs import check_inputs
from export.predictor import Predictor
from export.quiet import native_stderr_held
from zoo.errors import InputError

TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class OnnxPredictor(Predictor):
    """An .onnx file in ONNX Runtime."""

    def __init__(self, path, threads=None, card=None, providers=("CPUExecutionProvider",)):
        with native_stderr_held():  # without a home it complains of its telemetry
            import onnxruntime

        check_providers(providers, onnxruntime.get_available_providers())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
        self.outputs = [output.name for output in self.session.get_outputs()]
        card = card or Artifact.of(path, self.session.get_modelmeta().custom_metadata_map.get(ONNX_KEY))
        taken = self.session.get_inputs()
        inputs = {one.name: (TYPES.get(one.type, one.type), sides(one.shape)) for one in taken}
        super().__init__(card, *check_inputs(path, inputs, card))

    def call(self, inputs):
        """Runs the network."""
        return dict(zip(self.outputs, self.session.run(self.outputs, inputs), strict=True))


def check_providers(providers, available):
    """Raises `InputError` if ONNX Runtime, as it is installed here, lacks one of the execution providers."""
    if isinstance(providers, str):
        raise InputError(f"providers is a list, received {providers!r}")
    for provider in providers:
        name = provider if isinstance(provider, str) else provider[0]
        if name not in available:
            raise InputError(f"ONNX Runtime has no provider {name!r} here: choose among {', '.join(available)}")


def sides(shape):
    """Returns the shape that ONNX Runtime tells, `None` for sides that it has names for."""
    return [side if isinstance(side, int) else None for side in shape]
