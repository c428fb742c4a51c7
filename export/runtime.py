"""`load`: a file opened in its runtime."""

from pathlib import Path

from export.files import format_of
from export.runtimes.keras import KerasPredictor
from export.runtimes.onnx import OnnxPredictor
from export.runtimes.openvino import OpenVinoPredictor
from export.runtimes.saved_model import SavedModelPredictor
from export.runtimes.tflite import TFLitePredictor
from zoo.errors import InputError

PREDICTORS = {
    "onnx": OnnxPredictor,
    "tflite": TFLitePredictor,
    "saved_model": SavedModelPredictor,
    "openvino": OpenVinoPredictor,
    "keras": KerasPredictor,
}
"""By format."""


def load(path, threads=None, providers=None):
    """Opens a SavedModel folder, an .onnx, .tflite, .xml (OpenVINO) or .keras file for prediction.

    Args:
        path: the file or folder.
        threads: CPU threads of the runtime, `None` for its own choice. TensorFlow (SavedModel) takes it once a
            process, before its first operation.
        providers: of an .onnx file, ONNX Runtime's execution providers in order of preference, such as
            "CUDAExecutionProvider", names or pairs of a name and its options; `None` for the CPU's.
    Returns:
        A `Predictor`, which any number of threads may use at once.
    Raises:
        InputError: if the file is missing, broken or no artifact, or the threads or providers cannot be had.
    """
    return opened(Path(path), threads, providers=providers)


def opened(path, threads=None, card=None, providers=None):
    """As `load`; `card` is the one that an unfinished file will carry."""
    kind = PREDICTORS[format_of(path)]
    if providers is not None and kind is not OnnxPredictor:
        raise InputError(f"{path} is no .onnx file: providers are ONNX Runtime's, leave them out")
    options = {} if providers is None else {"providers": providers}
    try:
        predictor = kind(path, threads, card, **options)
    except InputError:
        raise
    except ModuleNotFoundError as error:
        raise InputError(f"{path} needs {error.name}, which is not installed: pip install {error.name}") from error
    except Exception as error:  # every runtime has types of its own for a file it cannot read
        lines = [line for line in str(error).strip().splitlines() if not line.startswith("Exception from ")]
        message = (lines or ["no reason given"])[0][:200]  # without OpenVINO's places in its own source
        raise InputError(f"{path} cannot be loaded, it may be cut short or no model of ours: {message}") from error
    predictor.path = path
    return predictor
