"""The last touch on a TFLite file: its tensors in the order and by the names of the card, and the metadata in it."""

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from export.tflite_metadata import NAME, metadata

ALIGNMENT = 16
"""Of what buffers hold, as TFLite's schema asks for."""
IDENTIFIER = b"TFL3"


class AlignedBuffer(schema.BufferT):
    """A buffer whose data lies where the schema wants it; the generated code leaves that out."""

    def Pack(self, builder):  # noqa: N802, the generated name
        """Writes the buffer; returns where it lies."""
        content = None
        if self.data is not None:
            values = bytes(bytearray(self.data))
            builder.StartVector(1, len(values), ALIGNMENT)
            builder.head = builder.head - len(values)
            builder.Bytes[builder.head : builder.head + len(values)] = values
            content = builder.EndVector()
        schema.BufferStart(builder)
        if content is not None:
            schema.BufferAddData(builder, content)
        return schema.BufferEnd(builder)


def signed(content, model, form):
    """Returns a file whose tensors, of the graph and of its signature, have the form's names and order.

    Args:
        content: bytes of the file as it was converted and quantized.
        model: the `zoo.ZooModel` it was made from.
        form: its `export.form.Form`.
    """
    file = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph, *_), (signature, *_) = file.subgraphs, file.signatureDefs
    signature.inputs.sort(key=lambda entry: entry.name)  # image, proposals
    signature.outputs = list(form.ordered({entry.name.decode(): entry for entry in signature.outputs}).values())
    graph.inputs = [entry.tensorIndex for entry in signature.inputs]
    graph.outputs = [entry.tensorIndex for entry in signature.outputs]
    shapes = []
    for entries in (signature.inputs, signature.outputs):
        for entry in entries:
            graph.tensors[entry.tensorIndex].name = entry.name
        shapes.append({entry.name.decode(): list(graph.tensors[entry.tensorIndex].shape) for entry in entries})

    about = schema.MetadataT()
    about.name, about.buffer = NAME, len(file.buffers)
    file.metadata = [*(file.metadata or ()), about]
    text = schema.BufferT()
    text.data = metadata(model, *shapes)
    file.buffers.append(text)
    return packed(file)


def packed(file):
    """Returns the flatbuffer of a model that `export.tflite.parse` unpacked."""
    for buffer in file.buffers:
        buffer.__class__ = AlignedBuffer
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(file.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())
