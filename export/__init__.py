"""What you ship: a model as SavedModel, ONNX, TFLite or OpenVINO, the card in it, one `predict` for all.

Importing this package imports no framework; each function loads what it needs.
"""

from export.artifact import Artifact
from export.benchmark import Benchmark, benchmark
from export.convert import ConversionError
from export.detections import to_supervision
from export.exporter import VerificationError, export
from export.predictor import Predictor
from export.runtime import load
from export.tolerances import TOLERANCES
from export.verify import Verification, verify

__all__ = [
    "TOLERANCES",
    "Artifact",
    "Benchmark",
    "ConversionError",
    "Predictor",
    "Verification",
    "VerificationError",
    "benchmark",
    "export",
    "load",
    "to_supervision",
    "verify",
]
