"""What all comparisons share: predictions are counted, and figures that say nothing are told from those that do."""


class Comparison:
    """Values side by side: all that can be said of a task unknown here.

    Args:
        outputs: dict of a batch's predictions.
        size: `(height, width)` of the frame.

    Attributes:
        agreement: fraction of predictions that both models make; `None` where there is none to count.
        metric: name of the figure in `metrics()`.
        places: by the name of a figure, in words the picture, counted from 0, that it is due to.
    """

    agreement = None
    metric: str | None = None

    def __init__(self, outputs, size):
        self.places = {}

    def align(self, reference, candidate):
        """Returns both dicts as they are: position by position their values belong together."""
        return reference, candidate

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of arrays without batch dimension, and the task's targets or `None`."""

    def metrics(self):
        """Returns the metric of reference and candidate; `None` without targets."""
        return None

    def figures(self):
        """Returns further figures of agreement by name, 1 where both models say the same."""
        return {}

    def doubts(self, limits):
        """Returns why the figures of `limits` say nothing of the artifact, one sentence each, with the remedy."""
        return ()


class Counted(Comparison):
    """A comparison that counts predictions: of `count`, the two models share `same`.

    Attributes:
        least: from which value of Keras's own on the metric says something.
    """

    least = 0.1

    def __init__(self, outputs, size):
        super().__init__(outputs, size)
        self.same = self.count = self.pictures = 0

    def add(self, same, count):
        """Adds the predictions of one picture."""
        if same < count:
            self.places.setdefault("agreement", f"first in picture #{self.pictures}")
        self.same += int(same)
        self.count += int(count)
        self.pictures += 1

    @property
    def agreement(self):
        """`None` where neither model predicts anything."""
        return self.same / self.count if self.count else None

    def doubts(self, limits):
        """Nothing predicted, and a metric that is limited but unknown or no better than chance."""
        found = []
        if not self.count:
            found.append("neither model finds anything: give pictures of what the model was trained to find")
        if "metric_change" in limits:
            metrics = self.metrics()
            if metrics is None:
                found.append(f"the {self.metric} is unknown: give data whose labels are the model's classes")
            elif self.blind(metrics[0]):
                found.append(
                    f"the {self.metric} of Keras itself is {metrics[0]:.3f}, as of a model that knows nothing: give "
                    "data that it knows"
                )
        return tuple(found)

    def blind(self, metric):
        """Says whether Keras's own metric is too bad to show what an artifact loses."""
        return metric < self.least
