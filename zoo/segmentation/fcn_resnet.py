"""torchvision's fully convolutional network over a dilated ResNet, whose weights fit.

It shares its name with Long et al. 2015 but neither skips nor trained upsampling: the ResNet keeps cells of 8 pixels
by dilation, and a head of two convolutions scores them. Source: torchvision, models/segmentation/fcn.py.
"""

from collections.abc import Callable

import keras
from keras import layers, ops

from zoo.backbones.resnet import conv_bn, resnet50, resnet101
from zoo.layers import register
from zoo.segmentation.segmenter import Segmenter, check_size, in_pixels
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def fcn_resnet(
    num_classes: int,
    *,
    backbone: Callable[..., keras.Model] = resnet50,
    weights: Weights = None,
    width: float = 1.0,
    auxiliary: bool = True,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn_resnet",
) -> Segmenter:
    """Builds a fully convolutional network over a ResNet.

    With 21 classes and the auxiliary head it has 35,322,218 trainable parameters over ResNet-50 and 54,314,346 over
    ResNet-101. Without weights torchvision's heads begin as all convolutions of PyTorch do, with a variance of
    1 / (3 N) for N inputs and drawn biases; ours as He et al. have it, the scores as Glorot & Bengio.

    Args:
        num_classes: number of classes C.
        backbone: a builder of `zoo.backbones.resnet`.
        weights: file or name of published weights, see `zoo.weights.load`; "torchvision/COCO_WITH_VOC_LABELS_V1" is
            the network's, "torchvision/IMAGENET1K_V1" the backbone's.
        width: factor on the number of filters.
        auxiliary: adds a second head over res4 that helps the training and is in no prediction.
        frozen_batch_norm: whether the backbone's batch normalisation keeps the statistics and factors it has; `None`
            as the weights want it, see `zoo.weights.load`, and without any that want it frozen it learns.
        input_shape: `(height, width, 3)`; any size.
    Returns:
        A `Segmenter`: `(B, H, W, 3)` raw pixels to `{"logits": (B, H, W, C)}`; an `AuxiliarySegmenter` with the
        second head.
    """
    check_size(input_shape, smallest=1, name=name)
    body = backbone(output_stride=8, frozen_batch_norm=frozen_batch_norm, width=width, input_shape=input_shape)
    image, maps = body.input, body.output
    logits = score_head(maps["res5"], num_classes, "head")
    outputs = {"logits": ResizeLike(dtype="float32", name="upsample")([logits, image])}
    if auxiliary:
        logits = score_head(maps["res4"], num_classes, "auxiliary")
        outputs["auxiliary_logits"] = ResizeLike(dtype="float32", name="auxiliary_upsample")([logits, image])
    model = (AuxiliarySegmenter if auxiliary else Segmenter)(image, outputs, name=name)
    return with_weights(model, weights, frozen_batch_norm)


def score_head(x, num_classes, name):
    """A 3x3 convolution to a quarter of the channels, dropout, and the scores, `<name>_logits`."""
    x = conv_bn(x, x.shape[-1] // 4, 3, frozen_batch_norm=False, name=f"{name}_conv")
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = layers.Dropout(0.1, name=f"{name}_dropout")(x)
    return layers.Conv2D(num_classes, 1, dtype="float32", name=f"{name}_logits")(x)


@keras.saving.register_keras_serializable("zoo")
class AuxiliarySegmenter(Segmenter):
    """A segmenter with a second head whose loss counts in training by a factor of 0.5.

    The factor is torchvision's (references/segmentation/train.py, after Zhao et al. 2017, arXiv:1612.01105, section
    3.4, who take 0.4).
    """

    auxiliary_weight = 0.5

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Applies the compiled loss to the logits, in training to those of both heads."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return loss
        # Keras's `compute_loss` adds the regularisers: called for both heads, it would count them half as much again.
        auxiliary = self._compile_loss(*in_pixels(y, y_pred["auxiliary_logits"], sample_weight))
        return loss + self.auxiliary_weight * auxiliary

    def predictions(self, outputs):
        """Returns `logits (B, H, W, C)` alone."""
        return {"logits": outputs["logits"]}


@register
class ResizeLike(layers.Layer):
    """`[x, like]` to `(B, H, W, C)` `x` interpolated bilinearly to the height and width of `like`.

    Cells are centred half a cell from their border, as by PyTorch's `align_corners=False`.
    """

    def call(self, inputs):
        """Returns `(B, h, w, C)`."""
        x, like = inputs
        size = ops.shape(like)[1:3]
        if all(isinstance(side, int) for side in size):
            return ops.image.resize(x, size, interpolation="bilinear")
        import tensorflow as tf  # whose traced steps alone have unknown sides; Keras compares them in Python

        return tf.image.resize(x, size)

    def compute_output_shape(self, input_shape):
        """Returns the shape of `x` with the height and width of `like`."""
        x, like = input_shape
        return (x[0], *like[1:3], x[3])


# The builders by name pass all of their arguments, `locals()`, on.
def fcn_resnet50(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    auxiliary: bool = True,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn_resnet50",
) -> Segmenter:
    """Builds torchvision's fully convolutional network over ResNet-50.

    Arguments as of `fcn_resnet`.
    """
    return fcn_resnet(backbone=resnet50, **locals())


def fcn_resnet101(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    auxiliary: bool = True,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn_resnet101",
) -> Segmenter:
    """Builds torchvision's fully convolutional network over ResNet-101.

    Arguments as of `fcn_resnet`.
    """
    return fcn_resnet(backbone=resnet101, **locals())
