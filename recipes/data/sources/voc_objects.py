"""One file of Pascal VOC's XML: the objects that it annotates."""

import codecs
import math
import re
from xml.etree import ElementTree

from recipes.data.files import contents_of, text_of
from recipes.data.objects import IN_PIXELS, are_shares
from recipes.data.sources.entries import Fault, check_number
from recipes.data.sources.polygons import box_around

MOST_BYTES = 1 << 22
SIDES = ("xmin", "ymin", "xmax", "ymax")
CORNER = re.compile(r"[xy]\d*")
DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
DECLARED = re.compile(rb"""\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
ENCODINGS = (
    "utf",
    "us-ascii",
    "ascii",
    "iso",
    "latin",
    "windows",
    "cp",
    "gb",
    "big5",
    "euc",
    "shift",
    "sjis",
    "koi8",
)
"""How the names begin of encodings that are taken as declared."""
NO_OBJECT = "objects whose name or box cannot be used"
NO_MASK = "objects whose polygon cannot be used"
SWAPPED = "boxes whose corners are swapped"


def objects_in(file):
    """Reads an annotation.

    Args:
        file: path.

    Returns:
        Lists by key, "names", "boxes", "ignored" and "masks", see `Entry`, a list of `Fault`, the picture's file
        name, "" without, and its `(height, width)` as stated, `None` without.

    Raises:
        ValueError: if it cannot be read, or is no annotation; the message lacks the file's name.
    Source: Everingham et al., The PASCAL VOC Challenge 2007 Development Kit, section 5; the polygons are those of
        Roboflow (`<x1>`, `<y1>` ...) and of LabelMe's first program (`<pt><x>`, `<y>`).
    """
    text = decoded(contents_of(file, MOST_BYTES))
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("has a DOCTYPE, which no annotation needs: it could make a small file grow without end")
    try:
        root = ElementTree.fromstring(DECLARATION.sub("", text, count=1))
    except (ElementTree.ParseError, RecursionError) as error:
        raise ValueError(f"is no VOC annotation: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # of a namespace, which some write
    if root.tag == "annotations" and root.find("image") is not None:
        raise ValueError("is CVAT's own XML; export the task as Pascal VOC or COCO")
    check_number(len(root.findall("object")))
    rows, faults = {"names": [], "boxes": [], "ignored": [], "masks": []}, []
    for number, element in enumerate(root.iterfind("object")):
        try:
            name, (outline, wrong) = name_of(element), outline_in(element)
            box, swapped = box_of(element, outline)
        except ValueError as error:
            faults.append(Fault(NO_OBJECT, f"object {number} {error}"))
            continue
        if swapped:
            faults.append(Fault(SWAPPED, f"object {number} {swapped}", fatal=False))
        if wrong:
            faults.append(Fault(NO_MASK, f"object {number} {wrong}", "masks"))
        rows["names"].append(name)
        rows["masks"].append(outline)
        rows["boxes"].append(box)
        rows["ignored"].append((element.findtext("difficult") or "").strip().lower() in ("1", "true", "yes"))
    return rows, faults, (root.findtext("filename") or "").strip(), size_in(root)


def size_in(root):
    """Returns the `(height, width)` that an annotation states, `None` where there is none, or zeros as some write."""
    try:
        size = [number_in(root.findtext(f"size/{side}") or "0") for side in ("height", "width")]
    except ValueError:
        return None
    return tuple(size) if all(0 < side < math.inf for side in size) else None


def decoded(contents):
    """Decodes XML by its mark, else as it declares, else as other text."""
    found = DECLARED.match(contents[:400])
    if found and not contents.startswith(codecs.BOM_UTF8):
        encoding = found[1].decode().lower()
        if encoding.startswith(ENCODINGS) and not encoding.startswith(("utf-16", "utf16", "utf-32", "utf32")):
            try:
                return contents.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                pass
    return text_of(contents)


def name_of(element):
    """Returns the class of an `<object>`."""
    name = (element.findtext("name") or "").strip()
    if not name:
        raise ValueError("has no name")
    return name


def outline_in(element):
    """Returns the polygons of an `<object>`, in pixels from 0, `None` without, and what is wrong with them, or ""."""
    outline = []
    for polygon in element.findall("polygon"):
        corners = [(part.tag[0], part.text or "") for part in polygon.iter() if CORNER.fullmatch(part.tag)]
        try:
            xs, ys = ([number_in(text) - 1 for axis, text in corners if axis == of] for of in "xy")
        except ValueError:
            xs, ys = (), ()
        if len(xs) != len(ys) or len(xs) < 3 or not all(map(math.isfinite, (*xs, *ys))):
            return None, "has a polygon that is not x, y of 3 points or more"
        outline.append([value for pair in zip(xs, ys, strict=True) for value in pair])
    return outline or None, ""


def box_of(element, outline):
    """Returns the box of an `<object>`, xyxy in pixels from 0, or else its outline's, and a note on it, or ""."""
    if (count := len(element.findall("bndbox"))) > 1:
        raise ValueError(f"has {count} boxes; write each as an object of its own")
    (x1, y1, x2, y2), note = sides_of(element, outline), ""
    if x1 > x2 or y1 > y2:
        note = f"has swapped corners ({', '.join(f'{side:g}' for side in (x1, y1, x2, y2))}): put in order"
        x1, y1, x2, y2 = min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
    # VOC counts pixels from 1 and includes the last. Where it is not beyond the first the object is a stray click,
    # which we do not make a pixel of.
    last = 0 if x2 > x1 and y2 > y1 else 1
    return (x1 - 1, y1 - 1, x2 - last, y2 - last), note


def sides_of(element, outline):
    """Returns xmin, ymin, xmax and ymax as an `<object>` has them, or as its outline spans them."""
    if outline and element.find("bndbox") is None:
        return tuple(side + 1 for side in box_around(outline))
    texts = {key: element.findtext(f"bndbox/{key}") for key in SIDES}
    for key, text in texts.items():
        if text is None:
            raise ValueError(f"has no {key}")
    sides = [number_in(text) for text in texts.values()]
    if not all(map(math.isfinite, sides)):
        raise ValueError("has a box that is no number")
    if are_shares(sides):
        raise ValueError(f"has a box within one pixel ({', '.join(map(str, sides))}): {IN_PIXELS}")
    return sides


def number_in(text):
    """Returns a number, also one with a decimal comma."""
    text = text.strip()
    return float(text.replace(",", ".") if re.fullmatch(r"-?\d+,\d+", text) else text)
