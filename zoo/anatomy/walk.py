"""A functional model's graph, call by call."""

from functools import partial

import keras


def walk(model, inputs, visit):
    """Runs a model's graph, and those of the models in it, as `visit` wants it.

    Args:
        model: a functional `keras.Model`.
        inputs: tensors or `keras.KerasTensor` specs, in the structure of the model's inputs.
        visit: function of an operation and the arguments of one call of it; what it returns stands for the outputs.
            It is called once for every call of a shared layer, in the order of the graph.
    Returns:
        What stands for the model's outputs.
    """

    def call_of(operation):
        if hasattr(operation, "_run_through_graph"):
            return lambda inputs, **_: walk(operation, inputs, visit)
        return partial(visit, operation)

    # The way through the graph that Keras's own `call` and `compute_output_spec` take.
    return model._run_through_graph(inputs, operation_fn=call_of)


def specs(operation, *args, **kwargs):
    """Returns the specs of what one call returns; where the layer leaves a number open, its call is traced."""
    outputs = operation.compute_output_spec(*args, **kwargs)
    if any(None in spec.shape for spec in keras.tree.flatten(outputs)):
        outputs = keras.Operation.compute_output_spec(operation, *args, **kwargs)
    return outputs


def tensors_in(structure):
    """Returns the specs in a structure of arguments, as a list."""
    return [x for x in keras.tree.flatten(structure) if isinstance(x, keras.KerasTensor)]
