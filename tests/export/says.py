"""Models of every task that say nearly the same of every picture."""

import numpy as np
from keras import layers, ops

from zoo.model import ZooModel

SIDE = 16
PICTURES = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
SAID = {
    "score": 0.8,
    "box": [2, 3, 12, 14],
    "probs": [0.1, 0.7, 0.2],
    "points": [[4, 5], [12, 9]],
    "boxes": [[1, 2, 9, 10], [6, 4, 15, 12], [3, 8, 13, 15]],
    "scores": [0.9, 0.7, 0.5],
    "masks": (np.indices((3, 4, 4)) * [[[[1]]], [[[2]]], [[[1]]]]).sum(0) % 3 * 0.35 + 0.1,
    "keypoints": [[[2, 3, 4], [8, 9, 5]], [[7, 5, 4], [14, 11, 5]], [[4, 9, 4], [12, 14, 5]]],
}
"""What is said of a black picture."""
TASKS = {
    "localization": (["score", "box", "probs"], "accuracy"),
    "points": (["score", "points"], "mean error"),
    "detection": (["boxes", "scores"], "AP50"),
    "instance_segmentation": (["boxes", "scores", "masks"], "AP50"),
    "keypoints": (["boxes", "scores", "keypoints"], "PCK"),
    "masks_and_keypoints": (["boxes", "scores", "masks", "keypoints"], "PCK"),
}
"""By task, its float outputs and the metric it is judged by."""
PLACED = ("box", "points", "boxes", "keypoints")


class Says(ZooModel):
    """Says of every picture nearly the same, moved a little by its colours; of the objects, one a class."""

    proposals, num_proposals = "", 0
    saved = (*ZooModel.saved, "proposals", "num_proposals")

    def predictions(self, outputs):
        """Adds labels and count."""
        if "scores" not in outputs:
            return outputs
        labels = ops.cast(outputs["scores"] > 0, "int32") * ops.arange(3)
        return {**outputs, "labels": labels, "count": ops.sum(ops.cast(outputs["scores"] > 0, "int32"), -1)}


def says(task, other=None):
    """Builds the model of a task; `other` names an output that comes out a fifth larger."""
    image = layers.Input((SIDE, SIDE, 3), name="image")
    colours = layers.Flatten()(layers.AveragePooling2D(8)(layers.Rescaling(1 / 255)(image)))
    outputs, rng = {}, np.random.default_rng(0)
    for name in TASKS[task][0]:
        said = np.float32(SAID[name]) * (1.2 if name == other else 1.0)
        dense = layers.Dense(said.size, name=f"{name}_values")
        outputs[name] = layers.Reshape(said.shape, name=name)(dense(colours))
        dense.set_weights([rng.normal(0, 0.02, dense.kernel.shape), said.ravel()])
    model = Says(image, outputs, name="says")
    model.task, model.image_size = task, (SIDE, SIDE)
    return model


def targets(task):
    """Returns the targets of a task by which all that is said is right."""
    if task == "localization":
        return {"boxes": np.float32(SAID["box"]), "labels": np.int32(1)}
    if task == "points":
        return {"keypoints": np.pad(np.float32(SAID["points"]), ((0, 0), (0, 1)), constant_values=2.0)}
    points = np.float32(SAID["keypoints"])
    points[..., 2] = 2.0
    return {"boxes": np.float32(SAID["boxes"]), "labels": np.arange(3), "keypoints": points}
