"""What a map that numbers the classes of a picture's pixels says: the segmentation."""

from recipes.data.sources.paired import Paired
from recipes.data.sources.problems import label_problem
from zoo.constants import VOID


class LabelMaps(Paired):
    """Pictures of which each pixel has the number of a class, 255 for void; a subclass finds the files."""

    keys = ("segmentation",)

    def targets(self, numbers):
        """As `Paired.targets`."""
        return {"segmentation": numbers}

    def fault(self, numbers, size, count):
        """As `Paired.fault`: labels that are no class."""
        return label_problem(numbers[numbers != VOID], self.classes, "pixel")
