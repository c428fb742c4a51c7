"""Reads the flatbuffer of a TFLite file, and writes it again."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

ALIGNMENT = 16
"""Of what buffers hold, as TFLite's schema asks for."""
IDENTIFIER = b"TFL3"


def parse(content):
    """Unpacks a flatbuffer, and the constants that stand behind it in a large file."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for buffer in model.buffers:
        if buffer.size:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    return model


class AlignedBuffer(schema.BufferT):
    """A buffer whose data lies where the schema wants it; the generated code leaves that out."""

    def Pack(self, builder):  # noqa: N802, the generated name
        """Writes the buffer; returns where it lies."""
        content = None
        if self.data is not None:
            values = memoryview(self.data)
            builder.StartVector(1, len(values), ALIGNMENT)
            builder.head = builder.head - len(values)
            builder.Bytes[builder.head : builder.head + len(values)] = values
            content = builder.EndVector()
        schema.BufferStart(builder)
        if content is not None:
            schema.BufferAddData(builder, content)
        return schema.BufferEnd(builder)


def packed(model):
    """Returns the flatbuffer of a model that `parse` unpacked."""
    for buffer in model.buffers:
        buffer.__class__ = AlignedBuffer
    size = sum(len(buffer.data) + ALIGNMENT for buffer in model.buffers if buffer.data is not None)
    builder = flatbuffers.Builder(size + (1 << 20))  # one that has to grow takes three times the memory
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def operator_name(model, operator):
    """Returns the builtin's name, or the custom code of an operator that is none."""
    code = model.operatorCodes[operator.opcodeIndex]
    return code.customCode.decode() if code.customCode else enum_name("BuiltinOperator", code.builtinCode)


def is_float(graph, tensor):
    """Says whether a tensor of a graph, by number, is float32."""
    return graph.tensors[tensor].type == schema.TensorType.FLOAT32


def enum_name(enum, value):
    """Returns the name of a value of one of the schema's enumerations."""
    names = vars(getattr(schema, enum))
    return next(name for name, number in names.items() if number == value)
