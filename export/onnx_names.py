"""What an ONNX file calls itself, its source and its axes."""

import inspect
import sys
from importlib.metadata import version

import numpy as np

AXES = ("batch", "height", "width")
"""Names of the image's axes that take any number."""
TRIED = 1, 224, 352
"""A picture, its sides multiples of 32, which every network takes; outputs of those sides are as large as it."""


def describe(proto, model, form, axes):
    """Names the graph after the model, says what that is and who wrote it, and names the axes of any size.

    Args:
        proto: the `ModelProto`.
        model: the `zoo.ZooModel` that it was made from.
        form: the file's `export.form.Form`.
        axes: by output, the names of its axes, see `axes_of`.
    """
    proto.producer_name, proto.producer_version = "regionzoo", version("regionzoo")
    proto.graph.name = model.name
    proto.doc_string = proto.graph.doc_string = about(model)
    batch = form.batch_size or "batch"
    for value in proto.graph.input:
        name_axes(value, [batch, *AXES[1:]])
    for value in proto.graph.output:
        name_axes(value, [batch, *axes.get(value.name, ())])


def about(model):
    """Returns what a model is, and its source, in the words of the module that builds it, or of its class."""
    import zoo

    if model.name in zoo.BUILDERS:
        return inspect.getdoc(sys.modules[zoo.BUILDERS[model.name].__module__])
    return inspect.getdoc(type(model)).split("\n\n")[0]


def name_axes(value, names):
    """Names those axes of an input or output that are no numbers, or says their number."""
    for i, axis in enumerate(value.type.tensor_type.shape.dim):
        if not axis.HasField("dim_value"):
            name = names[i] if i < len(names) else f"{value.name}_{i}"
            field = "dim_value" if isinstance(name, int) else "dim_param"
            setattr(axis, field, name)


def axes_of(session):
    """Runs a picture through a session and finds the axes of its outputs that are the picture's sides.

    Returns:
        Dict of output names to lists of the names of all their axes but the batch's.
    """
    given = {one.name: zeros(one) for one in session.get_inputs()}
    outputs = [output.name for output in session.get_outputs()]
    names = dict(zip(TRIED[1:], AXES[1:], strict=True))
    return {
        output: [names.get(side, f"{output}_{i}") for i, side in enumerate(array.shape[1:], 1)]
        for output, array in zip(outputs, session.run(outputs, given), strict=True)
    }


def zeros(one):
    """Returns zeros for an input of a session, of `TRIED`'s sides where it takes any."""
    sides = dict(enumerate(TRIED))
    shape = [side if isinstance(side, int) else sides[i] for i, side in enumerate(one.shape)]
    return np.zeros(shape, np.uint8 if one.type == "tensor(uint8)" else np.float32)
