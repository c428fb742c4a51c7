"""The ways to quantize a model, by format: a table that loads nothing."""

QUANTIZE = {
    "saved_model": (None, "float16"),
    "onnx": (None, "float16", "dynamic", "weight_int4", "int8", "int8_symmetric"),
    "tflite": (None, "float16", "dynamic", "weight_int4", "int8", "int8_full"),
    "openvino": (None, "float16", "dynamic", "int8"),
}
"""By format, the ways to quantize."""
CALIBRATED = ("int8", "int8_symmetric", "int8_full")
"""Those that learn ranges from pictures."""
SEARCHED = ("int8", "int8_symmetric")
"""Of these, those that can leave layers in float."""
