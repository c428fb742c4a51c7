"""`via:FILE.json@DIR`: regions that were drawn in the VGG Image Annotator, version 1 to 3, on the pictures in DIR."""

import os
from pathlib import Path

from recipes.data.files import read_json_of_others
from recipes.data.sources.entries import Entry, Fault
from recipes.data.sources.labelme import labelled
from recipes.data.sources.options import options_of
from recipes.data.sources.painted import Painted
from recipes.data.sources.places import Places
from recipes.data.sources.polygons import box_around, ellipse, polygon, rectangle
from recipes.data.sources.values import brief, number_or_none, numbers
from recipes.data.sources.via3 import items_of
from zoo.errors import InputError

NEEDED = "write via:FILE.json@DIR, DIR being the folder of the pictures"
USUAL = ("class", "label", "name", "type", "category", "object")
NO_OBJECT = "regions that cannot be used"
OTHER = "regions without area"
WITHOUT_AREA = ("point", "polyline", "line")


class Via(Painted):
    """Polygons, rectangles, circles and ellipses of a project or an export of VIA: boxes, masks and a class a pixel.

    The class is the attribute that regions have; where they have several, one called class, label, name ..., or the
    one that `?attribute=NAME` says. Without attributes all objects are of the class "object". The classes are the
    sorted values.

    Args:
        rest: `FILE.json@DIR`, perhaps with `?attribute=NAME`.

    Raises:
        InputError: if this is no VIA file, the file or the folder is missing, or the attribute is not clear.
    Source: https://www.robots.ox.ac.uk/~vgg/software/via, JSON of versions 1 and 2, projects of version 3.
    """

    def __init__(self, rest):
        place, options = options_of(rest, ("attribute",))
        name, _, folder = place.rpartition("@")
        if not name or not folder:
            raise InputError(f"via:{rest}: {NEEDED}")
        if not os.path.isdir(folder):
            raise InputError(f"{folder}: no such folder; {NEEDED}")
        self.path = Path(name)
        if self.path.suffix.lower() == ".csv":
            raise InputError(f"{self.path}: VIA's CSV is not read; export the annotations as JSON")
        data = read_json_of_others(self.path, NEEDED)
        if isinstance(data, dict) and {"file", "metadata", "view"} <= {*data}:
            data = items_of(data)
        if isinstance(data, dict) and isinstance(data.get("_via_img_metadata"), dict):
            data = data["_via_img_metadata"]
        items = list(data.values()) if isinstance(data, dict) else data if isinstance(data, list) else []
        items = [item for item in items if isinstance(item, dict) and "filename" in item]
        if not items:
            raise InputError(f"{self.path}: lists no picture with its filename, as files of VIA do")
        regions = [region for item in items for region in regions_of(item) if isinstance(region, dict)]
        attribute = options.get("attribute") or self._attribute(regions)
        places = Places(folder)
        entries = [entry_of(self.path, item, attribute, places) for item in items]
        names = tuple(sorted({name for entry in entries for name in entry.objects["names"]}))
        if not names:
            raise InputError(f"{self.path}: no region has the attribute {attribute!r}")
        super().__init__(f"via:{rest}", labelled(entries, names), names, ("boxes", "labels", "masks"))

    def _attribute(self, regions):
        """Returns the attribute that names the class, `None` where no region has any."""
        counts = {}
        for region in regions:
            attributes = region.get("region_attributes")
            for key, value in attributes.items() if isinstance(attributes, dict) else ():
                counts[key] = counts.get(key, 0) + bool(value_of(value))
        there = [key for key, count in counts.items() if count]
        if len(there) <= 1:
            return there[0] if there else None
        usual = [key for word in USUAL for key in there if key.strip().lower() == word]
        all_have = [key for key in there if counts[key] == len(regions)]
        if usual or len(all_have) == 1:
            return usual[0] if usual else all_have[0]
        raise InputError(f"{self.path}: regions have the attributes {', '.join(there)}: write ?attribute=NAME of one")


def regions_of(item):
    """Returns the list of a picture's regions, which version 1 keeps in a dict."""
    regions = item.get("regions")
    return list(regions.values()) if isinstance(regions, dict) else regions if isinstance(regions, list) else []


def value_of(value):
    """Returns the class that an attribute's value says, "" for none: a text, or a dict of what was ticked."""
    if isinstance(value, dict):
        ticked = [str(key) for key, one in value.items() if one in (True, "true", 1)]
        value = ticked[0] if len(ticked) == 1 else ""
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def entry_of(path, item, attribute, places):
    """Returns the `Entry` of one picture, with "names" for "labels"."""
    name = item["filename"] if isinstance(item["filename"], str) else ""
    picture, fault = places.find(name)
    rows, faults = {"names": [], "boxes": [], "masks": []}, []
    for place, region in enumerate(regions_of(item)):
        try:
            label, outline = region_of(region, attribute)
        except ValueError as error:
            faults.append(Fault(NO_OBJECT, f"region {place} {error}"))
            continue
        if outline is None:
            faults.append(Fault(OTHER, f"region {place} has no area, as points and lines: left out", fatal=False))
            continue
        rows["names"].append(label)
        rows["boxes"].append(box_around([outline]))
        rows["masks"].append([outline])
    return Entry(picture, f"{path}: {picture.name}", rows, fault, tuple(faults))


def region_of(region, attribute):
    """Returns a region's class and polygon, `None` for one without area; raises `ValueError`."""
    shape = region.get("shape_attributes") if isinstance(region, dict) else None
    if not isinstance(shape, dict):
        raise ValueError("has no shape_attributes")
    attributes = region.get("region_attributes")
    label = "object"
    if attribute is not None:
        label = value_of(attributes.get(attribute)) if isinstance(attributes, dict) else ""
    if not label:
        raise ValueError(f"has no {attribute}, by which objects are told apart, or more than one")
    kind = shape.get("name")
    if kind in WITHOUT_AREA:
        return label, None
    if kind == "polygon":
        xs, ys = numbers(shape.get("all_points_x")), numbers(shape.get("all_points_y"))
        if not xs or not ys or len(xs) != len(ys):
            raise ValueError("has no all_points_x and all_points_y of one length")
        return label, polygon(list(zip(xs, ys, strict=True)))

    def sides(*keys):
        found = [number_or_none(shape.get(key)) for key in keys]
        if None in found:
            raise ValueError(f"is a {kind} without {keys[found.index(None)]}")
        return found

    if kind == "rect":
        x, y, width, height = sides("x", "y", "width", "height")
        return label, rectangle(x, y, x + width, y + height)
    if kind == "circle":
        x, y, radius = sides("cx", "cy", "r")
        return label, ellipse(x, y, radius, radius)
    if kind == "ellipse":
        return label, ellipse(*sides("cx", "cy", "rx", "ry"), number_or_none(shape.get("theta")) or 0.0)
    raise ValueError(f"is a {brief(kind)}, which is not understood")
