"""`voc:DIR[:split]`: boxes in Pascal VOC's format: an .xml file a picture, in folders of any name."""

import os
from dataclasses import replace
from itertools import islice

from recipes.data.sources.annotated import Annotated
from recipes.data.sources.class_names import named_classes
from recipes.data.sources.entries import Entry, Fault, first_fault, with_boxes_named
from recipes.data.sources.halves import HALVES, half
from recipes.data.sources.voc_layout import ANNOTATIONS, NEEDED, Layout
from recipes.data.sources.voc_objects import objects_in
from zoo.errors import InputError
from zoo.progress import track

UNKNOWN = "objects of a class that classes.txt does not name"


class Voc(Annotated):
    """Boxes of Pascal VOC; "difficult" objects are ignored ones. There are masks if any object has a polygon.

    Annotations lie in Annotations, or whatever the folder is called, pictures in JPEGImages, or whatever, or beside
    their annotations; a picture has its annotation's stem, or the name that this gives. The classes stand in
    DIR/classes.txt, one a line; without it they are the sorted names in all annotations, so that splits agree (for
    VOC itself this is VOC's own order).

    Args:
        rest: `DIR` for all annotations, or `DIR:split`: of ImageSets/Main/SPLIT.txt, or of subfolders of that name;
            a folder without splits has train and val by a hash of the names.

    Raises:
        InputError: if the annotations, the split or every class is missing.
    Source: Everingham et al., The PASCAL VOC Challenge 2007 Development Kit, section 5.
    """

    def __init__(self, rest):
        folder, _, split = rest.rpartition(":")
        if not folder or os.path.isdir(rest):
            folder, split = rest.removesuffix(":"), ""
        if not folder:
            raise InputError(f"voc: names no folder; {NEEDED}")
        layout = Layout(folder)
        names = named_classes(layout.folder / "classes.txt")
        chosen = layout.of_split(split) if split else layout.files
        hashed = chosen is None
        if hashed and split not in HALVES:
            raise InputError(
                f"voc:{rest}: no such split; {folder} has no splits, so it takes train and val by a hash"
            )
        chosen = layout.files if hashed else chosen
        wanted = chosen if names else sorted({*layout.files, *chosen})
        parsed = {file: entry_of(layout, file) for file in track(wanted, f"reading voc:{rest}", len(wanted))}
        names = names or tuple(sorted({name for entry in parsed.values() for name in entry.objects.get("names", ())}))
        if not names:
            where = layout.expected(ANNOTATIONS, "Annotations")
            raise InputError(f"{where}: no annotation names an object{first_fault(parsed.values())}")
        labels = {name: label for label, name in enumerate(names)}
        entries = [with_labels(parsed[file], labels) for file in chosen]
        outlined = any(outline for entry in entries for outline in entry.objects.get("masks", ()))
        if outlined:
            entries = [with_boxes_named(entry) for entry in entries]
        super().__init__(f"voc:{rest}", entries, names, ("boxes", "labels", "ignored", *["masks"] * outlined))
        if hashed:
            half(self, split)

    def size_fault(self, index, fact):
        """As `Annotated.size_fault`, of pictures that were scaled: other stated sizes are often wrong."""
        (height, width), (stated_height, stated_width) = fact, self.stated[index]
        apart = abs(height * stated_width - width * stated_height)
        return None if apart > max(width, height, stated_width, stated_height) else super().size_fault(index, fact)


def entry_of(layout, file):
    """Returns the `Entry` of one annotation, with "names" for "labels"."""
    try:
        objects, faults, named, stated = objects_in(file)
    except ValueError as error:
        fault = "no such annotation, which the split names" if str(error) == "no such file" else str(error)
        return Entry(layout.picture_of(file, ""), file, fault=fault)
    return Entry(layout.picture_of(file, named), file, objects, faults=tuple(faults), stated=stated)


def with_labels(entry, labels):
    """Returns an entry with the labels of its objects, by their names; those of other classes are faults."""
    if entry.fault:
        return entry
    known = [name in labels for name in entry.objects["names"]]
    faults = list(entry.faults)
    for name in (name for name, one in zip(entry.objects["names"], known, strict=True) if not one):
        what = f"the class {name!r} is none of the {len(labels)} known ({', '.join(islice(labels, 20))})"
        faults.append(Fault(UNKNOWN, what))
    kept = {key: [row for row, one in zip(rows, known, strict=True) if one] for key, rows in entry.objects.items()}
    kept["labels"] = [labels[name] for name in kept.pop("names")]
    return replace(entry, objects=kept, faults=tuple(faults))
