"""Operators of TensorFlow that tf2onnx translates wrongly: whole division and its rest, of negative integers."""

FLOATS = (1, 10, 11)
"""ONNX's numbers of float32, float16 and float64."""


def floor_mod(ctx, node, name, args):
    """Translates `FloorMod`. tf2onnx takes ONNX's integer `Div` for rounded down, which cuts: -203 % 4 became -3."""
    from tf2onnx.onnx_opset.math import FloorMod

    if ctx.get_dtype(node.input[0]) in FLOATS:
        FloorMod.version_7(ctx, node)
    else:
        node.type = "Mod"  # of integers, with the sign of the divisor


def floor_div(ctx, node, name, args):
    """Translates `FloorDiv`: the rest is taken off first, so that nothing is left to round."""
    from tf2onnx.onnx_opset.math import FloorDiv

    if ctx.get_dtype(node.input[0]) in FLOATS:
        FloorDiv.version_6(ctx, node)
    else:
        rest = ctx.make_node("Mod", node.input)
        whole = ctx.make_node("Sub", [node.input[0], rest.output[0]])
        ctx.replace_input(node, node.input[0], whole.output[0], 0)
        node.type = "Div"


HANDLERS: dict[str, tuple] = {"FloorMod": (floor_mod, []), "FloorDiv": (floor_div, [])}
