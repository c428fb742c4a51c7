"""Writes and reads OpenVINO's own files: an .xml with graph and card, and a .bin beside it with the weights."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from export import onnx
from export.switches import unnamed
from zoo.errors import InputError


def write(model, path, *, form, quantize=None, representative=None, limit=None):
    """Writes an .xml and its .bin, from the model's ONNX file.

    8-bit files are ONNX's: OpenVINO reads its pairs of quantizing and dequantizing nodes as its own and computes
    between them in integers, so that the same layers stay float32, calibrated once in one way.

    Args:
        model: a `zoo.ZooModel` on the TensorFlow backend.
        path: the .xml to make.
        form: the file's `export.form.Form`.
        quantize: as in `export.onnx`; "float16": weights stored as half.
        representative: as there.
        limit: as there.
    Returns:
        What the search found, `None` without one.
    Raises:
        InputError: if an operator of the model has no ONNX counterpart (the message lists them), or OpenVINO cannot
            read what is asked for.
    """
    import openvino

    if form.letterbox and quantize == "int8":  # it takes the shapes of the branches that resize for other ones
        raise InputError("openvino reads no int8 file that letterboxes: choose dynamic, or the format onnx")
    half = quantize == "float16"
    with TemporaryDirectory(dir=Path(path).parent) as folder:
        source = Path(folder, "model.onnx")
        ways = {"quantize": quantize, "representative": representative, "limit": limit}
        found = onnx.write(model, source, form=form, **({} if half else ways))
        converted = openvino.Core().read_model(source)
        for port, output in zip(converted.outputs, onnx.inspect(source)[1], strict=True):
            port.set_names({output["name"]})
        openvino.save_model(converted, path, compress_to_fp16=half)
    return found


def with_outputs(path, target, prefix):
    """Writes a copy of a file that also returns its inner tensors whose names begin so.

    Raises:
        InputError: if it has none.
    """
    import openvino

    model = openvino.Core().read_model(path)
    names = {name for op in model.get_ordered_ops() for port in op.outputs() for name in port.get_names()}
    hidden = sorted(name for name in names if name.startswith(prefix))
    if not hidden:
        raise unnamed(path)
    model.add_outputs(hidden)
    openvino.save_model(model, target, compress_to_fp16=False)


def inspect(path):
    """Returns inputs, outputs (lists of name, dtype, shape) and the count of each operator."""
    import openvino

    model = openvino.Core().read_model(path)
    operators = Counter(op.get_type_name() for op in model.get_ordered_ops())
    for name in ("Constant", "Parameter", "Result"):
        operators.pop(name, None)
    return [spec(port) for port in model.inputs], [spec(port) for port in model.outputs], dict(operators)


def spec(port):
    """Returns name, dtype and shape (`None` where dynamic) of an input or output."""
    shape = [side.get_length() if side.is_static else None for side in port.get_partial_shape()]
    dtype = port.get_element_type().to_dtype().name
    return {"name": port.get_any_name(), "dtype": dtype, "shape": shape}
