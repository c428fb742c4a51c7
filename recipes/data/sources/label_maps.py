"""What a map that numbers the classes of a picture's pixels says: the segmentation."""

from recipes.data.sources.paired import Paired
from recipes.data.sources.source import segmentation_problem


class LabelMaps(Paired):
    """Pictures of which each pixel has the number of a class, 255 for void; a subclass finds the files."""

    keys = ("segmentation",)

    def targets(self, numbers):
        """As `Paired.targets`."""
        return {"segmentation": numbers}

    def fault(self, numbers, picture_size):
        """As `Paired.fault`: another size than the picture's, or labels that are no class."""
        return segmentation_problem(numbers, picture_size, self.classes)
