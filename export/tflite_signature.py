"""The last touch on a TFLite file: its tensors in the order and by the names of the card, and the metadata in it."""

from ai_edge_litert import schema_py_generated as schema

from export.tflite_graph import packed, parse
from export.tflite_metadata import NAME, metadata


def signed(content, model, form):
    """Returns a file whose tensors, of the graph and of its signature, have the form's names and order.

    Args:
        content: bytes of the file as it was converted and quantized.
        model: the `zoo.ZooModel` it was made from.
        form: its `export.form.Form`.
    """
    file = parse(content)
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
