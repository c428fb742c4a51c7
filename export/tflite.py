"""Writes and reads TFLite files: builtin operators only."""

import re
from collections import Counter
from pathlib import Path

from export.inputs import feeds
from export.precision import Operator, float_operators
from export.switches import PREFIX, unnamed, with_switches
from zoo.errors import InputError

PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
MOVES = ("CONCATENATION", "RESHAPE", "TRANSPOSE")


def write(model, path, *, form, quantize=None, representative=None):
    """Writes a TFLite file.

    Args:
        model: a `zoo.ZooModel` on the TensorFlow backend.
        path: the file to make.
        form: the file's `export.form.Form`; its batch size is a number.
        quantize: `None`; "float16": kernels stored as half, float32 arithmetic; "dynamic": 8-bit kernels, activations
            scaled at run time; "int8": 8-bit kernels and activations, scaled from `representative`. The convolutions
            that make the outputs and all geometry stay float32: see `export.precision`.
        representative: the model's inputs on N pictures, for "int8": dict of `image`, uint8 `(N, height, width, 3)`,
            and what else it takes.
    Raises:
        InputError: if an operator has no TFLite builtin (the message lists them).
    """
    import tensorflow as tf

    from export.serving import serve
    from export.tflite_signature import signed

    module = serve(with_switches(model), form)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    try:
        content = converter.convert()
    except Exception as error:
        missing = re.findall(r"TF Select ops: (.+)|Custom ops: (.+)", str(error))
        if not missing:
            raise
        refuse(name.strip() for pair in missing for names in pair for name in names.split(",") if name)
    content = without_outputs(content, PREFIX)
    if quantize is not None:
        content = quantized(content, quantize, representative, form.batch_size)
    refuse_foreign(content)
    Path(path).write_bytes(signed(content, model, form))


def refuse(names):
    """Raises `InputError` with the operators that are no TFLite builtins."""
    raise InputError(
        f"TFLite has no builtin operator for {', '.join(sorted(set(names)))}: replace the layers that need them"
    )


def refuse_foreign(content):
    """Raises `InputError` if a finished model calls a Select-TF (Flex) or custom operator."""
    foreign = [code.customCode.decode() for code in parse(content).operatorCodes if code.customCode]
    if foreign:
        refuse(foreign)


def quantized(content, quantize, representative, batch_size):
    """Quantizes a float32 model with the AI Edge Quantizer.

    Its int8 models run as fast as those of TensorFlow's own converter and are calibrated several times faster; above
    all, single operators can be left in float32.
    """
    from ai_edge_quantizer import quantizer

    recipes = recipe(content, quantize)
    worker = quantizer.Quantizer(content, recipes.get_quantization_recipe())
    statistics = calibrated(content, recipes, representative, batch_size) if worker.need_calibration else None
    result = worker.quantize(statistics, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def calibrated(content, recipes, representative, batch_size):
    """Returns the range of each tensor over all pictures.

    The quantizer's own `calibrate` takes a moving average, which hangs on the first pictures and cuts the ranges of
    others: a toy detector kept 60 % of its detections so, 98 % with the true ranges.
    """
    from ai_edge_quantizer import calibrator
    from ai_edge_quantizer.utils import qsv_utils

    worker = calibrator.Calibrator(
        content,
        num_threads=2,
        mode=calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED,
        qsv_update_func=qsv_utils.min_max_update,
    )
    worker.calibrate({"serving_default": list(feeds(representative, batch_size))}, recipes)
    return worker.get_model_qsvs()


def recipe(content, quantize):
    """Returns the AI Edge Quantizer's recipes for a way to quantize."""
    from ai_edge_quantizer import algorithm_manager, qtyping, recipe_manager

    operation = qtyping.TFLOperationName
    recipes = recipe_manager.RecipeManager()
    if quantize == "float16":
        half = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
        config = qtyping.OpQuantizationConfig(
            weight_tensor_config=half,
            compute_precision=qtyping.ComputePrecision.FLOAT,
            explicit_dequantize=True,
        )
        casting = algorithm_manager.AlgorithmName.FLOAT_CASTING
        recipes.add_quantization_config(".*", operation.ALL_SUPPORTED, config, casting)
        return recipes
    if quantize == "dynamic":
        recipes.add_dynamic_config(regex=".*", operation_name=operation.ALL_SUPPORTED, num_bits=8)
    else:
        for name in INTEGER_OPERATIONS:
            recipes.add_static_config(".*", operation[name], activation_num_bits=8, weight_num_bits=8)
    # One pattern: the hundreds of a two-stage detector, one a tensor, would be compiled anew for every operator.
    kept = rf"(^|;)({'|'.join(map(re.escape, float_outputs(content)))})(;|$)"
    no_quantize = algorithm_manager.AlgorithmName.NO_QUANTIZE
    recipes.add_quantization_config(kept, operation.ALL_SUPPORTED, algorithm_key=no_quantize)
    return recipes


INTEGER_OPERATIONS = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "CONV_2D_TRANSPOSE",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "ADD",
    "PAD",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
)


