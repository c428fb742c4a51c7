"""A TFLite file in fewer bits, by the AI Edge Quantizer."""

import re

import numpy as np

from export.inputs import feeds
from export.precision import Operator, float_operators
from export.tflite_graph import operator_name, parse
from export.tflite_integers import INTEGER_KERNELS, in_integers, in_integers_alone, refuse_floats

PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
MOVES = ("CONCATENATION", "RESHAPE", "TRANSPOSE")


def quantized(content, quantize, representative, batch_size):
    """Quantizes a float32 model with the AI Edge Quantizer.

    Its int8 models run as fast as those of TensorFlow's own converter and are calibrated several times faster; above
    all, single operators can be left in float32.
    """
    from ai_edge_quantizer import quantizer

    if quantize == "int8_full":
        refuse_floats(parse(content), known_operators())
    recipes = recipe(content, quantize)
    worker = quantizer.Quantizer(content, recipes.get_quantization_recipe())
    statistics = calibrated(content, recipes, representative, batch_size) if worker.need_calibration else None
    if quantize == "int8_full":
        statistics[pixels(content)] = {"min": np.zeros(1), "max": np.full(1, 255.0)}  # all that there can be
    result = worker.quantize(statistics, enable_progress_bar=False, enable_progress_report=False)
    return FINISHES.get(quantize, bytes)(result.quantized_model)


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
    if quantize == "int8_full":
        recipes.add_static_config(".*", operation.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8)
        return recipes
    if quantize in ("dynamic", "weight_int4"):
        recipes.add_dynamic_config(regex=".*", operation_name=operation.ALL_SUPPORTED, num_bits=8)
        if quantize == "weight_int4" and (matrices := matrices_in_blocks(content)):
            granularity = qtyping.QuantGranularity(f"BLOCKWISE_{BLOCK}")
            recipes.add_dynamic_config(one_of(matrices), operation.FULLY_CONNECTED, 4, granularity)
    else:
        for name in INTEGER_OPERATIONS:
            recipes.add_static_config(".*", operation[name], activation_num_bits=8, weight_num_bits=8)
    # One pattern: the hundreds of a two-stage detector, one a tensor, would be compiled anew for every operator.
    kept = one_of(float_outputs(content))
    no_quantize = algorithm_manager.AlgorithmName.NO_QUANTIZE
    recipes.add_quantization_config(kept, operation.ALL_SUPPORTED, algorithm_key=no_quantize)
    return recipes


BLOCK = 64
"""Inputs that share a scale in 4 bits."""


def one_of(names):
    """Returns the pattern of operators that make one of the named tensors."""
    return rf"(^|;)({'|'.join(map(re.escape, names))})(;|$)"


def matrices_in_blocks(content):
    """Returns the names of what fully connected layers make whose inputs are whole blocks."""
    model = parse(content)
    graph = model.subgraphs[0]
    layers = [o for o in graph.operators if operator_name(model, o) == "FULLY_CONNECTED"]
    layers = [o for o in layers if graph.tensors[o.inputs[1]].shape[1] % BLOCK == 0]
    return [graph.tensors[o.outputs[0]].name.decode() for o in layers]


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


def known_operators():
    """Returns the operators that can become integers, by TFLite's names."""
    from ai_edge_quantizer.qtyping import TFLOperationName

    return {operation.value for operation in TFLOperationName} | {
        "CAST",
        "MINIMUM",
        "TRANSPOSE_CONV",
        *INTEGER_KERNELS,
    }


FINISHES = {"int8": in_integers, "int8_full": in_integers_alone}
"""By way to quantize, what is done after the quantizer."""


def pixels(content):
    """Returns the name of the tensor that the picture becomes in float32."""
    model = parse(content)
    graph = model.subgraphs[0]
    (image,) = [entry.tensorIndex for entry in model.signatureDefs[0].inputs if entry.name == b"image"]
    return next(graph.tensors[o.outputs[0]].name.decode() for o in graph.operators if image in o.inputs)


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
