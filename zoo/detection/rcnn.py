"""R-CNN: a CNN describes every proposed region, linear SVMs name it and linear regressions mend its box.

Source: Girshick et al. 2014, arXiv:1311.2524. It is not trained by `fit` but in five steps:
`recipes.training.rcnn`.
"""

import keras
from keras import layers, ops

from zoo.backbones.alexnets import alexnet
from zoo.backbones.small import small_cnn
from zoo.backbones.vgg import vgg16
from zoo.detection.detector import Detector
from zoo.detection.region_features import RegionFeatures
from zoo.detection.thresholds import check_count, with_thresholds
from zoo.layers import PictureSize
from zoo.ops import boxes as box_ops
from zoo.ops.nms import CANDIDATES, best_pairs, by_class
from zoo.ops.rows import take_rows
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def rcnn_alexnet(
    num_classes: int,
    *,
    form: str = "caffenet",
    weights: Weights = None,
    width: float = 1.0,
    proposals: str = "selective_search_fast",
    num_proposals: int = 2000,
    context: int = 16,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "rcnn_alexnet",
) -> "Rcnn":
    """Builds the paper's R-CNN over AlexNet ("T-Net"), in the release CaffeNet over 227 x 227 pixels.

    With VOC's 20 classes it has 57,687,524 parameters. The release takes ImageNet's mean picture from each region,
    ours its mean colour.

    Args:
        num_classes: number of classes C of objects.
        form: of `zoo.backbones.alexnet`; "torchvision" for the column whose weights can be had by name, over
            224 x 224 pixels as torchvision trained it.
        weights: of the classifier trained on ImageNet, which the paper begins from: a file, the Caffe model zoo's
            bvlc_reference_caffenet.caffemodel, or where torchvision has the network "torchvision/IMAGENET1K_V1", see
            `zoo.weights.load`; `None` for random ones.
        width: factor on the number of filters.
        proposals: method of `zoo.proposals` whose regions it looks at.
        num_proposals: P, how many a picture at most.
        context: pixels around the region in each of the network's pictures.
        score_threshold: detections with this score or less are dropped; `None` for the release's.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this; likewise.
        max_detections: K, rows of the result; likewise.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        An `Rcnn`.
    Raises:
        InputError: if the weights cannot be read or do not fit, a number of proposals or detections is not 1 or more,
            or a threshold lies outside of its range.
    """
    size = 224 if form == "torchvision" else 227
    named = {"form": form, "name": "alexnet" if form == "torchvision" else form}
    network = described(alexnet, size, width, **named)
    model = over_regions(network, num_classes, proposals, num_proposals, context, input_shape, name)
    return with_thresholds(with_weights(model, weights), score_threshold, iou_threshold, max_detections)


def rcnn_vgg16(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    proposals: str = "selective_search_fast",
    num_proposals: int = 2000,
    context: int = 16,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "rcnn_vgg16",
) -> "Rcnn":
    """Builds the paper's R-CNN over VGG16 ("O-Net", section 3.3) at 224 pixels; arguments as of `rcnn_alexnet`."""
    network = described(vgg16, 224, width)
    model = over_regions(network, num_classes, proposals, num_proposals, context, input_shape, name)
    return with_thresholds(with_weights(model, weights), score_threshold, iou_threshold, max_detections)


def rcnn_small(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    proposals: str = "selective_search_fast",
    num_proposals: int = 500,
    context: int = 8,
    crop_size: int = 64,
    units: int = 256,
    dropout: float = 0.5,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "rcnn_small",
) -> "Rcnn":
    """Builds an R-CNN over a small network that learns from scratch on two CPU cores.

    Args:
        num_classes: number of classes C of objects.
        weights: file of a model of this kind, see `zoo.weights.load`.
        width: factor on the number of filters, 16 in the first convolution, and units.
        proposals: method of `zoo.proposals` whose regions it looks at.
        num_proposals: P, how many a picture at most.
        context: pixels around the region in each of the network's pictures.
        crop_size: side of those, pixels; a multiple of 16.
        units: of the dense layer that describes a region.
        dropout: share of the last map that training leaves out.
        score_threshold: detections with this score or less are dropped; `None` for the release's.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this; likewise.
        max_detections: K, rows of the result; likewise.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        An `Rcnn`.
    """
    backbone = small_cnn(depth=4, output_stride=16, width=width, input_shape=(crop_size, crop_size, 3))
    pool5 = layers.Flatten(name="flatten")(backbone.output["stride16"])
    fc7 = layers.Dense(int(units * width), activation="relu", name="fc7")(
        layers.Dropout(dropout, name="dropout")(pool5)
    )
    network = keras.Model(backbone.input, {"pool5": pool5, "fc7": fc7}, name="region")
    model = over_regions(network, num_classes, proposals, num_proposals, context, input_shape, name)
    return with_thresholds(with_weights(model, weights), score_threshold, iou_threshold, max_detections)