def float_outputs(content):
    """Returns the names of the tensors whose operators stay float32: see `export.precision`."""
    model = parse(content)
    graph = model.subgraphs[0]
    operators = [
        Operator(
            name=str(i),
            inputs=tuple(tensor for tensor in operator.inputs if tensor >= 0),  # -1 for one left out
            outputs=tuple(operator.outputs),
            product=operator_name(model, operator) in PRODUCTS,
            moves=operator_name(model, operator) in MOVES,
        )
        for i, operator in enumerate(graph.operators)
    ]
    given = {entry.name.decode(): entry.tensorIndex for entry in model.signatureDefs[0].inputs}
    kept = float_operators(operators, given.pop("image"), given.values(), graph.outputs)
    return [graph.tensors[t].name.decode() for o in operators if o.name in kept for t in o.outputs]


def without_outputs(content, prefix):
    """Makes the outputs whose names begin so inner tensors of the model, of these names."""
    from export.tflite_signature import packed

    model = parse(content)
    signature, graph = model.signatureDefs[0], model.subgraphs[0]
    hidden = {entry.tensorIndex: entry.name for entry in signature.outputs if entry.name.decode().startswith(prefix)}
    if not hidden:
        return content
    for index, name in hidden.items():
        graph.tensors[index].name = name
    signature.outputs = [entry for entry in signature.outputs if entry.tensorIndex not in hidden]
    graph.outputs = [index for index in graph.outputs if index not in hidden]
    return packed(model)


def with_outputs(path, target, prefix):
    """Writes a copy of a file that also returns its inner tensors of such names.

    Raises:
        InputError: if it has none.
    """
    from ai_edge_litert.schema_py_generated import TensorMapT

    from export.tflite_signature import packed

    model = parse(Path(path).read_bytes())
    signature, graph = model.signatureDefs[0], model.subgraphs[0]
    hidden = {i: tensor.name for i, tensor in enumerate(graph.tensors) if tensor.name.decode().startswith(prefix)}
    if not hidden:
        raise unnamed(path)
    for index, name in hidden.items():
        entry = TensorMapT()
        entry.name, entry.tensorIndex = name, index
        signature.outputs.append(entry)
    graph.outputs = [*graph.outputs, *hidden]
    Path(target).write_bytes(packed(model))


def inspect(path):
    """Returns inputs, outputs (lists of name, dtype, shape) and the count of each operator."""
    model = parse(Path(path).read_bytes())
    signature, graph = model.signatureDefs[0], model.subgraphs[0]
    operators = Counter(operator_name(model, o) for subgraph in model.subgraphs for o in subgraph.operators)
    inputs = [spec(graph, entry) for entry in signature.inputs]
    return inputs, [spec(graph, entry) for entry in signature.outputs], dict(operators)


def parse(content):
    """Unpacks a flatbuffer."""
    from ai_edge_litert import schema_py_generated

    return schema_py_generated.ModelT.InitFromPackedBuf(content, 0)


def operator_name(model, operator):
    """Returns the builtin's name, or the custom code of an operator that is none."""
    code = model.operatorCodes[operator.opcodeIndex]
    return code.customCode.decode() if code.customCode else enum_name("BuiltinOperator", code.builtinCode)


def spec(graph, entry):
    """Returns name, dtype and shape of a signature's input or output."""
    tensor = graph.tensors[entry.tensorIndex]
    dtype = enum_name("TensorType", tensor.type).lower()
    return {"name": entry.name.decode(), "dtype": dtype, "shape": [int(n) for n in tensor.shape]}


def enum_name(enum, value):
    """Returns the name of a value of one of the schema's enumerations."""
    from ai_edge_litert import schema_py_generated

    names = vars(getattr(schema_py_generated, enum))
    return next(name for name, number in names.items() if number == value)
