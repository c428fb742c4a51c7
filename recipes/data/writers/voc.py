"""Pascal VOC: `Annotations/NAME.xml`, `JPEGImages`, `ImageSets/Main/SPLIT.txt`, and `classes.txt` for their order."""

from pathlib import Path
from xml.etree import ElementTree

from recipes.data.sources.class_names import named_classes
from recipes.data.writers.writer import Writer, write_classes
from zoo.errors import InputError

ANNOTATIONS, LISTS, CLASSES = "Annotations", Path("ImageSets", "Main"), "classes.txt"
LEAST = 0.01
DIFFICULT = "ignored objects: are difficult ones"
NARROW = (
    f"boxes no wider or lower than a pixel: are {1 + LEAST} pixels, as VOC's reader takes others for stray clicks"
)


class Voc(Writer):
    """Boxes, counted from 1 with the last pixel included; whole numbers where they are, else to 0.01 pixel.

    Source: Everingham et al., The PASCAL VOC Challenge 2007 Development Kit, section 5.
    """

    format = "voc"
    task = "detection"
    splits = None
    pictures = "JPEGImages"

    def __init__(self, folder, source, split=None):
        super().__init__(folder, source, split)
        self.spec = f"voc:{self.folder}:{self.split}"
        self.stems = []

    def add_to(self):
        """As `Writer.add_to`."""
        path, known = self.folder / LISTS / f"{self.split}.txt", self.folder / CLASSES
        if not (self.folder / ANNOTATIONS).is_dir() or not known.is_file():
            raise self.foreign()
        if path.exists():
            raise InputError(f"{path}: the split is there already; name another by --split, or a new folder")
        if named_classes(known) != self.classes:
            raise InputError(
                f"{known}: names other classes ({', '.join(named_classes(known)[:20])}) than {self.source.spec} has "
                f"({', '.join(self.classes[:20])}); choose the same by ?classes=..., or name a new folder"
            )
        self.taken = [path.stem for part in (self.pictures, ANNOTATIONS) for path in (self.folder / part).iterdir()]

    def add(self, stage, file, picture):
        """As `Writer.add`."""
        stem = Path(file).stem
        root = ElementTree.Element("annotation")
        put(root, folder=self.pictures, filename=file)
        put(ElementTree.SubElement(root, "size"), width=picture.size[1], height=picture.size[0], depth=3)
        put(root, segmented=0)
        targets = picture.targets
        for box, label, ignored in zip(targets["boxes"], targets["labels"], picture.ignored, strict=True):
            element = ElementTree.SubElement(root, "object")
            put(element, name=self.classes[label], pose="Unspecified", truncated=0, difficult=int(ignored))
            put(ElementTree.SubElement(element, "bndbox"), **self._sides(box.tolist()))
            self.notes.update({DIFFICULT: 1} if ignored else {})
        ElementTree.indent(root)
        (stage / ANNOTATIONS).mkdir(exist_ok=True)
        (stage / ANNOTATIONS / f"{stem}.xml").write_text(
            ElementTree.tostring(root, encoding="unicode") + "\n", encoding="utf-8"
        )
        self.objects += len(targets["labels"])
        self.without_areas(picture)
        self.stems.append(stem)

    def _sides(self, box):
        x1, y1, x2, y2 = (round(side, 2) for side in box)
        right, bottom = max(x2, x1 + 1 + LEAST), max(y2, y1 + 1 + LEAST)
        self.notes.update({NARROW: 1} if (right, bottom) != (x2, y2) else {})
        return {"xmin": number(x1 + 1), "ymin": number(y1 + 1), "xmax": number(right), "ymax": number(bottom)}

    def finish(self, stage):
        """As `Writer.finish`."""
        write_classes(stage / CLASSES, self.classes)
        (stage / LISTS).mkdir(parents=True)
        lines = "".join(f"{stem}\n" for stem in self.stems)
        (stage / LISTS / f"{self.split}.txt").write_text(lines, encoding="utf-8")


def put(element, **texts):
    """Adds to an element one for each text."""
    for tag, text in texts.items():
        ElementTree.SubElement(element, tag).text = str(text)


def number(value):
    """Writes a number to two digits, without those that are 0."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
