"""One CNN over every region of a picture, a few at a time."""

import keras
from keras import layers, ops

from zoo.ops.warp import warp_regions

CHUNK = 64
"""Regions that go through the network at once: all 2,000 of a picture at 224 pixels would take gigabytes."""


@keras.saving.register_keras_serializable("zoo")
class RegionFeatures(layers.Layer):
    """`[image (B, H, W, 3), boxes (B, P, 4)]` to what a network says of each warped region, a dict of `(B, P, D)`.

    Args:
        network: functional `keras.Model` from `(N, S, S, 3)` to a dict of `(N, D)`.
        context: pixels around the region on each side of the network's picture, see `zoo.ops.warp.warp_regions`.
    """

    def __init__(self, network, context, **kwargs):
        super().__init__(**kwargs)
        self.network, self.context = network, context

    @property
    def size(self):
        """Pixels a side that regions are warped to."""
        return self.network.input.shape[1]

    def warp(self, images, boxes, pictures):
        """Returns the `(N, S, S, 3)` float32 that the network sees of boxes `(N, 4)` in pictures `(N,)` int32."""
        return warp_regions(images, boxes, pictures, size=self.size, context=self.context)

    def call(self, inputs):
        """Returns the network's dict, each `(B, P, D)`."""
        images, boxes = inputs
        count = boxes.shape[1]
        chunks, chunk = chunked(count)
        boxes = ops.pad(boxes, [[0, 0], [0, chunks * chunk - count], [0, 0]])
        boxes = ops.reshape(boxes, (-1, chunk, 4))
        pictures = ops.arange(ops.shape(images)[0], dtype="int32")[:, None] + ops.zeros((1, chunks), "int32")

        def one_chunk(boxes_of_picture):
            boxes, picture = boxes_of_picture
            crops = self.warp(images, boxes, picture + ops.zeros((chunk,), "int32"))
            return self.network(crops, training=False)

        features = ops.map(one_chunk, (boxes, ops.reshape(pictures, (-1,))))
        return {
            name: ops.reshape(values, (-1, chunks * chunk, values.shape[-1]))[:, :count]
            for name, values in features.items()
        }

    def compute_output_spec(self, inputs):
        """Returns the specs of the dict."""
        _, boxes = inputs
        return {
            name: keras.KerasTensor((*boxes.shape[:2], output.shape[-1]), output.dtype)
            for name, output in self.network.output.items()
        }

    def get_config(self):
        """Returns the constructor's arguments."""
        network = keras.saving.serialize_keras_object(self.network)
        return {**super().get_config(), "network": network, "context": self.context}

    @classmethod
    def from_config(cls, config):
        """Builds the layer and its network back."""
        return cls(**{**config, "network": keras.saving.deserialize_keras_object(config["network"])})


def chunked(count):
    """Returns in how many chunks so many regions go through the network, and the regions of each, with fillers."""
    chunks = -(-count // CHUNK)
    return chunks, -(-count // chunks)
