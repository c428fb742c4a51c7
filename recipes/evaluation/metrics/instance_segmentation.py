"""Average precision of masks, as COCO counts it, and that of their boxes."""

from recipes.evaluation import rle
from recipes.evaluation.metrics import detection
from recipes.evaluation.metrics.coco import coco_scores
from zoo.ops.objects_numpy import detected


class Evaluator(detection.Evaluator):
    """Gathers average precision over pictures of any sizes; masks are kept as run lengths."""

    of_what = " of boxes at IoU 0.5"

    def update(self, prediction, example):
        """Adds a picture.

        Args:
            prediction: as in detection, and `masks (K, m, m)` probabilities within the box.
            example: as in detection, with the `image (H, W, 3)` and `runs (N,)`, its masks as COCO's compressed run
                lengths, see `Source.decode_as`.
        """
        super().update(prediction, example)
        objects, detections = self.pictures[-1]
        size = list(example["image"].shape[:2])
        objects |= {"size": size, "masks": [{"size": size, "counts": runs.decode()} for runs in example["runs"]]}
        detections["masks"] = rle.encode_pasted(detected(prediction, "masks")["masks"], detections["boxes"], size)

    def scores(self):
        """Returns the figures of masks, then those of detection.

        `mask_ap`, `mask_ap50` ... are COCO's, by the IoU of masks; an object's size is its mask's where the source
        states no areas. Then `ap`, `ap50` ... of boxes.
        """
        overall, of_each = coco_scores(self.pictures, self.class_names, "segm", "mask_")
        return {**overall, **of_each, **super().scores()}
