"""What you ship: a model as SavedModel, ONNX or TFLite, the card inside it, and one `predict` for all of them.

Importing this package imports no framework; each function loads what it needs.
"""

from export.artifact import Artifact
from export.benchmark import Benchmark, benchmark
from export.convert import ConversionError
from export.exporter import VerificationError, export
from export.runtime import Predictor, load
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
    "verify",
]
