"""The model of every network that looks at regions, from Fast R-CNN on: what it learns from, loses and predicts."""

import re
from functools import cached_property, partial

import keras
import numpy as np
from keras import ops

from zoo.detection.region_losses import region_losses
from zoo.detection.thresholds import CHECKS
from zoo.model import MultiLossModel
from zoo.ops import sampling

FEWEST_ROWS = 8
"""Regions of a picture below which a head over those with an object is not asked for fewer."""


def of_layer(layer, attribute):
    """Returns a property of a model that is an attribute of one of its layers."""

    def read(model):
        return getattr(model.get_layer(layer), attribute)

    def write(model, value):
        setattr(model.get_layer(layer), attribute, value)

    return property(read, write)


@keras.saving.register_keras_serializable("zoo")
class FastRcnn(MultiLossModel):
    """A model that classifies and moves regions; what it learns from is drawn from them and the objects.

    In training it returns feature maps and regions alone: the heads are called with those that are drawn.

    Attributes:
        num_classes: C.
        score_threshold: detections with this score or less are dropped.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this.
        max_detections: K, rows of the result.
        region_samples: regions drawn of each picture.
        positive_fraction: largest share of them with an object.
        positive_iou: least IoU with an object of a region that has it.
        negative_iou: `(low, high)`, the best IoU of a region that is background.
        box_beta: of the smooth L1 loss.
        proposals: name of the method that finds the regions, "" for a network that proposes its own.
        num_proposals: P, of the method's.
    """

    task = "detection"
    loss_names: tuple[str, ...] = ("class_loss", "box_loss")
    num_classes: int | None = None
    region_samples = 64
    positive_fraction = 0.25
    positive_iou = 0.5
    negative_iou = (0.1, 0.5)
    box_beta = 1.0
    proposals = ""
    num_proposals = 0
    score_threshold = of_layer("detections", "score_threshold")
    iou_threshold = of_layer("detections", "iou_threshold")
    max_detections = of_layer("detections", "max_detections")
    checks = CHECKS
    predicted: tuple[str, ...] = ("boxes", "scores", "labels", "count")
    saved = (
        *MultiLossModel.saved,
        "num_classes",
        "score_threshold",
        "iou_threshold",
        "max_detections",
        "region_samples",
        "positive_fraction",
        "positive_iou",
        "negative_iou",
        "box_beta",
        "proposals",
        "num_proposals",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs, training=None, mask=None):
        """As Keras's; in training without what is predicted."""
        if training:
            return self.regions(inputs, training=True)
        return super().call(inputs, training=training, mask=mask)

    @cached_property
    def regions(self):
        """The part of the model, its layers shared, that finds feature maps and regions.

        Were the heads left in the training's graph, they would run over every proposal, and their batch normalisation
        would see those too: Keras runs a functional model's layers as it is called, whatever their calls asked for.
        """
        kept = {name: output for name, output in self.output.items() if name not in self.predicted}
        return keras.Model(self.input, kept, name=f"{self.name}_regions")

    def predictions(self, outputs):
        """Returns `boxes (B, K, 4)`, `scores (B, K)` falling, `labels (B, K)` -1 where empty, `count (B,)`."""
        return {name: outputs[name] for name in self.predicted}

    def loss_terms(self, targets, outputs, training=False):
        """Draws regions and returns the terms of what the heads say of them."""
        drawn = sampling.regions(
            ops.stop_gradient(outputs["proposals"]),
            targets,
            count=self.region_samples,
            positive_fraction=self.positive_fraction,
            positive_iou=self.positive_iou,
            negative_iou=self.negative_iou,
            seed=self.seed_generator,
        )
        reads = list(outputs["maps"])
        if self.shares_features:
            reads = [self.get_layer("region_features")([*reads, drawn["boxes"]], training=training)]
        return self.region_terms(reads, drawn, targets, training)

    @property
    def shares_features(self):
        """Whether all heads read what one model, `region_features`, makes of maps and regions (C4)."""
        return any(layer.name == "region_features" for layer in self.layers)

    def region_terms(self, reads, drawn, targets, training):
        """Returns the terms of class and box.

        Args:
            reads: list of tensors, what heads read of the drawn regions.
            drawn: see `zoo.ops.sampling.regions`.
            targets: dict of padded targets.
            training: of the heads.
        """
        found = self.get_layer("box_head")([*reads, drawn["boxes"]], training=training)
        return region_losses(found, drawn, targets, self.box_beta)

    def over_objects(self, loss, reads, drawn):
        """Returns the loss of the drawn regions that have an object, which are the first ones of each picture.

        A head's work is proportional to the rows it is given: it gets the fewest of some numbers that hold them all.

        Args:
            loss: function of what the head reads, and of boxes, labels and matches of the rows, to a scalar.
            reads: list of tensors, what heads read of all drawn regions.
            drawn: see `zoo.ops.sampling.regions`.
        """
        counts = [max(1, int(self.region_samples * self.positive_fraction))]
        while counts[-1] > FEWEST_ROWS:
            counts.append(-(-counts[-1] // 2))

        def of_rows(count):
            rows = (drawn[name][:, :count] for name in ("boxes", "labels", "matched"))
            return loss(self.first_rows(reads, drawn, count), *rows)

        needed = ops.max(ops.sum(ops.cast(drawn["labels"] > 0, "int32"), axis=1))
        place = ops.sum(ops.cast(needed <= np.array(counts[1:], "int32"), "int32"))
        return ops.switch(place, [partial(of_rows, count) for count in counts])

    def first_rows(self, reads, drawn, count):
        """Returns what heads read of the first `count` drawn regions of each picture."""
        if not self.shares_features:
            return reads
        drawn_rows, (features,) = drawn["boxes"].shape[1], reads
        features = ops.reshape(features, (-1, drawn_rows, *features.shape[1:]))[:, :count]
        return [ops.reshape(features, (-1, *features.shape[2:]))]

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model back from `get_config()`; in older files each map is an output of its own, `map0` ..."""
        outputs = dict(config["output_layers"])
        if "maps" not in outputs:
            outputs["maps"] = [outputs.pop(name) for name in sorted(outputs) if re.fullmatch(r"map\d", name)]
        return super().from_config({**config, "output_layers": outputs}, custom_objects=custom_objects)
