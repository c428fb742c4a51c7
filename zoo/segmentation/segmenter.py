import keras
from keras import ops

from zoo.constants import VOID
from zoo.errors import InputError
from zoo.model import ZooModel


@keras.saving.register_keras_serializable("zoo")
class Segmenter(ZooModel):
    """A model that gives every pixel a class: `(B, H, W, 3)` pictures to `{"logits": (B, H, W, C)}`.

    Labels are `(B, H, W)` integers with 255 for void; weights one a pixel, `(B, H, W)`, or a picture, `(B,)`. Where a
    network returns a smaller map than its picture (the unpadded U-Net), loss and metrics see the centre of both.
    """

    task = "segmentation"

    @property
    def num_classes(self):
        """Number of classes, the last dimension of the logits."""
        return self.output["logits"].shape[-1]

    def default_loss(self):
        """Softmax cross-entropy over the labelled pixels (Long et al. 2015, arXiv:1411.4038, section 4)."""
        return PixelCrossEntropy()

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Applies the compiled loss to the logits."""
        labels, logits, weights = in_pixels(y, y_pred["logits"], sample_weight)
        return super().compute_loss(x, labels, logits, weights, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Applies the compiled metrics to the logits."""
        labels, logits, weights = in_pixels(y, y_pred["logits"], sample_weight)
        return super().compute_metrics(x, labels, logits, weights)


@keras.saving.register_keras_serializable("zoo")
class PixelCrossEntropy(keras.losses.Loss):
    """Mean over the labelled pixels of `weight[label] * -log softmax(logits)[label]`.

    A `sample_weight` of shape `(B, H, W)` multiplies pixel by pixel, as U-Net's weight maps do.

    Args:
        class_weights: `C` floats, one weight a class, or `None` for equal weights. Median-frequency balancing
            (Eigen & Fergus 2015, arXiv:1411.4734, section 6.3.2) is what SegNet uses.
        void: the label that is left out of the mean.
    """

    def __init__(self, class_weights=None, void=VOID, name="pixel_cross_entropy"):
        super().__init__(name=name, reduction="sum")
        self.class_weights = None if class_weights is None else [float(w) for w in class_weights]
        self.void = void

    def call(self, y_true, y_pred):
        """Returns each pixel's share `(B, H, W)` of the loss of labels `(B, H, W)` and logits `(B, H, W, C)`."""
        labels = ops.cast(y_true, "int32")
        labelled = ops.not_equal(labels, self.void)
        labels = ops.where(labelled, labels, 0)
        loss = ops.sparse_categorical_crossentropy(labels, ops.cast(y_pred, "float32"), from_logits=True)
        weights = ops.cast(labelled, "float32")
        pixels = ops.maximum(ops.sum(weights), 1.0)
        if self.class_weights is not None:
            weights = weights * ops.take(ops.convert_to_tensor(self.class_weights, "float32"), labels)
        return loss * weights / pixels

    def get_config(self):
        """Returns the constructor's arguments."""
        return {"class_weights": self.class_weights, "void": self.void, "name": self.name}


def in_pixels(labels, logits, weights=None):
    """Returns the labels, logits and weights of the pixels that `(B, h, w, C)` logits cover.

    Args:
        labels: `(B, H, W)`.
        logits: `(B, h, w, C)`.
        weights: `(B, H, W)`, or `(B,)`, one a picture; `None` for none.
    """
    if weights is not None:
        if len(weights.shape) == 1:
            weights = ops.broadcast_to(ops.reshape(weights, (-1, 1, 1)), ops.shape(labels))
        weights = crop_to(weights, logits)
    return crop_to(labels, logits), logits, weights


def crop_to(labels, logits):
    """Cuts the centre of `(B, H, W)` labels to the height and width of `(B, h, w, C)` logits."""
    height, width = ops.shape(logits)[1:3]
    top = (ops.shape(labels)[1] - height) // 2
    left = (ops.shape(labels)[2] - width) // 2
    return labels[:, top : top + height, left : left + width]


def check_size(input_shape, smallest, name):
    """Raises `InputError` where a fixed height or width of `input_shape` is below `smallest` pixels."""
    if len(input_shape) != 3 or input_shape[-1] is None:
        raise InputError(f"{name} takes input_shape=(height, width, channels), received {input_shape}")
    for size in input_shape[:2]:
        if size is not None and size < smallest:
            height, width = input_shape[:2]
            raise InputError(
                f"{name} takes pictures of {smallest} pixels a side or more, received {height}x{width}: "
                f"choose a larger picture size"
            )
