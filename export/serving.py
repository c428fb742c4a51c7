"""A Keras model as the one TensorFlow function that every artifact is written from."""

import tensorflow as tf

from export.letterbox_graph import fit
from export.outputs import MEDIAPIPE, PASTED
from export.paste import paste
from export.source import proposals_of
from export.switches import PREFIX, with_switches
from export.tasks import finish


def serve(model, form, half=False):
    """Wraps the model as a function of raw pixels, and of the regions in them where the model needs proposals.

    Args:
        model: a `zoo.ZooModel` on the TensorFlow backend.
        form: the file's `export.form.Form`.
        half: keep kernels as float16 and cast them where they are used. Vectors (biases, batch statistics) stay
            float32: they weigh nothing, and a small variance would vanish in half precision.
    Returns:
        A `tf.Module` whose `serve` takes `image`, `(B, height, width, 3)`, and for such a model `proposals`, float32
        `(B, num_proposals, 4)`. It returns the dict of predictions in the form's order: boxes decoded, suppressed,
        whatever the task's `model.predictions` does, or what else the form asks for. Its `switches` returns those of
        the network's layers too: see `export.switches`.
    """
    module = tf.Module()
    module.trained = [stored(v, half) for v in model.trainable_variables]
    module.others = [stored(v, half) for v in model.non_trainable_variables]

    def function_of(model):
        @tf.function(input_signature=signature(model, form))
        def function(image, proposals=None):
            trained = restored(module.trained, model.trainable_variables)
            others = restored(module.others, model.non_trainable_variables)
            return predict(model, form, trained, others, image, proposals)

        return function

    module.serve, module.switches = function_of(model), function_of(with_switches(model))
    return module


def signature(model, form):
    """Returns what an artifact of the model takes: the image, and proposals where the model needs them."""
    image = tf.TensorSpec((form.batch_size, *form.taken_size, 3), tf.as_dtype(form.input), name="image")
    if not proposals_of(model):
        return [image]
    return [image, tf.TensorSpec((form.batch_size, model.num_proposals, 4), tf.float32, name="proposals")]


def predict(model, form, trained, others, image, proposals=None):
    """Returns what the form asks for, computed with the given weights instead of the model's own."""
    size, placement = form.image_size, None
    if None in form.taken_size:
        size = tf.shape(image)[1:3]
    if form.letterbox:
        image, placement = fit(image, form.image_size, getattr(model, "resizing", "letterbox"))
        proposals = None if proposals is None else placement.to_frame(proposals)
    image = tf.cast(image, tf.float32)
    inputs = image if proposals is None else {"image": image, "proposals": proposals}
    outputs, _ = model.stateless_call(trained, others, inputs, training=False)
    if form.raw:
        return form.ordered(outputs)
    predictions = model.predictions(outputs)
    if placement is not None:
        predictions = placement.back(predictions)
    found = finish(model.task, predictions, lambda x: tf.argmax(x, -1, output_type=tf.int32))
    if set(MEDIAPIPE).intersection(form.outputs).difference(found):
        found.update(mediapipe(found, size))
    if PASTED in form.outputs:
        found[PASTED] = paste(found["masks"], found["boxes"], size)
    return {**form.ordered(found), **{name: found[name] for name in found if name.startswith(PREFIX)}}


def mediapipe(found, size):
    """Returns MediaPipe's four outputs of a dict of detections, see `export.outputs.from_mediapipe`."""
    height, width = tf.unstack(tf.cast(size, tf.float32))
    shares = found["boxes"] / tf.stack([width, height, width, height])
    values = (
        tf.gather(shares, [1, 0, 3, 2], axis=-1),
        tf.cast(tf.maximum(found["labels"], 0), tf.float32),
        found["scores"],
        tf.cast(found["count"], tf.float32),
    )
    return dict(zip(MEDIAPIPE, values, strict=True))


def stored(variable, half):
    """Returns a `tf.Variable` with the value of a Keras variable, a float32 kernel as float16 if `half`."""
    narrow = half and variable.dtype == "float32" and len(variable.shape) >= 2
    return tf.Variable(tf.cast(variable.value, tf.float16 if narrow else variable.dtype), trainable=False)


def restored(weights, variables):
    """Returns the stored weights in the dtypes of the Keras variables."""
    return [tf.cast(weight, variable.dtype) for weight, variable in zip(weights, variables, strict=True)]
