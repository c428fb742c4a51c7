"""Sources whose annotations are text, with their files mangled at random: see `survived`."""

import json
import shutil
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recipes.data.sources.small import SETS
from tests.recipes.data.sources.survived import survived

ODD = (None, True, -1, 0, 10**30, 0.5, -1e308, float("nan"), float("inf"), "", "a.png", "1", "../b.png", "\0", [], {})
VALUES = st.recursive(
    st.sampled_from(ODD) | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ("", "0", "-1", "1e400", "nan", "a.png", "../a.png", "9" * 30, ",", '"', "\t", ":", "\ud800", "[{")
)


@st.composite
def mangled(draw, file):
    """Draws other contents of a file: by what it is made of, or byte by byte."""
    contents = file.read_bytes()
    ways = {
        ".json": json_mangled,
        ".xml": xml_mangled,
        ".txt": rows_mangled,
        ".csv": rows_mangled,
        ".yaml": rows_mangled,
    }
    way = ways.get(file.suffix, bytes_mangled)
    return draw(draw(st.sampled_from((way, way, way, bytes_mangled)))(contents))


@st.composite
def bytes_mangled(draw, contents):
    changed = bytearray(contents)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(changed) - 1)))
        changed[at : at + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    return bytes(changed)


@st.composite
def json_mangled(draw, contents):
    """Some values, at any depth, are replaced by others, left out or named otherwise."""
    data = json.loads(contents)
    for _ in range(draw(st.integers(1, 4))):
        place = data
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 3)):
                place = place[key]
                continue
            if draw(st.integers(0, 4)):
                place[key] = draw(VALUES)
            else:
                del place[key]
            break
    return json.dumps(data).encode()


@st.composite
def xml_mangled(draw, contents):
    """Some nodes are dropped, doubled, moved or given another text."""
    root = ElementTree.fromstring(contents)
    for _ in range(draw(st.integers(1, 5))):
        parents = [node for node in root.iter() if len(node)]
        if not parents:
            break
        parent = draw(st.sampled_from(parents))
        node = draw(st.sampled_from(list(parent)))
        way = draw(st.integers(0, 3))
        if way == 0:
            parent.remove(node)
        elif way == 1:
            parent.append(node)
        elif way == 2:
            node.tag = draw(st.sampled_from([other.tag for other in root.iter()]))
        else:
            node.text = draw(st.sampled_from(("nan", "", "-1e309", "9" * 400, "1,5", "../x.png", "dog", "\xe4")))
    return ElementTree.tostring(root)


@st.composite
def rows_mangled(draw, contents):
    """Some lines are doubled, dropped, cut or have another word."""
    lines = contents.decode().split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        words = lines[at].split(draw(st.sampled_from((" ", ",", ":"))))
        place = draw(st.integers(0, len(words) - 1))
        way = draw(st.integers(0, 3))
        if way == 0:
            lines.insert(at, lines[at])
        elif way == 1:
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        else:
            words[place : place + way - 1] = [draw(WORDS | st.text(max_size=4))]
            lines[at] = draw(st.sampled_from((" ", ","))).join(words)
    return "\n".join(lines).encode(errors="surrogatepass")


@pytest.mark.full
@pytest.mark.parametrize("kind", ["coco", "voc", "labelme", "yolo", "via", "via of version 3", "points"])
def test_mangled_files(kind, tmp_path):
    whole, changed = tmp_path / "whole", tmp_path / "changed"
    SETS[kind](whole)
    files = [path.relative_to(whole) for path in sorted(whole.rglob("*")) if path.is_file()]
    # Pictures have their own fuzzing, in test_headers.py: here the annotations come first.
    files.sort(key=lambda file: (file.suffix in (".jpg", ".png"), str(file)))

    @settings(
        max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def survives(data):
        shutil.rmtree(changed, ignore_errors=True)
        spec = SETS[kind](changed)
        for file in data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=2, unique=True)):
            (changed / file).write_bytes(data.draw(mangled(whole / file)))
        survived(spec)

    survives()
