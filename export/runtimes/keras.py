"""Keras: the model that artifacts are made from and compared with."""

from threading import Lock

import numpy as np

from export.predictor import Predictor
from export.tasks import finish, largest
from zoo.errors import InputError


class KerasPredictor(Predictor):
    """A `keras.Model` or a .keras file on the backend of this process, in float32 and for one thread at a time."""

    def __init__(self, model_or_path, threads=None, card=None):
        from export.source import attributes_of, in_float32, open_model

        if threads is not None:
            raise InputError(f"{model_or_path}: threads can be set for artifacts only")
        self.model = in_float32(open_model(model_or_path))
        super().__init__(None, self.model.inputs[0].shape)
        self.task = getattr(self.model, "task", None)
        self.class_names = tuple(getattr(self.model, "class_names", ()))
        self.frame_size = self.frame_size or getattr(self.model, "image_size", None)
        self.take_attributes(attributes_of(self.model))
        self.turn = Lock()  # Keras traces the first call of a size

    def call(self, inputs):
        """Runs the network."""
        images = inputs["image"].astype(np.float32)
        with self.turn:
            outputs = self.model.predict_on_batch({**inputs, "image": images} if self.proposals else images)
        return finish(self.task, outputs, largest)  # `model.predictions` included
