"""The record that says how a model is trained."""

import dataclasses
import importlib
import json
import math
from dataclasses import dataclass, field
from numbers import Real

from recipes.data import Augment
from recipes.evaluation.metrics import FIGURES
from zoo.errors import InputError, nearest

RECIPES = {
    "deconvnet_objects_voc": "segmentation",
    "deconvnet_voc": "segmentation",
    "deeplab_largefov_voc": "segmentation",
    "fast_rcnn_bccd": "detection",
    "fast_rcnn_voc": "detection",
    "fast_yolo_voc": "detection",
    "faster_rcnn_bccd": "detection",
    "faster_rcnn_coco": "detection",
    "faster_rcnn_finetune": "detection",
    "faster_rcnn_voc": "detection",
    "fcn16s_voc": "segmentation",
    "fcn32s_voc": "segmentation",
    "fcn8s_voc": "segmentation",
    "fcn_finetune": "segmentation",
    "fcn_resnet50_voc": "segmentation",
    "grid_shapes": "detection",
    "keypoint_rcnn_coco": "detection",
    "keypoint_rcnn_finetune": "detection",
    "keypoint_rcnn_shapes": "detection",
    "landmarks_faces": "localization",
    "localizer_shapes": "localization",
    "mask_keypoint_rcnn_coco": "detection",
    "mask_keypoint_rcnn_shapes": "detection",
    "mask_rcnn_cityscapes": "detection",
    "mask_rcnn_coco": "detection",
    "mask_rcnn_finetune": "detection",
    "mask_rcnn_pennfudan": "detection",
    "mask_rcnn_shapes": "detection",
    "pose_lsp": "localization",
    "rcnn_bccd": "detection",
    "rcnn_voc": "detection",
    "segnet_basic_camvid": "segmentation",
    "segnet_camvid": "segmentation",
    "segnet_sun": "segmentation",
    "tiny_yolo_v2_bccd": "detection",
    "unet_cells": "segmentation",
    "unet_membrane": "segmentation",
    "unet_shapes": "segmentation",
    "yolo_v1_voc": "detection",
    "yolo_v2_coco": "detection",
    "yolo_v2_finetune": "detection",
    "yolo_v2_voc": "detection",
}
"""By name, the room of each recipe: `recipes/ROOM/NAME.py`, which has one function `recipe()`."""
SIBLINGS = {
    "fast_rcnn_resnet50_fpn": "fast_rcnn_bccd",
    "fast_rcnn_zf": "fast_rcnn_voc",
    "faster_rcnn_resnet101_c4": "faster_rcnn_coco",
    "faster_rcnn_resnet101_fpn": "faster_rcnn_coco",
    "faster_rcnn_resnet50_c4": "faster_rcnn_coco",
    "faster_rcnn_zf": "faster_rcnn_voc",
    "fcn16s_alexnet": "fcn16s_voc",
    "fcn16s_googlenet": "fcn16s_voc",
    "fcn32s_alexnet": "fcn32s_voc",
    "fcn32s_googlenet": "fcn32s_voc",
    "fcn8s_alexnet": "fcn8s_voc",
    "fcn8s_googlenet": "fcn8s_voc",
    "fcn_resnet101": "fcn_resnet50_voc",
    "keypoint_rcnn_resnet101_fpn": "keypoint_rcnn_coco",
    "mask_keypoint_rcnn_resnet101_fpn": "mask_keypoint_rcnn_coco",
    "mask_rcnn_resnet101_c4": "mask_rcnn_coco",
    "mask_rcnn_resnet101_fpn": "mask_rcnn_coco",
    "mask_rcnn_resnet50_c4": "mask_rcnn_coco",
    "mask_rcnn_resnext101_32x8d_fpn": "mask_rcnn_coco",
    "rcnn_vgg16": "rcnn_voc",
}
"""By builder without a recipe of its own, the recipe that trains it with `--set builder=NAME`."""


