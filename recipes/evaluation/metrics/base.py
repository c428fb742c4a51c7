"""What the measure of every task offers."""

import math


class Evaluator:
    """Gathers figures over pictures of any sizes.

    Args:
        class_names: C names, index for index.
        keypoint_names: K names, `()` where they are unknown or there are no keypoints.
    """

    def __init__(self, class_names, keypoint_names=()):
        self.class_names, self.keypoint_names = tuple(class_names), tuple(keypoint_names)

    def update(self, prediction, example):
        """Adds a picture.

        Args:
            prediction: dict of arrays without batch dimension, in the picture's own pixels.
            example: dict of arrays, as `Source.decode` returns it, its masks as "runs", see
                `Source.decode_as`.
        """
        raise NotImplementedError

    def merge(self, other):
        """Adds the pictures of another evaluator, as if they came after one's own: parts of a set are measured apart.

        In which order parts are merged makes no difference, but for detections of one score in different pictures:
        of those the benchmarks look at the earlier picture's first, and so do we.

        Args:
            other: of the same kind, classes and keypoints; it stays as it is.
        Raises:
            ValueError: if it is another (the message shows both).
        """
        ours, theirs = ((type(one), one.class_names, one.keypoint_names) for one in (self, other))
        if ours != theirs:
            raise ValueError(
                f"evaluators of one kind, classes and keypoints are merged, received {ours} and {theirs}"
            )

    def scores(self):
        """Returns a flat dict of figures, `None` for one without a value; the first key is the main figure.

        "iou/road" is the figure "iou" of the class (or keypoint) "road".
        """
        raise NotImplementedError

    def curves(self):
        """Returns curves to draw.

        Returns:
            List of dicts that JSON can hold: `title`, names of the axes `x` and `y`, and `lines`, name to `[xs, ys]`.
        """
        return []

    def charts(self):
        """Returns what else there is to draw.

        Returns:
            List of dicts that JSON can hold: `title`, names of the axes `x` and `y`, and either `matrix`, rows of
            counts by the names of `rows` and `columns`, or `bars`, name to counts by the names of `bins`, which are
            stacked.
        """
        return []


def known_mean(values):
    """Returns the mean of those that are not `None`, whatever their order; `None` without any."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
