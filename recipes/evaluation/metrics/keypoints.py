"""Average precision of keypoints, as COCO counts it by their similarity (OKS), and that of their boxes.

Source: https://cocodataset.org/#keypoints-eval.
"""

import numpy as np

from recipes.evaluation.metrics import detection
from recipes.evaluation.metrics.coco import coco_scores
from zoo.errors import InputError
from zoo.ops.objects_numpy import detected

# The spread of people's marks at each keypoint of COCO, as a share of the square root of the object's area.
COCO_SIGMAS = {
    "nose": 0.026,
    **dict.fromkeys(("left_eye", "right_eye"), 0.025),
    **dict.fromkeys(("left_ear", "right_ear"), 0.035),
    **dict.fromkeys(("left_shoulder", "right_shoulder"), 0.079),
    **dict.fromkeys(("left_elbow", "right_elbow"), 0.072),
    **dict.fromkeys(("left_wrist", "right_wrist"), 0.062),
    **dict.fromkeys(("left_hip", "right_hip"), 0.107),
    **dict.fromkeys(("left_knee", "right_knee"), 0.087),
    **dict.fromkeys(("left_ankle", "right_ankle"), 0.089),
}
SIGMA = 0.05  # of all others, of which nobody knows it


class Evaluator(detection.Evaluator):
    """Gathers average precision over pictures of any sizes.

    An object without a keypoint in the picture is, for keypoints, neither right nor wrong. Its area, the unit of
    distances, is 0.53 of its box's where the source states none, see `recipes.evaluation.metrics.coco.OF_BOX`.
    """

    of_what = " of boxes at IoU 0.5"

    def update(self, prediction, example):
        """Adds a picture.

        Args:
            prediction: as in detection, and `keypoints (K, P, 3)` x, y, score, in the picture's pixels.
            example: as in detection, and `keypoints (N, P, 3)` x, y, visibility.

        Raises:
            InputError: if the model predicts another number of keypoints than the source has.
        """
        super().update(prediction, example)
        objects, detections = self.pictures[-1]
        objects["keypoints"] = np.asarray(example["keypoints"])
        detections["keypoints"] = detected(prediction, "keypoints")["keypoints"]
        theirs, ours = objects["keypoints"].shape[1], detections["keypoints"].shape[1]
        if theirs != ours:
            raise InputError(f"the model predicts {ours} keypoints, the source has {theirs}: name another source")

    def scores(self):
        """Returns the figures of keypoints, then those of detection.

        `keypoint_ap`, `keypoint_ap50` ... are COCO's, over similarities 0.50 to 0.95, of 20 detections a picture.
        Then `ap`, `ap50` ... of boxes.
        """
        overall, of_each = coco_scores(self.pictures, self.class_names, "keypoints", "keypoint_", self.sigmas())
        return {**overall, **of_each, **super().scores()}

    def sigmas(self):
        """Returns COCO's sigmas where all keypoints have its names, else `SIGMA` for each."""
        if set(self.keypoint_names) == set(COCO_SIGMAS):
            return [COCO_SIGMAS[name] for name in self.keypoint_names]
        count = next((objects["keypoints"].shape[1] for objects, _ in self.pictures), len(self.keypoint_names))
        return [SIGMA] * count
