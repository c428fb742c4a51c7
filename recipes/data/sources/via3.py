"""Projects of VIA 3, said as version 2 says them: a picture's regions, each with its shape and its attributes."""

from recipes.data.sources.values import numbers

SHAPES = {
    1: ("point", ("cx", "cy")),
    2: ("rect", ("x", "y", "width", "height")),
    3: ("circle", ("cx", "cy", "r")),
    4: ("ellipse", ("cx", "cy", "rx", "ry")),
    5: ("line", ()),
    6: ("polyline", ()),
    7: ("polygon", ()),
    8: ("extreme rectangle", ()),
    9: ("circle by three points", ()),
}
"""By its number the name of a shape, as version 2 calls it, and what its coordinates are."""
PICTURE = 2
"""The type of a file that is one: others are videos and sounds."""


def items_of(data):
    """Returns the pictures of a project.

    Args:
        data: a dict with "file", "view", "metadata" and perhaps "attribute", each a dict by id.
    Returns:
        List of dicts of "filename" and "regions", as `recipes.data.sources.via` reads them; what is said of no
        region, or of several pictures at once, is in none.
    Source: VIA 3's CodeDoc.md, "Structure of VIA Project JSON File", and _via_metadata.js.
    """
    files, views, metadata, attributes = (by_id(data.get(part)) for part in ("file", "view", "metadata", "attribute"))
    items = {
        number: {"filename": file.get("fname"), "regions": []}
        for number, file in files.items()
        if file.get("type", PICTURE) == PICTURE
    }
    for one in metadata.values():
        shown = views.get(str(one.get("vid")), {}).get("fid_list")
        item = items.get(str(shown[0])) if isinstance(shown, list) and len(shown) == 1 else None
        if item is not None and one.get("xy"):
            region = {"shape_attributes": shape_of(one["xy"])}
            item["regions"].append(region | {"region_attributes": attributes_of(one.get("av"), attributes)})
    return list(items.values())


def by_id(part):
    """Returns the dicts of a part of a project, by their id."""
    return {key: one for key, one in part.items() if isinstance(one, dict)} if isinstance(part, dict) else {}


def shape_of(xy):
    """Returns the shape that a list of its number and coordinates is, as a dict of version 2."""
    values = numbers(xy)
    name, keys = SHAPES.get(values[0], (f"shape {values[0]:g}", ())) if values else ("shape without numbers", ())
    if name == "polygon":
        return {"name": name, "all_points_x": values[1::2], "all_points_y": values[2::2]}
    if name == "extreme rectangle" and len(values) == 9:
        (left, *_, right), (top, *_, bottom) = sorted(values[1::2]), sorted(values[2::2])
        return {"name": "rect", "x": left, "y": top, "width": right - left, "height": bottom - top}
    return {"name": name, **dict(zip(keys, values[1:] if values else (), strict=False))}


def attributes_of(values, attributes):
    """Returns the values of a region's attributes by name: of options a dict of those that are ticked."""
    found = {}
    for key, value in values.items() if isinstance(values, dict) else ():
        attribute = attributes.get(key, {})
        name, options = str(attribute.get("aname", key)), attribute.get("options")
        options = options if isinstance(options, dict) else {}
        ticked = value.split(",") if isinstance(value, str) else ()
        found[name] = {str(options[one]): True for one in ticked if one in options} or value
    return found
