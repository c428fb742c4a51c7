"""A TFLite file in fewer bits, by the AI Edge Quantizer."""

import re
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from export.inputs import feeds
from export.precision import Operator, precision_of
from export.search import few, float_layers, noise_between, outputs_of, search
from export.tflite_graph import operator_name, packed, parse
from export.tflite_integers import INTEGER_KERNELS, in_integers, in_integers_alone, refuse_floats

PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
MOVES = ("CONCATENATION", "RESHAPE", "TRANSPOSE")


def quantized(content, quantize, representative, batch_size, limit=None):
    """Quantizes a float32 model with the AI Edge Quantizer.

    Its int8 models run as fast as those of TensorFlow's own converter and are calibrated several times faster; above
    all, single operators can be left in float32.

    Args:
        content: the float32 model.
        quantize: see `export.tflite.write`.
        representative: likewise.
        batch_size: pictures a call.
        limit: of the noise, for which `export.search` finds layers that stay float32 in "int8"; `None` for none.
    Returns:
        The quantized model, and what the search found, `None` without one.
    """
    if limit is not None:
        trials = Trials(content, representative, batch_size)
        found = search(trials, limit)
        return trials.quantized(content, float_layers(found)), found
    if quantize == "int8_full":
        refuse_floats(parse(content), known_operators())
    recipes = recipe(content, quantize, precision(content).kept)
    statistics = None
    if quantize in FINISHES:
        statistics = calibrated(content, recipes, representative, batch_size)
    if quantize == "int8_full":
        statistics[pixels(content)] = {"min": np.zeros(1), "max": np.full(1, 255.0)}  # all that there can be
    return finished(content, quantize, recipes, statistics), None


def finished(content, quantize, recipes, statistics):
    """Returns the quantized model."""
    from ai_edge_quantizer import quantizer

    worker = quantizer.Quantizer(content, recipes.get_quantization_recipe())
    with large_kernels():
        result = worker.quantize(statistics, enable_progress_bar=False, enable_progress_report=False)
    return FINISHES.get(quantize, bytes)(result.quantized_model)


@contextmanager
def large_kernels():
    """Lets the quantizer take kernels of more than 32 MiB, such as fc6 of VGG16, which it does row by row.

    Version 0.10 then makes the kernel two-dimensional and leaves its scales, one an output channel, as they are.
    """
    from ai_edge_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor as module

    whole = module.uniform_quantize

    def by_rows(tensor, params, *blockwise):
        scales = params.scale.reshape(-1)
        if tensor.ndim < 3 or any(blockwise) or len(scales) not in (1, len(tensor)):
            return whole(tensor, params, *blockwise)
        flat = {"scale": scales[:, None], "zero_point": params.zero_point.reshape(-1, 1)}
        return whole(tensor.reshape(len(tensor), -1), replace(params, **flat)).reshape(tensor.shape)

    module.uniform_quantize = by_rows
    try:
        yield
    finally:
        module.uniform_quantize = whole


class Trials:
    """What `export.search` tries on a TFLite model in int8: see there."""

    def __init__(self, content, representative, batch_size):
        self.precision = precision(content)
        self.layers, self.batch_size, self.inputs = self.precision.layers, batch_size, few(representative)
        self.pictures = len(self.inputs["image"])
        self.statistics = calibrated(
            content, recipe(content, "int8", self.precision.kept), representative, batch_size
        )
        self.probed = with_measured(content, self.precision.measured)
        self.references = self.outputs(self.probed)

    def noise(self, layers):
        """Returns the noise at the last products with these layers in float32."""
        return noise_between(self.references, self.outputs(self.quantized(self.probed, layers)))

    def quantized(self, content, layers):
        """Returns the model in int8 but for these layers."""
        recipes = recipe(content, "int8", self.precision.with_layers(layers))
        return finished(content, "int8", recipes, self.statistics)

    def outputs(self, content):
        """Returns what the measured tensors of a model are."""
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=content, num_threads=2)
        runner = interpreter.get_signature_runner()

        def call(feed):
            found = runner(**feed)
            return [found[f"measured_{i}"] for i in range(len(self.precision.measured))]

        return outputs_of(call, self.inputs, self.batch_size)


def with_measured(content, tensors):
    """Returns a model that makes these of its tensors, by number, outputs `measured_0` and so on."""
    from ai_edge_litert.schema_py_generated import TensorMapT

    model = parse(content)
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    graph.outputs = [*graph.outputs, *(tensor for tensor in tensors if tensor not in graph.outputs)]
    for i, tensor in enumerate(tensors):
        entry = TensorMapT()
        entry.name, entry.tensorIndex = f"measured_{i}".encode(), tensor
        signature.outputs.append(entry)
    return packed(model)


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


def recipe(content, quantize, kept):
    """Returns the AI Edge Quantizer's recipes for a way to quantize; operators that are `kept` stay float32."""
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
    no_quantize = algorithm_manager.AlgorithmName.NO_QUANTIZE
    recipes.add_quantization_config(one_of(kept), operation.ALL_SUPPORTED, algorithm_key=no_quantize)
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


def precision(content):
    """Returns the `Precision` of a model, whose operators bear the name of the first tensor that they make."""
    model = parse(content)
    graph = model.subgraphs[0]
    operators = [
        Operator(
            name=graph.tensors[operator.outputs[0]].name.decode(),
            inputs=tuple(tensor for tensor in operator.inputs if tensor >= 0),  # -1 for one left out
            outputs=tuple(operator.outputs),
            product=operator_name(model, operator) in PRODUCTS,
            moves=operator_name(model, operator) in MOVES,
        )
        for operator in graph.operators
    ]
    given = {entry.name.decode(): entry.tensorIndex for entry in model.signatureDefs[0].inputs}
    return precision_of(operators, given.pop("image"), given.values(), graph.outputs)
