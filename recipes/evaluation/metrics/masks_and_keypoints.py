"""Average precision of masks, of keypoints and of their boxes, as COCO counts each."""

from recipes.evaluation.metrics import instance_segmentation, keypoints

FIRST = ("mask_ap", "keypoint_ap", "ap")


class Evaluator(instance_segmentation.Evaluator, keypoints.Evaluator):
    """Gathers average precision over pictures of any sizes; predictions and examples are those of both tasks."""

    def scores(self):
        """Returns `mask_ap`, `keypoint_ap` and `ap`, then the further figures of masks, keypoints and boxes."""
        scores = super().scores()
        return {**{name: scores[name] for name in FIRST}, **scores}
