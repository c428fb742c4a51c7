"""What every model of the zoo has beyond a plain `keras.Model`: a task, class names and its paper's loss."""

import keras


class ZooModel(keras.Model):
    """A functional `keras.Model` that knows its task; subclasses add the loss and the outputs of one task.

    Attributes:
        task: the name from which pipeline, metric, drawing and export follow, e.g. "segmentation".
        class_names: names of the classes, index for index; `()` where nobody gave them.
        image_size: `(height, width)` in pixels the model was trained at, or `None`.

    `class_names` and `image_size` are saved with the model and come back with `keras.saving.load_model`.
    """

    task = None
    class_names = ()
    image_size = None

    def default_loss(self):
        """Returns the `keras.losses.Loss` that `compile(optimizer)` uses when none is named."""
        raise NotImplementedError(f"{type(self).__name__} states no loss of its own: pass loss= to compile()")

    def compile(self, optimizer="rmsprop", loss=None, **kwargs):
        """As `keras.Model.compile`; without `loss` the paper's own is used."""
        super().compile(optimizer, loss=self.default_loss() if loss is None else loss, **kwargs)

    def compile_from_config(self, config):
        """Restores the optimizer and its state when a saved model is loaded."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def get_config(self):
        """Returns Keras's functional config and the attributes of the class docstring."""
        size = self.image_size
        return {
            **super().get_config(),
            "class_names": list(self.class_names),
            "image_size": None if size is None else list(size),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model back from `get_config()`."""
        config = dict(config)
        class_names = config.pop("class_names", ())
        image_size = config.pop("image_size", None)
        model = super().from_config(config, custom_objects=custom_objects)
        model.class_names = tuple(class_names)
        model.image_size = None if image_size is None else tuple(image_size)
        return model