@dataclass(frozen=True)
class Recipe:
    """All that decides a training run; the same recipe, data and machine give the same weights.

    Attributes:
        builder: name in `zoo.BUILDERS`.
        task: of the model: "segmentation", "detection", "instance_segmentation", "keypoints", "masks_and_keypoints",
            "localization" or "points".
        data: source to learn from, as `recipes.data.open_source` takes it.
        val_data: source to measure on.
        picture_size: `(height, width)` in pixels that the model takes.
        resizing: how pictures are brought to it, "letterbox" or "stretch", in training, measuring and predicting.
        crop_size: `(height, width)` of the training's crops, or `None` for `picture_size`. `augment.scale` is then
            relative to the scale at which a picture just fits into the crop.
        arguments: further arguments of the builder, e.g. `{"width": 0.25}`.
        start: run's folder, file or published name whose weights the model begins with, heads of other classes left
            out, see `zoo.weights.load`; "" for none.
        freeze: patterns of layers that keep the weights they begin with, see `zoo.rates`: a pattern, several, or
            "paper" for those of the builder's paper; `()` for none. A model that begins at random has none to keep.
        multipliers: factors on the rate by pattern, likewise, or "paper".
        proposals: method of `zoo.proposals` whose regions the model looks at; "" for a model that proposes its own.
        num_proposals: of them, how many a picture at most.
        anchors: how many anchors to find by k-means in the boxes of `data`, or `None` for the builder's own.
        max_objects: objects of a picture that can be learned from; further ones are left out.
        multi_scale: sizes `(height, width)` of which training draws another every ten batches; `()` for one size.
        augment: random changes to training pictures, see `recipes.data.Augment`.
        batch_size: pictures a batch.
        accumulate: batches whose gradients are averaged for a step of the optimizer; 1 for a step a batch. An epoch,
            the schedule, `steps` and `milestones` count the optimizer's steps.
        epochs: passes over `data`. There may be more of them when a run is resumed.
        patience: validations in a row without a better `metric` after which the run ends; `None` for all epochs. It
            may change when a run is resumed.
        steps: steps after which the run ends, with the epoch they fall into, if `epochs` are not over before; `None`
            for the epochs alone. Where it is set, `milestones` count steps too.
        optimizer: "sgd" (momentum 0.9), "adam" or "adamw".
        learning_rate: its peak; with `scales` above 1 the rate before them.
        schedule: after the warm-up "constant", "cosine" or "polynomial" (power 0.9) decay to 0, or "steps".
        milestones: epochs, or with `steps` steps, at which "steps" changes the rate.
        scales: factor of each milestone on the rate; `()` for a tenth at each.
        warmup_epochs: epochs of linear rise to the peak; the first step already learns.
        burn_in: steps of a rise by the fourth power, at whose last the peak is reached, as in Darknet; 0 for none.
        weight_decay: 0 for none; of "sgd" a part of the gradient (`zoo.optimizers.SGD`), of "adam"
            and "adamw" decoupled, `rate * weight_decay` of a weight a step. Biases and batch normalisation have none.
        clip: longest that the gradient of all weights together may be, else it is shortened to this length; `None`
            for any length.
        class_weights: "median_frequency" or `None`.
        border_weight: what a pixel between two touching cells weighs more than others, w0 of U-Net's weight map
            (`recipes.data.border_weights`), 10 in the paper; 0 for none. `class_weights` are then its w_c.
        border_sigma: pixels, the width of that weight's fall.
        ema: momentum of an exponential moving average of the weights, which is what is measured and kept, or `None`.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
        metric: the figure of the evaluation by which the best epoch is kept.
        validate_every: epochs from one validation to the next; the last epoch is always validated.
        checkpoint_minutes: minutes after which a checkpoint is written within an epoch, so that no more is lost by a
            kill; 0 for one after each epoch alone. It may change when a run is resumed.
        workers: threads that read and augment pictures; `None` for as many as there are cores. They do not change
            what comes out, and may change when a run is resumed.
        seed: of weights, order and augmentation.
    """

    builder: str
    data: str
    val_data: str
    picture_size: tuple[int, int]
    task: str = "segmentation"
    resizing: str = "letterbox"
    crop_size: tuple[int, int] | None = None
    arguments: dict = field(default_factory=dict)
    start: str = ""
    freeze: tuple | str = ()
    multipliers: dict | str = field(default_factory=dict)
    proposals: str = ""
    num_proposals: int = 2000
    anchors: int | None = None
    max_objects: int = 100
    multi_scale: tuple = ()
    augment: Augment = field(default_factory=Augment)
    batch_size: int = 8
    accumulate: int = 1
    epochs: int = 100
    patience: int | None = None
    steps: int | None = None
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    milestones: tuple = ()
    scales: tuple = ()
    warmup_epochs: float = 0.0
    burn_in: int = 0
    weight_decay: float = 0.0
    clip: float | None = None
    class_weights: str | None = None
    border_weight: float = 0.0
    border_sigma: float = 5.0
    ema: float | None = None
    precision: str = "float32"
    metric: str = "miou"
    validate_every: int = 1
    checkpoint_minutes: float = 10.0
    workers: int | None = None
    seed: int = 0

    def __post_init__(self):
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"{name} is one of {', '.join(map(str, allowed))}, received {getattr(self, name)!r}")
        for name in COUNTS:
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise InputError(f"{name} is 1 or more, received {getattr(self, name)}")
        for name in (
            "learning_rate",
            "weight_decay",
            "warmup_epochs",
            "border_weight",
            "checkpoint_minutes",
            "milestones",
            "scales",
            "seed",
        ):
            value = getattr(self, name)
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(isinstance(number, Real) and 0 <= number < math.inf for number in numbers):
                raise InputError(f"{name} is 0 or more, received {value!r}")
        for name in ("picture_size", "crop_size"):
            size = getattr(self, name)
            if size is not None and (len(size) != 2 or min(size) < 1):
                raise InputError(f"{name} is height x width in pixels, as in 360x480, received {size}")
        if self.burn_in < 0 or (self.burn_in and self.warmup_epochs):
            raise InputError(
                f"burn_in is 0 steps or more and in place of warmup_epochs, received {self.burn_in} and "
                f"warmup_epochs={self.warmup_epochs}"
            )
        if self.border_weight and self.task != "segmentation":
            raise InputError(f"border_weight is for segmentation: set border_weight=0 for {self.task}")
        if not 0 < self.border_sigma < math.inf:
            raise InputError(f"border_sigma is more than 0 pixels, received {self.border_sigma}")
        if self.clip is not None and not 0 < self.clip < math.inf:
            raise InputError(f"clip is more than 0, or none, received {self.clip}")
        if self.ema is not None and not 0 < self.ema < 1:
            raise InputError(f"ema lies between 0 and 1, as in 0.999, received {self.ema}")

    def last_epoch(self, steps_per_epoch):
        """Returns the number of epochs that the run takes."""
        return self.epochs if self.steps is None else min(self.epochs, math.ceil(self.steps / steps_per_epoch))

    def to_dict(self):
        """Returns the fields as a dict."""
        return dataclasses.asdict(self)

    def to_json(self):
        """Returns the record as JSON text."""
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_json(cls, text):
        """Reads what `to_json` wrote."""
        from zoo.model import as_tuples  # loads Keras, which a list of recipes need not wait for

        fields = as_tuples(json.loads(text))
        return cls(**{**fields, "augment": Augment(**fields["augment"])})


