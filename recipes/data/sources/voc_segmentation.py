"""`voc_segmentation:DIR[:split]`: a class a pixel, in the folders of Pascal VOC (VOCdevkit/VOC2012)."""

from pathlib import Path

from recipes.data.files import MOST_OF_LISTS, read_lines
from recipes.data.sources.label_maps import LabelMaps
from zoo.errors import InputError
from zoo.weights.names import VOC

NEEDED = "voc_segmentation:DIR needs DIR/JPEGImages/NAME.jpg and DIR/SegmentationClass/NAME.png"
AUGMENTED = "SegmentationClassAug"
"""Folder of the masks that others made of SBD's, under VOC's names."""


class VocSegmentation(LabelMaps):
    """Pictures with VOC's 20 classes and background a pixel, 255 for borders and what is hard to tell.

    Where DIR holds SegmentationClassAug, pictures without a mask in SegmentationClass have theirs there.

    Args:
        rest: `DIR` for all pictures with a mask, or `DIR:split` for those that DIR/ImageSets/Segmentation/SPLIT.txt
            names, one a line.

    Raises:
        InputError: if a folder, the split, a picture or a mask is missing.
    Source: Everingham et al., The PASCAL VOC Challenge 2012 Development Kit, section 4.2; for the further masks
        Hariharan et al. 2011, "Semantic Contours from Inverse Detectors".
    """

    classes = VOC

    def __init__(self, rest):
        name, _, split = rest.partition(":")
        if not name:
            raise InputError(f"voc_segmentation: names no folder; {NEEDED}")
        folder = Path(name)
        for part in (folder, folder / "JPEGImages", folder / "SegmentationClass"):
            if not part.is_dir():
                raise InputError(f"{part}: no such folder; {NEEDED}")
        masks = {path.stem: path for path in (folder / AUGMENTED).glob("*.png")}
        masks |= {path.stem: path for path in (folder / "SegmentationClass").glob("*.png")}
        stems = stems_of(folder / "ImageSets" / "Segmentation", split) if split else sorted(masks)
        if not stems:
            raise InputError(f"{folder / 'SegmentationClass'}: holds no masks; {NEEDED}")
        images = pictures_of(folder / "JPEGImages", stems, NEEDED)
        expected = folder / "SegmentationClass"
        super().__init__(
            f"voc_segmentation:{rest}", images, [masks.get(stem, expected / f"{stem}.png") for stem in stems], NEEDED
        )


def stems_of(folder, split):
    """Reads the names of a split's pictures, without suffix.

    Args:
        folder: where its file SPLIT.txt lies, which names one a line.
        split: its name.

    Returns:
        List of names, in the order of the file.

    Raises:
        InputError: if there is no such file, or it is empty.
    """
    path = folder / f"{split}.txt"
    if not path.is_file():
        splits = ", ".join(sorted(file.stem for file in folder.glob("*.txt"))) or "none"
        raise InputError(f"{path}: no such split; there are {splits}")
    stems = read_lines(path, MOST_OF_LISTS)
    if not stems:
        raise InputError(f"{path}: the split is empty; it takes the name of a picture a line, without .jpg")
    return stems


def pictures_of(folder, stems, needed):
    """Returns the paths `folder/STEM.jpg`; raises `InputError` where one is missing."""
    images = [folder / f"{stem}.jpg" for stem in stems]
    missing = [image for image in images if not image.is_file()]
    if missing:
        raise InputError(f"{missing[0]}: no such picture, as {len(missing)} of {len(images)} named; {needed}")
    return images
