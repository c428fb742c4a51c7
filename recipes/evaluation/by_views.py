"""A predictor that looks at a picture several times, mirrored and at other scales, and joins what it finds."""

import copy

import numpy as np

from export.letterbox import fit
from export.tasks import in_picture
from recipes.evaluation.merging import merged
from recipes.evaluation.ways import Over
from zoo.drawing.depict import MORE
from zoo.errors import InputError, written
from zoo.ops.objects_numpy import detected

SMALLEST, LARGEST = 0.1, 10
ROUND = 32
"""Pixels: sides that a network was given in whole multiples of this stay such."""


class Views(Over):
    """A predictor over another that shows it each picture at several scales, as it is and mirrored.

    Logits are averaged; objects are merged by suppression between the views, see `recipes.evaluation.merging.merged`.

    Args:
        predictor: what `export.load` returns for a segmenter or a detector, or one over it.
        flip: whether pictures are also shown mirrored left to right.
        scales: by how much pictures are larger than usual, 1 for as they usually are.

    Raises:
        InputError: if the task is another, a scale lies outside 0.1-10, or the model takes no other size.
    """

    def __init__(self, predictor, flip, scales):
        if predictor.task != "segmentation" and predictor.task not in MORE:
            task = predictor.task or "an unknown task"
            raise InputError(f"--flip and --scales are for segmentation and detectors, received a model for {task}")
        if not all(SMALLEST <= scale <= LARGEST for scale in scales):
            received = ", ".join(f"{scale:g}" for scale in scales)
            raise InputError(f"--scales takes numbers from {SMALLEST} to {LARGEST}, received {received}")
        super().__init__(predictor)
        self.flip, self.scaled = flip, [at_scale(predictor, scale) for scale in scales]
        self.exchanged = exchanged(predictor.keypoint_names) if "keypoints" in MORE.get(predictor.task, ()) else ()

    def predict_each(self, pictures):
        """Yields one dict a picture, in its own pixels."""
        for picture in pictures:
            shown = [picture, np.ascontiguousarray(picture[:, ::-1])] if self.flip else [picture]
            views = []
            for predictor in self.scaled:
                found = list(predictor.predict_each(shown))
                views.append(found[0])
                views += [self.mirrored(one, picture.shape[1]) for one in found[1:]]
            if self.predictor.task == "segmentation":
                yield {"logits": np.mean([view["logits"] for view in views], axis=0)}
            else:
                yield merged(views, self.predictor.task)

    def mirrored(self, prediction, width):
        """Returns what was found in a mirrored picture as it lies in the picture itself, `width` pixels wide."""
        if self.predictor.task == "segmentation":
            return {"logits": prediction["logits"][:, ::-1]}
        found = detected(prediction, *MORE[self.predictor.task])
        x1, y1, x2, y2 = np.moveaxis(found["boxes"], -1, 0)
        found["boxes"] = np.stack([width - x2, y1, width - x1, y2], axis=-1)
        if "masks" in found:
            found["masks"] = found["masks"][:, :, ::-1]
        if "keypoints" in found:
            x, y, score = np.moveaxis(found["keypoints"], -1, 0)
            found["keypoints"] = np.stack([width - x, y, score], axis=-1)[:, self.exchanged]
        return found


def exchanged(names):
    """Returns which keypoint each is in a mirror: that of the other side, where a name says its own."""
    from recipes.data.sources.coco import left_right_pairs

    if not names:
        raise InputError("--flip needs the names of the keypoints, which this model does not know: leave it out")
    order = np.arange(len(names))
    for left, right in left_right_pairs(names):
        order[[left, right]] = right, left
    return order


def at_scale(predictor, scale):
    """Returns a predictor to which pictures are shown larger, or smaller, than usual.

    Where pictures are brought to a size, that size is another; where they are seen at their own, they are resized.

    Raises:
        InputError: if the network takes no other size.
    """
    if scale == 1:
        return predictor
    if getattr(predictor, "by_own_scale", False):
        return Resized(predictor, scale)
    if predictor.sides:
        other = copy.copy(predictor)
        other.sides = tuple(max(1, round(scale * side)) for side in predictor.sides)
        return other
    if None not in predictor.network_size:
        takes = written(predictor.network_size)
        raise InputError(
            f"--scales needs a model that takes pictures of any size, received one of {takes}: export it with "
            "--image-size any, or give --tile"
        )
    if predictor.frame_size is None:
        return Resized(predictor, scale)
    other = copy.copy(predictor)
    other.frame_size = tuple(scaled_side(side, scale) for side in predictor.frame_size)
    return other


def scaled_side(side, scale):
    """Returns a side at a scale, in whole multiples of `ROUND` where it was one."""
    step = 1 if side % ROUND else ROUND
    return max(step, int(scale * side / step + 0.5) * step)


class Resized(Over):
    """A predictor over another, which takes pictures as they are, that shows them resized by a scale."""

    def __init__(self, predictor, scale):
        super().__init__(predictor)
        self.scale = scale

    def predict_each(self, pictures):
        """Yields one dict a picture, in its own pixels."""
        for picture in pictures:
            size = tuple(max(1, round(self.scale * side)) for side in picture.shape[:2])
            resized, placement = fit(picture, size, "stretch")
            (found,) = self.predictor.predict_each([resized])
            yield in_picture(found, placement)