def described(builder, size, width, **arguments):
    """Builds a classifier of the paper's without its last layer: crops to the features `pool5` and `fc7`."""
    classifier = builder(include_top=True, width=width, input_shape=(size, size, 3), **arguments)
    outputs = {"pool5": classifier.get_layer("flatten").output, "fc7": classifier.get_layer("fc2").output}
    return keras.Model(classifier.input, outputs, name="region")


def over_regions(network, num_classes, proposals, num_proposals, context, input_shape, name):
    """Joins a region's network with one SVM and one box regression a class."""
    num_proposals = check_count("num_proposals", num_proposals)
    image = layers.Input(input_shape, name="image")
    regions = layers.Input((num_proposals, 4), name="proposals")
    features = RegionFeatures(network, context, name="regions")([image, regions])
    margins = layers.Dense(num_classes, dtype="float32", name="svms")(features["fc7"])
    deltas = layers.Dense(4 * num_classes, dtype="float32", name="regressors")(features["pool5"])
    outputs = {
        "margins": margins,
        "deltas": layers.Reshape((num_proposals, num_classes, 4), name="deltas")(deltas),
        "regions": regions,
        "size": PictureSize(name="size")(image),
    }
    model = Rcnn({"image": image, "proposals": regions}, outputs, name=name)
    model.num_classes, model.proposals, model.num_proposals = num_classes, proposals, num_proposals
    return model


@keras.saving.register_keras_serializable("zoo")
class Rcnn(Detector):
    """Pictures `(B, H, W, 3)` and proposed regions `(B, P, 4)` to margins of SVMs `(B, P, C)` and offsets of boxes.

    A detection's score is the sigmoid of its SVM's margin: it keeps their order, and 0.5 is the SVM's own border
    between object and background. A region without area is an empty row, which no class sees. Mended boxes end at the
    picture's border (files of before have no `size` among their outputs: theirs end where they come back into it).

    Attributes:
        proposals: method of `zoo.proposals` that finds its regions.
        num_proposals: P.
        box_regression: whether boxes are mended; if not, a detection is the region itself.
    """

    proposals = ""
    num_proposals = None
    iou_threshold = 0.3  # rcnn_test.m of the authors' release
    box_regression = True
    saved = (*Detector.saved, "proposals", "num_proposals", "box_regression")

    def decode(self, outputs):
        """Returns boxes `(B, P, C, 4)` and scores `(B, P, C)`."""
        regions, margins = outputs["regions"], outputs["margins"]
        found = ops.cast(box_ops.area(regions) > 0.0, "float32")[..., None]
        boxes = box_ops.decode(regions[:, :, None], outputs["deltas"] * float(self.box_regression))
        if "size" in outputs:
            boxes = box_ops.clip(boxes, (outputs["size"][0], outputs["size"][1]))
        return boxes, ops.sigmoid(margins) * found

    def predictions(self, outputs):
        """As `Detector.predictions`; boxes are mended before suppression, as in the authors' release."""
        boxes, scores = self.decode(outputs)
        best, places, labels = best_pairs(scores, CANDIDATES)
        boxes = ops.reshape(boxes, (-1, self.num_proposals * self.num_classes, 4))
        return by_class(
            take_rows(boxes, places * self.num_classes + labels),
            best,
            labels,
            score_threshold=self.score_threshold,
            iou_threshold=self.iou_threshold,
            max_detections=self.max_detections,
        )
