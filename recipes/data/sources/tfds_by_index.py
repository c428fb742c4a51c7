"""A dataset that TFDS prepared as array_record files, of which any record is read at once by its number."""

import numpy as np
import tensorflow as tf

from recipes.data.sources.tfds import Tfds


class TfdsByIndex(Tfds):
    """As `Tfds`, whose records are numbers: their order is a function, and none is held in a buffer."""

    def _read(self, builder, split):
        decoding = self._decoding(builder)
        self._features, self._decoders = decoding.extract_features(builder.info.features), decoding.decoders
        self._files = self._split(lambda: builder.as_data_source(split=split).data_source, builder)
        return tf.data.Dataset.range(len(self._files)).map(self._record)

    def _record(self, index):
        """Returns the features of a record, pictures still encoded."""
        contents = tf.numpy_function(lambda place: self._files[int(place)], [index], tf.string, stateful=False)
        record = self._features.deserialize_example(tf.ensure_shape(contents, ()), decoders=self._decoders)
        return {**record, "index": index}

    def table(self):
        """As `Source.table`: the numbers."""
        return {"index": np.arange(self.count)}

    def all_records(self):
        """As `Source.all_records`: the numbers."""
        return tf.data.Dataset.from_tensor_slices(self.table())

    def decode(self, record):
        """As `Tfds.decode`, of the record that is read now."""
        return super().decode(self._record(record["index"]))

    def stored(self, record):
        """As `Tfds.stored`."""
        return super().stored(self._record(record["index"]))

    def warning(self, record, picture_size):
        """As `Tfds.warning`."""
        return super().warning(self._record(record["index"]), picture_size)
