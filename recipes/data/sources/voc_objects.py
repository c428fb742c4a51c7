"""One file of Pascal VOC's XML: the objects that it annotates."""

import codecs
import math
import re
from xml.etree import ElementTree

from recipes.data.files import contents_of, text_of
from recipes.data.objects import IN_PIXELS, are_shares
from recipes.data.sources.annotated import Fault, check_number

MOST_BYTES = 1 << 22
SIDES = ("xmin", "ymin", "xmax", "ymax")
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
SWAPPED = "boxes whose corners are swapped"


def objects_in(file):
    """Reads an annotation.

    Args:
        file: path.

    Returns:
        Lists by key, "names" and "boxes" and "ignored", a list of `Fault`, the picture's file name, "" without, and
        its `(height, width)` as stated, `None` without.

    Raises:
        ValueError: if it cannot be read, or is no annotation; the message lacks the file's name.
    Source: Everingham et al., The PASCAL VOC Challenge 2007 Development Kit, section 5.
    """
    text = decoded(contents_of(file, MOST_BYTES))
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("has a DOCTYPE, which no annotation needs: it could make a small file grow without end")
    try:
        root = ElementTree.fromstring(DECLARATION.sub("", text, count=1))
    except (ElementTree.ParseError, RecursionError) as error:
        raise ValueError(f"is no VOC annotation: {error}") from error
    if root.tag == "annotations" and root.find("image") is not None:
        raise ValueError("is CVAT's own XML; export the task as Pascal VOC or COCO")
    check_number(len(root.findall("object")))
    rows, faults = {"names": [], "boxes": [], "ignored": []}, []
    for number, element in enumerate(root.iterfind("object")):
        try:
            name, sides = name_of(element), sides_of(element)
        except ValueError as error:
            faults.append(Fault(NO_OBJECT, f"object {number} {error}"))
            continue
        x1, y1, x2, y2 = sides
        if x1 > x2 or y1 > y2:
            x1, y1, x2, y2 = min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
            what = f"object {number} has swapped corners ({', '.join(f'{side:g}' for side in sides)}): put in order"
            faults.append(Fault(SWAPPED, what, fatal=False))
        # VOC counts pixels from 1 and includes the last. Where it is not beyond the first the object is a stray
        # click, which we do not make a pixel of.
        last = 0 if x2 > x1 and y2 > y1 else 1
        rows["names"].append(name)
        rows["boxes"].append((x1 - 1, y1 - 1, x2 - last, y2 - last))
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


def sides_of(element):
    """Returns xmin, ymin, xmax and ymax as an `<object>` has them, or as its polygon spans them."""
    texts = {key: element.findtext(f"bndbox/{key}") for key in SIDES}
    if all(text is None for text in texts.values()) and element.find("polygon") is not None:
        points = [(part.tag[:1], number_in(part.text or "")) for part in element.find("polygon").iter() if part.text]
        xs, ys = ([value for axis, value in points if axis == of and math.isfinite(value)] for of in "xy")
        if xs and ys:
            return min(xs), min(ys), max(xs), max(ys)
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
