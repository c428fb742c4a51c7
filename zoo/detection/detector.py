import keras

from zoo.detection.thresholds import CHECKS
from zoo.model import MultiLossModel
from zoo.ops.nms import detections

CANDIDATES = 1000
"""Pairs of box and class, the best of each picture, that enter suppression, as RetinaNet's (Lin et al. 2017,
arXiv:1708.02002, section 4.1): of a grid's boxes a few cells' lie on one object."""


@keras.saving.register_keras_serializable("zoo")
class Detector(MultiLossModel):
    """A model that finds objects: `(B, H, W, 3)` pictures to boxes, scores, labels and their count.

    A subclass says in `decode` what its outputs mean; suppression follows here, class by class.

    Attributes:
        num_classes: C.
        score_threshold: detections with this score or less are dropped. Low, as average precision wants; whoever
            draws them cuts higher.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this.
        max_detections: K, rows of the result.
    """

    task = "detection"
    num_classes: int | None = None
    score_threshold = 0.005  # what Darknet's `detector valid` prints
    iou_threshold = 0.45  # what Darknet suppresses by
    max_detections = 100
    checks = CHECKS
    saved = (*MultiLossModel.saved, "num_classes", "score_threshold", "iou_threshold", "max_detections")

    def decode(self, outputs):
        """Turns the network's outputs into `(boxes (B, N, 4), scores (B, N, C))`, xyxy in pixels of the frame."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its outputs mean")

    def predictions(self, outputs):
        """Returns `boxes (B, K, 4)`, `scores (B, K)` falling, `labels (B, K)` -1 where empty, `count (B,)`."""
        boxes, scores = self.decode(outputs)
        return detections(
            boxes,
            scores,
            score_threshold=self.score_threshold,
            iou_threshold=self.iou_threshold,
            max_detections=self.max_detections,
            candidates=CANDIDATES,
        )
