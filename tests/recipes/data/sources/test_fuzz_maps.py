"""Sources of a map or a mask a picture, with their files mangled at random: see `survived`."""

import io
import shutil

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.recipes.data.odd import png, tiff
from tests.recipes.data.sources.small import SETS, SIZE
from tests.recipes.data.sources.survived import survived
from tests.recipes.data.sources.test_fuzz import bytes_mangled, rows_mangled

VALUES = st.sampled_from((0, 1, 2, 15, 20, 24, 37, 128, 254, 255, 256, 1000, 24001, 33999, 65535, -1, 2**31 - 1))
SIDES = st.sampled_from((1, 2, *SIZE, 17, 300))


@st.composite
def mangled(draw, file):
    """Draws other contents of a file: by what it is made of, or byte by byte."""
    ways = {".png": maps, ".jpg": maps, ".mat": structs, ".txt": rows_mangled}
    way = ways[file.suffix]
    return draw(draw(st.sampled_from((way, way, way, bytes_mangled)))(file.read_bytes()))


@st.composite
def numbers(draw):
    """A map of a few numbers of any kind, now and then of another size, or of none."""
    kind = draw(st.sampled_from(("u1", "u1", "u2", "i4", "f4", "f8", "?")))
    size = draw(st.sampled_from((SIZE, SIZE, SIZE[::-1])) | st.tuples(SIDES, SIDES))
    values = np.full(size, draw(VALUES)).astype(kind)
    for _ in range(draw(st.integers(0, 4))):
        top, left = draw(st.integers(0, size[0])), draw(st.integers(0, size[1]))
        values[top : top + 3, left : left + 3] = np.array(draw(VALUES)).astype(kind)
    if kind in ("f4", "f8") and draw(st.booleans()):
        values.flat[draw(st.integers(0, values.size - 1))] = draw(st.sampled_from((np.nan, np.inf, -0.5, 1e30)))
    return values


@st.composite
def maps(draw, contents):
    """Another picture file: of other numbers, pixels, format or frames, or a head that claims too much."""
    way = draw(st.integers(0, 3))
    if way == 0:
        width, height = draw(st.tuples(*[st.sampled_from((1, 16, 9999, 2**31 - 1))] * 2))
        depth, colour = draw(st.sampled_from((1, 2, 4, 8, 16))), draw(st.sampled_from((0, 2, 3, 4, 6)))
        return png(width, height, depth, colour, [bytes(16)] * draw(st.integers(0, 12)))
    values = draw(numbers())
    if way == 1 and values.dtype.kind != "b":
        kind, bits = {"u": 1, "i": 2, "f": 3}[values.dtype.kind], 8 * values.itemsize
        return tiff(values.shape[1], values.shape[0], bits, values.tobytes(), kind=kind, turn=draw(st.integers(0, 9)))
    image, out = Image.fromarray(values.astype("f4") if values.dtype == "f8" else values), io.BytesIO()
    mode = draw(st.sampled_from(("1", "L", "P", "LA", "RGB", "RGBA", "CMYK")))
    form = draw(st.sampled_from(("PNG", "PNG", "TIFF", "BMP", "GIF", "JPEG", "WEBP")))
    try:
        (image.convert(mode) if image.mode == "L" else image).save(out, form)
    except (OSError, ValueError):  # not every format holds every kind
        image.save(out, "TIFF")
    return out.getvalue() if draw(st.integers(0, 3)) else out.getvalue() + contents


@st.composite
def structs(draw, contents):
    """A MATLAB file of other things."""
    value = draw(numbers() | st.sampled_from(("text", np.zeros((0, 0)), np.zeros((2, 2, 2)), {"a": 1}, [[]], 1j)))
    field = draw(st.sampled_from(("Segmentation", "Segmentation", "segmentation")))
    inner = draw(st.sampled_from(({field: value}, {field: {field: value}}, value, [{field: value}] * 2)))
    out = io.BytesIO()
    name = draw(st.sampled_from(("GTcls", "GTcls", "GTinst")))
    scipy.io.savemat(out, {name: inner}, do_compression=draw(st.booleans()))
    return out.getvalue()


@pytest.mark.full
@pytest.mark.parametrize(
    "kind", ["nuclei", "instances", "masks", "masks of colours", "cityscapes", "voc_segmentation", "sbd", "sunrgbd"]
)
def test_mangled_maps(kind, tmp_path):
    whole, changed = tmp_path / "whole", tmp_path / "changed"
    SETS[kind](whole)
    files = [path.relative_to(whole) for path in sorted(whole.rglob("*")) if path.is_file()]

    @settings(
        max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def survives(data):
        shutil.rmtree(changed, ignore_errors=True)
        spec = SETS[kind](changed)
        for file in data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=3, unique=True)):
            path, way = changed / file, data.draw(st.integers(0, 9))
            if way == 0:
                path.unlink()
            elif way == 1:
                path.rename(path.with_name(data.draw(st.sampled_from(("é.png", "a.PNG", "x")))))
            else:
                path.write_bytes(data.draw(mangled(whole / file)))
        survived(spec)

    survives()
