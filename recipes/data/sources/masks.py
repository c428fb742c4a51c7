"""`masks:DIR`: pictures in `DIR/images`, one PNG of labels each, of the same stem, in `DIR/masks`."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from recipes.data import pictures
from recipes.data.progress import track
from recipes.data.sources.label_maps import LabelMaps
from recipes.data.sources.paired import classes_near
from zoo.constants import VOID
from zoo.errors import InputError

NEEDED = "masks:DIR needs DIR/images with pictures and DIR/masks with a PNG of the same name for each"


class Masks(LabelMaps):
    """Pictures with a label a pixel, 255 for void.

    `classes.txt`, one name a line, lies in the folder or its parent; without it the classes are numbered, up to
    the largest label found.

    Args:
        folder: path of the folder with `images` and `masks`.

    Raises:
        InputError: if the folder, one of its parts or a mask is missing.
    """

    def __init__(self, folder):
        if not folder:
            raise InputError(f"masks: names no folder; {NEEDED}")
        self.folder = Path(folder)
        for part in (self.folder, self.folder / "images", self.folder / "masks"):
            if not part.is_dir():
                raise InputError(f"{part}: no such folder; {NEEDED}")
        images = pictures.find(self.folder / "images")
        masks = [self.folder / "masks" / f"{image.stem}.png" for image in images]
        super().__init__(f"masks:{folder}", images, masks, NEEDED)
        self.classes = classes_near(self.folder) or self._numbered_classes()

    def _numbered_classes(self):
        with ThreadPoolExecutor() as pool:
            found = track(pool.map(_largest_label, self.masks), "reading masks", self.count)
            largest = max(found)
        if largest < 0:
            raise InputError(f"{self.folder / 'masks'}: no mask can be read or has a label below {VOID}")
        return tuple(str(label) for label in range(largest + 1))


def _largest_label(path):
    """Returns the largest label of a mask, -1 where it has none but void."""
    try:
        labels = pictures.labels_from_bytes(path.read_bytes())
    except ValueError:
        return -1  # `problems` names the file and says why.
    return int(labels.max(initial=-1, where=labels != VOID))
