"""Encoded pictures in, as clients of a server have them: decoded and brought into the frame within the graph."""

import tensorflow as tf

from export.letterbox_graph import Placement, fit

INPUT = "image_bytes"
"""Its name: TensorFlow Serving takes base64 in JSON for inputs whose names end so."""
MOVED = ("boxes", "box", "points")


def of_bytes(module, model, form):
    """Returns a function of encoded pictures to a model's predictions.

    Args:
        module: what `export.serving.serve` returned.
        model: the `zoo.ZooModel`, one of pictures alone.
        form: the file's `export.form.Form`, of one size.
    Returns:
        A `tf.function` of `image_bytes`, strings `(B,)` of JPEG, PNG, BMP or GIF files of any sizes, to the module's
        outputs: boxes, points and keypoints in each picture's own pixels, maps over the frame. Orientation tags
        (EXIF) are not read.
    """
    resizing = getattr(model, "resizing", "letterbox")
    frame = tf.TensorSpec((*form.image_size, 3), tf.uint8)
    pair = tf.TensorSpec((2,), tf.float32)

    def framed(encoded):
        picture = tf.io.decode_image(encoded, channels=3, expand_animations=False)
        picture = tf.ensure_shape(picture, (None, None, 3))[None]
        fitted, place = fit(picture, form.image_size, resizing)
        return tf.cast(fitted[0], tf.uint8), (place.size, place.start, place.shown)

    @tf.function(input_signature=[tf.TensorSpec((form.batch_size,), tf.string, name=INPUT)])
    def function(image_bytes):
        frames, places = tf.map_fn(framed, image_bytes, fn_output_signature=(frame, (pair, pair, pair)))
        found = module.serve(tf.cast(frames, module.serve.input_signature[0].dtype))
        return {name: moved(name, values, places) for name, values in found.items()}

    return function


def moved(name, values, places):
    """Returns an output of a batch in the pixels of its pictures, if it is one of places in them."""
    if name not in (*MOVED, "keypoints"):
        return values

    def back(one):
        placement = Placement(*one[0])
        return placement.keypoints(one[1]) if name == "keypoints" else placement.points(one[1])

    return tf.map_fn(back, (places, values), fn_output_signature=tf.TensorSpec(values.shape[1:], tf.float32))
