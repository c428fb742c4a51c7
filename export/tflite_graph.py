"""Reads the flatbuffer of a TFLite file, and writes it again."""

import numpy as np


def parse(content):
    """Unpacks a flatbuffer, and the constants that stand behind it in a large file."""
    from ai_edge_litert import schema_py_generated

    model = schema_py_generated.ModelT.InitFromPackedBuf(content, 0)
    for buffer in model.buffers:
        if buffer.size:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    return model


def packed(model):
    """Returns the flatbuffer of a model that `parse` unpacked."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator_name(model, operator):
    """Returns the builtin's name, or the custom code of an operator that is none."""
    code = model.operatorCodes[operator.opcodeIndex]
    return code.customCode.decode() if code.customCode else enum_name("BuiltinOperator", code.builtinCode)


def is_float(graph, tensor):
    """Says whether a tensor of a graph, by number, is float32."""
    from ai_edge_litert.schema_py_generated import TensorType

    return graph.tensors[tensor].type == TensorType.FLOAT32


def enum_name(enum, value):
    """Returns the name of a value of one of the schema's enumerations."""
    from ai_edge_litert import schema_py_generated

    names = vars(getattr(schema_py_generated, enum))
    return next(name for name, number in names.items() if number == value)
