"""Grouped convolution that trains and exports on TensorFlow, too."""

import keras
from keras import layers


@keras.saving.register_keras_serializable("zoo")
class GroupedConv2D(layers.Conv2D):
    """As `Conv2D` with groups, the same weights.

    On TensorFlow Keras compiles grouped convolutions by XLA, which tf2onnx cannot read and whose gradient on a CPU
    takes a hundred times as long as a full convolution's. TensorFlow's own operator has no gradient there; it gets
    one by matrix products, group by group.
    """

    def convolution_op(self, inputs, kernel):
        """Returns `(B, h, w, filters)`, as Keras's."""
        if keras.backend.backend() != "tensorflow":
            return super().convolution_op(inputs, kernel)
        return convolved(inputs, kernel, self.strides, self.padding)


def convolved(x, kernel, strides, padding):
    """Convolves `(B, H, W, C)` by a kernel `(size, size, C / groups, filters)` on TensorFlow."""
    import tensorflow as tf

    @tf.custom_gradient
    def convolve(x, kernel):
        def gradient(upstream):
            with tf.GradientTape() as tape:
                tape.watch((x, kernel))
                y = by_products(x, kernel, strides, padding)
            return tape.gradient(y, (x, kernel), upstream)

        # The assertion keeps TensorFlow from merging what follows, a bias or a normalisation, into the convolution:
        # on processors without VNNI it has no merged form of a grouped one, and refuses to run its own graph.
        y = tf.nn.conv2d(x, kernel, strides, padding.upper())
        return tf.ensure_shape(y, y.shape), gradient

    return convolve(tf.convert_to_tensor(x), tf.convert_to_tensor(kernel))


def by_products(x, kernel, strides, padding):
    """As `convolved`, for padding "same" without a stride: the sum of the products with each place of the kernel."""
    import tensorflow as tf

    size_y, size_x, inner, filters = kernel.shape
    groups = x.shape[-1] // inner
    if padding == "same":
        x = tf.pad(x, [[0, 0], [size_y // 2, size_y // 2], [size_x // 2, size_x // 2], [0, 0]])
    batch, height, width = tf.unstack(tf.shape(x)[:3])
    x = tf.transpose(tf.reshape(x, (batch, height, width, groups, inner)), (3, 0, 1, 2, 4))
    kernel = tf.transpose(tf.reshape(kernel, (size_y, size_x, inner, groups, filters // groups)), (0, 1, 3, 2, 4))
    step_y, step_x = strides
    rows, columns = (height - size_y) // step_y + 1, (width - size_x) // step_x + 1
    total = 0.0
    for i in range(size_y):
        for j in range(size_x):
            place = x[:, :, i : i + step_y * (rows - 1) + 1 : step_y, j : j + step_x * (columns - 1) + 1 : step_x]
            flat = tf.reshape(place, (groups, batch * rows * columns, inner))
            total += tf.matmul(flat, kernel[i, j])
    total = tf.reshape(total, (groups, batch, rows, columns, filters // groups))
    return tf.reshape(tf.transpose(total, (1, 2, 3, 0, 4)), (batch, rows, columns, filters))
