"""TensorFlow."""

from export.artifact import Artifact
from export.inputs import check_inputs
from export.predictor import Predictor


class SavedModelPredictor(Predictor):
    """A SavedModel folder in TensorFlow."""

    def __init__(self, path, threads=None, card=None, signature="serving_default"):
        import tensorflow as tf

        card = card or Artifact.read(path)
        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.module = tf.saved_model.load(str(path))  # the function does not keep its variables alive
        self.function = self.module.signatures[signature]
        specs = self.function.structured_input_signature[1]
        inputs = {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in specs.items()}
        super().__init__(card, *check_inputs(path, inputs, card))

    def call(self, inputs):
        """Runs the network."""
        import tensorflow as tf

        outputs = self.function(**{name: tf.constant(array) for name, array in inputs.items()})
        return {name: tensor.numpy() for name, tensor in sorted(outputs.items())}