COUNTS = (
    *("batch_size", "accumulate", "epochs", "patience", "steps", "validate_every"),
    *("anchors", "num_proposals", "max_objects", "workers"),
)
"""Fields that are 1 or more, or `None` where they may be."""
CHOICES = {
    "resizing": ("letterbox", "stretch"),
    "optimizer": ("sgd", "adam", "adamw"),
    "schedule": ("constant", "cosine", "polynomial", "steps"),
    "class_weights": (None, "median_frequency"),
    "precision": ("float32", "mixed_bfloat16", "mixed_float16"),
    "task": (
        *("segmentation", "detection", "instance_segmentation", "keypoints", "masks_and_keypoints"),
        *("localization", "points"),
    ),
    "metric": tuple(dict.fromkeys(sum(FIGURES.values(), ()))),
}


def load(name: str) -> Recipe:
    """Returns the `Recipe` of that name.

    Raises:
        InputError: if there is none.
    """
    if name not in RECIPES:
        raise InputError(f"unknown recipe {name!r}{nearest(name, RECIPES)}: `zoo list` shows all")
    return importlib.import_module(f"recipes.{RECIPES[name]}.{name}").recipe()


def trained_by(builder):
    """Lists the words after `zoo train` with which a builder's model is trained.

    Returns:
        The names of its own recipes, or that of a sibling's with `--set builder=`.
    """
    own = [name for name in RECIPES if load(name).builder == builder]
    return own or [f"{SIBLINGS[builder]} --set builder={builder}"]
